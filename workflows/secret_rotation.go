package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// RotateSecret brings a new version of a secret to everything that uses it, and ends the old one; or it leaves the old one
// as it was. It answers how it ended; every outcome but succeeded is also the workflow's failure, with the same result as
// its detail.
func RotateSecret(ctx workflow.Context, in RotateSecretInput) (app.RotationResult, error) {
	r := newRotation(ctx, in)
	err := r.run(ctx)
	return r.end(ctx, err)
}

// rotation is one run's state. It is only touched by the workflow's own coroutines.
type rotation struct {
	in RotateSecretInput
	// id is the same for the run and for what it is reset to: what it asks of sites is found again.
	id     string
	report *rotationReport
	result app.RotationResult

	sites  []*rotationSite
	places []*place
	// versions are the old and the new one, once made.
	versions activities.Rotating
	made     bool
	// addedAt is when the new credential was about to be added, and gapUntil when one user's new password had reached all.
	addedAt, gapUntil time.Time
	// promoted says that the store may have the new version as the current one, and demoted that it was taken back.
	promoted, demoted bool
	// forward says that the old version may be revoked: from then on the rotation does not go back. back says that it does.
	forward, back bool
	// rolls counts the rounds of runs that sites were asked for.
	rolls int
	// left is what is not as the outcome wants it, and failed the first reason.
	left   []string
	failed error
}

func newRotation(ctx workflow.Context, in RotateSecretInput) *rotation {
	r := &rotation{
		in: in, id: workflow.GetInfo(ctx).OriginalRunID, report: newRotationReport(ctx, in.Secret),
		result: app.RotationResult{Secret: in.Secret},
	}
	mark(ctx, in.Secret.Scope)
	r.listen(ctx)
	return r
}

// run is the rotation from top to bottom. Until the revoke begins, whatever fails has it go back (see goBack).
func (r *rotation) run(ctx workflow.Context) error {
	if err := r.find(ctx); err != nil {
		return err
	}
	if err := r.makeVersion(ctx); err != nil {
		return err
	}
	if r.versions.OldRevoked {
		return r.revokeAndRollOut(ctx)
	}
	if err := r.bringUp(ctx); err != nil {
		return err
	}
	if err := r.addCredential(ctx); err != nil {
		return err
	}
	if err := r.testCredential(ctx); err != nil {
		return err
	}
	if err := r.promote(ctx); err != nil {
		return err
	}
	if r.in.Compromised {
		return r.revokeAndRollOut(ctx)
	}
	if err := r.rollOut(ctx); err != nil {
		return err
	}
	if err := r.verify(ctx); err != nil {
		return err
	}
	if err := r.soak(ctx); err != nil {
		return err
	}
	return r.revokeAndFinish(ctx)
}

// find learns who uses the secret, and refuses a rotation that could not work. It changes nothing.
func (r *rotation) find(ctx workflow.Context) error {
	r.phase(ctx, app.PhaseFind)
	// A thief does not wait for a host that is down.
	if err := r.look(ctx, r.in.Compromised); err != nil {
		return err
	}
	if len(r.sites) == 0 {
		r.note("Nothing uses " + r.in.Secret.String() + ": no site was rolled.")
	}
	return r.findPlaces(ctx)
}

// makeVersion writes the new version to the store, where nothing uses it yet. A cancel waits for it, so that it is known
// what to take back.
func (r *rotation) makeVersion(ctx workflow.Context) error {
	r.phase(ctx, app.PhaseMake)
	undisturbed, stop := workflow.NewDisconnectedContext(ctx)
	defer stop()
	versions, err := activities.BeginVersion.Run(undisturbed, activities.BeginVersionInput{
		Secret: r.in.Secret, Rotation: r.id, Settings: r.in.Settings, Given: r.in.Given, By: r.in.By, Why: r.in.Why,
	})
	if err != nil {
		return failed(string(app.PhaseMake), app.Host{}, "", err)
	}
	r.versions, r.made = versions, true
	r.result.Old, r.result.New = versions.Old.Version, versions.New.Version
	r.report.versions(ctx, r.result.Old, r.result.New)
	return nil
}

// promote makes the new version the current one, before any site gets it: what is deployed from now on takes it by itself.
func (r *rotation) promote(ctx workflow.Context) error {
	r.phase(ctx, app.PhaseRoll)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r.promoted = true
	_, err := activities.SettleVersion.Run(ctx, r.settle(r.versions.New.Version, ""))
	return failed("promote the new version", app.Host{}, "", err)
}

// settle is an input for the store: the version to make current, and the one to revoke.
func (r *rotation) settle(current, revoke string) activities.SettleVersionInput {
	in := activities.SettleVersionInput{Secret: r.in.Secret, By: r.in.By, Why: r.in.Why, Current: current}
	if revoke != "" {
		in.Revoke = []string{revoke}
	}
	return in
}

// soak leaves both versions good for a while: what still holds the old one, outside of what is known here, is found.
func (r *rotation) soak(ctx workflow.Context) error {
	if len(r.sites) == 0 || r.in.Settings.Soak <= 0 {
		return nil
	}
	r.phase(ctx, app.PhaseSoak)
	until := workflow.Now(ctx).Add(r.in.Settings.Soak)
	r.report.soaks(ctx, until)
	timer := workflow.NewTimerWithOptions(ctx, r.in.Settings.Soak, workflow.TimerOptions{
		Summary: fmt.Sprintf("version %s stays good for %s", r.versions.Old.Version, r.in.Settings.Soak),
	})
	if err := timer.Get(ctx, nil); err != nil {
		return err
	}
	return r.verify(ctx)
}
