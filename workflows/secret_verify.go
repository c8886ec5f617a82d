package workflows

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/internal/app"
)

// verifyRounds bounds how often sites are rolled again because they got to another version meanwhile.
const verifyRounds = 3

// verify sees to it that everything runs the new version. A site that got back to another one meanwhile, by a rollback or
// by a deploy begun earlier, is rolled again.
func (r *rotation) verify(ctx workflow.Context) error {
	r.phase(ctx, app.PhaseVerify)
	if err := r.everywhere(ctx, r.versions.New, r.isOther); err != nil {
		return err
	}
	r.gapUntil = cmp.Or(r.gapUntil, workflow.Now(ctx))
	return nil
}

// bringUp brings sites to the old version that lag behind it, as a rotation leaves them that was terminated or could not go
// back everywhere. Where two users take turns, the new credential would be theirs with another password.
func (r *rotation) bringUp(ctx workflow.Context) error {
	if r.versions.NewUser == "" || r.oneUser() || r.in.Compromised {
		return nil
	}
	behind := r.with(r.isOlder)
	if len(behind) == 0 {
		return nil
	}
	r.report.waits(ctx, "first brings version "+r.versions.Old.Version+" to "+strings.Join(names(behind), ", "))
	if err := r.everywhere(ctx, r.versions.Old, r.isOlder); err != nil {
		return err
	}
	return r.letRead(ctx, behind)
}

// letRead waits for the length of the soak where one of the sites has got a version in place: its apps read it at a time of
// their own, and what they have read before has to be good until then.
func (r *rotation) letRead(ctx workflow.Context, sites []*rotationSite) error {
	soak := r.in.Settings.Soak
	if soak <= 0 || !slices.ContainsFunc(sites, func(s *rotationSite) bool { return s.InPlace }) {
		return nil
	}
	until := workflow.Now(ctx).Add(soak)
	r.report.waits(ctx, "waits until "+until.UTC().Format(time.RFC1123)+" for apps that read the secret again where they run")
	timer := workflow.NewTimerWithOptions(ctx, soak, workflow.TimerOptions{Summary: "apps read the secret again where they run"})
	return timer.Get(ctx, nil)
}

// everywhere rolls to a version what runs a wrong one, until nothing does.
func (r *rotation) everywhere(ctx workflow.Context, to app.Secret, wrong func(version string) bool) error {
	for round := 0; ; round++ {
		if err := r.look(ctx, false); err != nil {
			return err
		}
		behind := r.with(wrong)
		switch {
		case len(behind) == 0:
			return nil
		case round == verifyRounds:
			return notEverywhere(to, behind)
		}
		for _, s := range behind {
			r.note(fmt.Sprintf("%s ran version %s, and was rolled to version %s.", s.name(), strings.Join(s.versions, ", "), to.Version))
		}
		if err := r.roll(ctx, behind, to, true); err != nil {
			return err
		}
	}
}

func (r *rotation) isOther(version string) bool { return version != r.versions.New.Version }

// isOlder says that a version is neither of the two.
func (r *rotation) isOlder(version string) bool {
	return version != r.versions.Old.Version && version != r.versions.New.Version
}

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

func names(sites []*rotationSite) []string {
	var out []string
	for _, s := range sites {
		out = append(out, s.name())
	}
	return out
}

func notEverywhere(to app.Secret, behind []*rotationSite) error {
	return &stepError{failure: app.Failure{
		Kind: app.KindSecret, Step: string(app.PhaseVerify),
		Message: fmt.Sprintf("after %d rounds something else than version %s still runs in %s", verifyRounds, to.Version, strings.Join(names(behind), ", ")),
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
