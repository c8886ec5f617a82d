package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// The clock of what has to be done in the end: a host may be away for long.
const (
	firstPersist   = time.Minute
	longestPersist = 30 * time.Minute
	persistFor     = 6 * time.Hour
)

// commit is the point of no return, right before anything of the old version ends. A cancel that came before it wins,
// unless the rotation had been past it before it was reset.
func (r *rotation) commit(ctx workflow.Context) error {
	r.phase(ctx, app.PhaseRevoke)
	if ctx.Err() != nil && !r.versions.OldRevoked {
		return ctx.Err()
	}
	r.forward = true
	r.report.goesForward(ctx)
	return nil
}

// revokeAndFinish ends the old version, which nothing uses any more.
func (r *rotation) revokeAndFinish(ctx workflow.Context) error {
	if err := r.commit(ctx); err != nil {
		return err
	}
	forward, stop := workflow.NewDisconnectedContext(ctx)
	defer stop()
	r.revokeOld(forward)
	r.phase(forward, app.PhaseFinish)
	return nil
}

// revokeAndRollOut ends the old version while everything still uses it, and then brings the new one: for a version that
// somebody knows who should not, and for a rotation that was reset after it had ended the old one. A site that cannot be
// rolled keeps no other waiting.
func (r *rotation) revokeAndRollOut(ctx workflow.Context) error {
	if err := r.commit(ctx); err != nil {
		return err
	}
	forward, stop := workflow.NewDisconnectedContext(ctx)
	defer stop()
	r.revokeOld(forward)
	r.phase(forward, app.PhaseRoll)
	r.bring(forward, r.sites, r.versions.New, r.isOther)
	r.gapUntil = workflow.Now(forward)
	r.phase(forward, app.PhaseFinish)
	return nil
}

// revokeOld has the old version refused by everything that knows it. What fails for good is left, and the rest goes on.
func (r *rotation) revokeOld(ctx workflow.Context) {
	before := len(r.left)
	r.each(ctx, r.places, func(ctx workflow.Context, p *place) {
		err := r.persist(ctx, func() error {
			_, err := activities.RevokeCredential.Run(ctx, r.credential(p, false))
			return failed(string(app.PhaseRevoke), p.host, r.in.Settings.Service, err)
		})
		if err != nil {
			r.leave(p.name()+": the credential of version "+r.versions.Old.Version+" may still be good", err)
		}
	})
	err := r.persist(ctx, func() error {
		_, err := activities.SettleVersion.Run(ctx, r.settle("", r.versions.Old.Version))
		return failed(string(app.PhaseRevoke), app.Host{}, "", err)
	})
	if err != nil {
		r.leave("the store: version "+r.versions.Old.Version+" is not revoked", err)
	}
	r.result.Revoked = len(r.left) == before
}

// persist does something until it is done, cannot be mended by doing it again, or has been tried for hours.
func (r *rotation) persist(ctx workflow.Context, do func() error) error {
	began, wait := workflow.Now(ctx), firstPersist
	for {
		err := do()
		if err == nil || app.Permanent(failureOf(err).Kind) || workflow.Now(ctx).Sub(began) >= persistFor {
			return err
		}
		r.report.waits(ctx, "tries again in "+wait.String()+": "+failureOf(err).Message)
		timer := workflow.NewTimerWithOptions(ctx, wait, workflow.TimerOptions{Summary: "try again to revoke the old version"})
		if err := timer.Get(ctx, nil); err != nil {
			return err
		}
		wait = min(2*wait, longestPersist)
	}
}
