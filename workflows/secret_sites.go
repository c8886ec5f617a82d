package workflows

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// rollsAtOnce bounds how many sites roll at the same time.
const rollsAtOnce = 8

// rotationSite is one consumer's part of a rotation.
type rotationSite struct {
	activities.Consumer
	// versions are what it was last known to run.
	versions []string
	// asked says that it was asked for a run to the new version, and touched that such a run may have brought it there.
	asked, touched bool
	// failed is why it could not be rolled; nil where it could.
	failed error
}

func (s *rotationSite) name() string { return s.Site.String() }

// look asks every host who uses the secret. A site that was found before stays in the list, whatever it runs now.
func (r *rotation) look(ctx workflow.Context, partly bool) error {
	found, err := activities.FindConsumers.Run(ctx, activities.FindConsumersInput{
		Secret: r.in.Secret, Sites: r.in.Sites, Service: r.in.Settings.Service, Admin: r.in.Settings.AdminPassword, Partly: partly,
	})
	if err != nil {
		return failed("find who uses "+r.in.Secret.Name, app.Host{}, "", err)
	}
	for _, s := range r.sites {
		s.Runs, s.Unasked = nil, nil
	}
	for _, c := range found {
		r.known(c.Site).found(c)
	}
	slices.SortFunc(r.sites, func(a, b *rotationSite) int { return cmp.Compare(a.name(), b.name()) })
	r.report.runs(ctx, r.rotated())
	return nil
}

// known is a site of the list, where it is added if need be.
func (r *rotation) known(site app.Site) *rotationSite {
	for _, s := range r.sites {
		if s.Site == site {
			return s
		}
	}
	s := &rotationSite{}
	r.sites = append(r.sites, s)
	return s
}

// found takes in what a look has found.
func (s *rotationSite) found(c activities.Consumer) {
	if c.Release == "" && s.Release != "" { // no host could be asked: what was known before is the best there is
		s.Unasked = c.Unasked
		return
	}
	s.Consumer = c
	s.versions = s.live()
	if len(s.versions) == 0 && c.Version != "" {
		s.versions = []string{c.Version}
	}
}

// live are the versions of the containers that serve.
func (s *rotationSite) live() []string {
	var out []string
	for _, run := range s.Runs {
		if run.Live && !slices.Contains(out, run.Version) {
			out = append(out, run.Version)
		}
	}
	slices.Sort(out)
	return out
}

// rotated are the sites as the result and the state tell of them.
func (r *rotation) rotated() []app.RotatedSite {
	var out []app.RotatedSite
	for _, s := range r.sites {
		out = append(out, app.RotatedSite{Site: s.name(), Release: s.Release, Version: strings.Join(s.versions, ", ")})
	}
	return out
}

// rollOut brings every site to the new version. The first that fails has the others end as well.
func (r *rotation) rollOut(ctx workflow.Context) error {
	return r.roll(ctx, r.sites, r.versions.New, true)
}

// roll brings sites to a version, at most rollsAtOnce of them at once. Where all has to succeed, the first failure has the
// others end and is answered; else each site keeps its own, and nothing is answered.
func (r *rotation) roll(ctx workflow.Context, sites []*rotationSite, to app.Secret, all bool) error {
	if len(sites) == 0 {
		return ctx.Err()
	}
	r.rolls++
	request := fmt.Sprintf("%s-%d", r.id, r.rolls)
	turns := workflow.NewSemaphore(ctx, rollsAtOnce)
	return together(ctx, sites, func(ctx workflow.Context, s *rotationSite) error {
		if err := turns.Acquire(ctx, 1); err != nil {
			return err
		}
		defer turns.Release(1)
		s.failed = r.rollSite(ctx, s, to, request)
		r.report.runs(ctx, r.rotated())
		if all {
			return s.failed
		}
		return nil
	})
}

// rollSite asks one site for a run, which waits in its queue, and for the run's end.
func (r *rotation) rollSite(ctx workflow.Context, s *rotationSite, to app.Secret, request string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	in := activities.RotateSiteInput{
		RotationSite: s.RotationSite, Request: request, Secrets: []app.Secret{to},
		By: r.in.By, Why: cmp.Or(r.in.Why, "rotate "+r.in.Secret.String()+" to version "+to.Version), BreakFreeze: r.in.BreakFreeze,
	}
	if r.back {
		// The way back waits for nobody's leave: until it is done, the site depends on what is about to end.
		in.Approve, in.BreakFreeze = nil, true
	}
	before := s.touched
	if to.Version == r.versions.New.Version {
		s.asked, s.touched = true, true
	}
	result, err := activities.RotateSite.Run(ctx, in)
	if err != nil {
		return failed("rotate in "+s.name(), app.Host{}, "", err)
	}
	switch result.Outcome {
	case app.Succeeded, app.Unchanged, app.Partial:
		s.Release, s.versions, s.Runs = cmp.Or(result.Release, s.Release), []string{to.Version}, nil
		return nil
	case app.FailedClean, app.Cancelled, app.Refused, app.Superseded:
		s.touched = before
	}
	if result.Outcome == app.Cancelled && ctx.Err() != nil {
		return ctx.Err()
	}
	return siteFailed(s.name(), result)
}

// siteFailed tells of a site's run that has not brought it to the version, in the run's own words.
func siteFailed(site string, result app.Result) error {
	f := app.Failure{Kind: app.KindInternal, Message: "the run ended as " + string(result.Outcome)}
	if result.Failure != nil {
		f = *result.Failure
	}
	f.Step, f.Message = "rotate in "+site, site+": "+f.Message
	return &stepError{failure: f}
}
