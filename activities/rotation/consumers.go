package rotation

import (
	"cmp"
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/release"
	"github.com/longshore-dev/longshore/activities/secretfiles"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

const (
	// hostsAtOnce bounds how many hosts are read at the same time; the sites of one are read one after the other.
	hostsAtOnce = 16
	// siteWithin bounds the reads of one site on one host.
	siteWithin = 10 * time.Second
)

// FindConsumers implements activities.FindConsumers.
func (a Activities) FindConsumers(ctx context.Context, in activities.FindConsumersInput) ([]activities.Consumer, error) {
	sites, err := a.candidates(ctx, in)
	if err != nil {
		return nil, err
	}
	seen, err := a.readAll(ctx, sites, in.Partly)
	if err != nil {
		return nil, err
	}
	out := []activities.Consumer{}
	for _, s := range sites {
		if c, ok := consumer(in, s, seen[s.Site]); ok {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b activities.Consumer) int { return cmp.Compare(a.Site.String(), b.Site.String()) })
	return out, nil
}

// sighting is what one host has of a site.
type sighting struct {
	host    app.Host
	current *app.Release // nil for none
	running []container
	// err is why the host could not be asked.
	err error
}

// container is one that runs, and the versions of the secrets that it has.
type container struct {
	app.ContainerState
	versions map[string]string
}

// visit is a site to look for on a host.
type visit struct {
	site app.Site
	into *sighting
}

// readAll looks for every site on its hosts, in the hosts' order.
func (a Activities) readAll(ctx context.Context, sites []activities.RotationSite, partly bool) (map[app.Site][]*sighting, error) {
	seen := map[app.Site][]*sighting{}
	visits := map[app.Host][]visit{}
	for _, s := range sites {
		for _, h := range s.Hosts {
			into := &sighting{host: h}
			seen[s.Site] = append(seen[s.Site], into)
			visits[h] = append(visits[h], visit{s.Site, into})
		}
	}
	group, reading := errgroup.WithContext(ctx)
	group.SetLimit(hostsAtOnce)
	for h, list := range visits {
		group.Go(func() error {
			err := a.readHost(reading, h, list)
			if partly {
				return ctx.Err()
			}
			return err
		})
	}
	return seen, group.Wait()
}

// readHost looks for sites on one host. After a failure no other site is looked for there: each would wait as long.
func (a Activities) readHost(ctx context.Context, h app.Host, list []visit) error {
	var failure error
	for _, v := range list {
		if failure == nil {
			failure = failing.On(h, a.read(ctx, v))
		}
		v.into.err = failure
	}
	return failure
}

func (a Activities) read(ctx context.Context, v visit) error {
	ctx, cancel := context.WithTimeout(ctx, siteWithin)
	defer cancel()
	h, err := a.Hosts.Open(ctx, v.into.host)
	if err != nil {
		return err
	}
	if v.into.current, _, err = release.Read(ctx, h, v.site); err != nil || v.into.current == nil {
		return err
	}
	v.into.running, err = running(ctx, h, v.site)
	return err
}

// running are the containers of a site's services that run, by name.
func running(ctx context.Context, h host.Host, site app.Site) ([]container, error) {
	found, err := h.Engine().ContainerList(ctx, map[string]string{app.LabelSite: site.String(), app.LabelRole: app.RoleService})
	if err != nil {
		return nil, err
	}
	var out []container
	for _, c := range found {
		if !c.Running() {
			continue
		}
		versions, err := secretfiles.Versions(ctx, h, site, c)
		if err != nil {
			return nil, err
		}
		out = append(out, container{c, versions})
	}
	slices.SortFunc(out, func(a, b container) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}
