package workflows

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/internal/app"
)

// verifyRounds bounds how often sites are rolled again because they got to another version meanwhile.
const verifyRounds = 3

// verify sees to it that everything runs the new version. A site that got back to another one meanwhile, by a rollback or
// by a deploy begun earlier, is rolled again.
func (r *rotation) verify(ctx workflow.Context) error {
	r.phase(ctx, app.PhaseVerify)
	for round := 0; ; round++ {
		if err := r.look(ctx, false); err != nil {
			return err
		}
		behind := r.with(r.isOther)
		switch {
		case len(behind) == 0:
			r.gapUntil = cmp.Or(r.gapUntil, workflow.Now(ctx))
			return nil
		case round == verifyRounds:
			return r.notVerified(behind)
		}
		for _, s := range behind {
			r.note(fmt.Sprintf("%s ran version %s meanwhile, and was rolled again.", s.name(), strings.Join(s.versions, ", ")))
		}
		if err := r.roll(ctx, behind, r.versions.New, true); err != nil {
			return err
		}
	}
}

func (r *rotation) isOther(version string) bool { return version != r.versions.New.Version }

// with are the sites with a container that serves with such a version.
func (r *rotation) with(such func(version string) bool) []*rotationSite {
	var out []*rotationSite
	for _, s := range r.sites {
		if slices.ContainsFunc(s.live(), such) {
			out = append(out, s)
		}
	}
	return out
}

func (r *rotation) notVerified(behind []*rotationSite) error {
	var names []string
	for _, s := range behind {
		names = append(names, s.name())
	}
	return &stepError{failure: app.Failure{
		Kind: app.KindSecret, Step: string(app.PhaseVerify),
		Message: fmt.Sprintf("after %d rounds something else than version %s still runs in %s", verifyRounds, r.versions.New.Version, strings.Join(names, ", ")),
		Advice:  "Find out what brings these sites back (longshore status), and freeze them while you rotate with --break-freeze.",
	}}
}

// bring rolls sites to a version and looks what everything runs then, and again where something got to a wrong version
// meanwhile. It goes on past what fails, which is left.
func (r *rotation) bring(ctx workflow.Context, sites []*rotationSite, to app.Secret, wrong func(version string) bool) {
	for range verifyRounds {
		_ = r.roll(ctx, sites, to, false) // each site keeps its own failure
		if err := r.look(ctx, true); err != nil {
			r.leave("the sites: which versions they run is not known", err)
			return
		}
		sites = slices.DeleteFunc(r.with(wrong), func(s *rotationSite) bool { return s.failed != nil || !r.mayGoBack(s) })
		if len(sites) == 0 {
			break
		}
	}
	for _, s := range r.sites {
		if s.mayRun(wrong) {
			r.leave(s.name()+": containers without version "+to.Version, s.failed)
		}
	}
}

// mayRun says whether a container of the site serves with such a version, as far as is known.
func (s *rotationSite) mayRun(such func(version string) bool) bool {
	return slices.ContainsFunc(s.live(), such) || (s.failed != nil && len(s.Unasked) > 0)
}
