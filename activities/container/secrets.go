package container

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/secretfiles"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/secret"
)

// brought is what a service's containers have of its secrets.
type brought struct {
	secrets []app.ServiceSecret
	env     []variable
	mounts  []app.Mount
}

// variable is one of a container's environment.
type variable struct {
	name  string
	value secret.String
}

// bringing puts a service's secrets on the host, once however often it is called, and answers what its containers have
// of them.
type bringing func() (brought, error)

// bringing answers the function for a service: a container that is there already has its secrets, so that nothing may
// have to be opened.
func (a Activities) bringing(ctx context.Context, h host.Host, in activities.StartInput) bringing {
	return sync.OnceValues(func() (brought, error) {
		if len(in.Service.Container.Secrets) == 0 {
			return brought{}, nil
		}
		opened, err := a.open(in.Host, in.Service, in.Secrets)
		if err != nil {
			return brought{}, err
		}
		var out brought
		var files []secretfiles.File
		for _, s := range opened {
			out.secrets = append(out.secrets, s.ServiceSecret)
			if secretfiles.IsFile(s.ServiceSecret) {
				files = append(files, s)
				continue
			}
			if strings.ContainsRune(s.Value.Reveal(), 0) {
				return brought{}, failing.With(app.Failure{
					Kind: app.KindSecret, Host: in.Host.Name, Service: in.Service.Name,
					Message: "secret " + s.Name + " cannot be the variable " + s.Env + ": its value has a zero byte",
					Advice:  "Give it to the service as a file instead.",
				}, nil)
			}
			out.env = append(out.env, variable{s.Env, s.Value})
		}
		folder := secretfiles.Of(h, in.Site, in.Release, in.Service.Name)
		out.mounts = folder.Mounts(out.secrets)
		return out, folder.Put(ctx, files)
	})
}

// open answers what a service has, with its values.
func (a Activities) open(h app.Host, service app.Service, secrets []app.Secret) ([]secretfiles.File, error) {
	values, err := a.Secrets.Values(secrets)
	if err != nil {
		return nil, err
	}
	var out []secretfiles.File
	for _, have := range service.Container.Secrets {
		i := slices.IndexFunc(secrets, func(s app.Secret) bool { return s.Name == have.Name })
		if i < 0 {
			return nil, failing.With(app.Failure{
				Kind: app.KindSecret, Host: h.Name, Service: service.Name,
				Message: "secret " + have.Name + ", which " + service.Name + " has, has no value in this run",
				Advice:  "Deploy again, which resolves every secret.",
			}, nil)
		}
		have.Version = secrets[i].Version
		out = append(out, secretfiles.File{ServiceSecret: have, Value: values[have.Name]})
	}
	return out, nil
}

// into gives a container what was brought. This is the one place where values become part of a request.
func (b brought) into(c *app.Container) {
	c.Secrets = nil
	if len(b.secrets) == 0 {
		return
	}
	c.Labels[app.LabelSecrets] = app.SecretsLabel(b.secrets)
	c.Mounts = append(c.Mounts, b.mounts...)
	c.Env = slices.Clone(c.Env)
	for _, v := range b.env {
		c.Env = slices.DeleteFunc(c.Env, func(known string) bool { return strings.HasPrefix(known, v.name+"=") })
		c.Env = append(c.Env, v.name+"="+v.value.Reveal())
	}
	slices.Sort(c.Env)
}

// removeSecrets removes the folders of containers that are gone, where they were the last. Others of the site may be
// started meanwhile, so no other folder is looked at.
func removeSecrets(ctx context.Context, h host.Host, site app.Site, gone []app.ContainerState) error {
	type folder struct{ release, service string }
	known := map[folder]bool{}
	for _, c := range gone {
		f := folder{c.Labels[app.LabelRelease], c.Labels[app.LabelService]}
		if c.Labels[app.LabelSecrets] == "" || known[f] {
			continue
		}
		known[f] = true
		if err := secretfiles.RemoveUnused(ctx, h, site, f.release, f.service); err != nil {
			return err
		}
	}
	return nil
}
