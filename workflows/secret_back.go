package workflows

import (
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// goBack undoes a rotation that has not begun to revoke: the way there from its end, with the old version in the place of
// the new one. The new credential ends last, when nothing uses it any more; what cannot be brought back keeps it.
func (r *rotation) goBack(ctx workflow.Context) {
	if !r.made {
		return
	}
	r.back = true
	r.phase(ctx, app.PhaseUndo)
	r.restorePassword(ctx)
	r.demote(ctx)
	r.rollBack(ctx)
	r.soakBack(ctx)
	r.takeCredentialBack(ctx)
	r.dropVersion(ctx)
}

// restorePassword gives one user the old password again, before the sites go back to it. A database where that fails keeps
// the new one, and its site as well.
func (r *rotation) restorePassword(ctx workflow.Context) {
	if !r.oneUser() {
		return
	}
	r.each(ctx, r.places, func(ctx workflow.Context, p *place) {
		if !p.added {
			return
		}
		_, err := activities.AddCredential.Undo(ctx, r.credential(p, true))
		if p.stuck = err != nil; p.stuck {
			r.leave(p.name()+": the password of "+r.versions.NewUser+" may be that of version "+r.versions.New.Version,
				failed("restore the password", p.host, r.in.Settings.Service, err))
		}
	})
	r.gapUntil = workflow.Now(ctx)
}

// demote makes the old version the current one before the sites go back, so that none is deployed with the new one again. What
// somebody has set meanwhile stays the current one.
func (r *rotation) demote(ctx workflow.Context) {
	if !r.promoted || r.stuck() {
		return
	}
	settle := r.settle(r.versions.Old.Version, "")
	settle.From = r.versions.New.Version
	_, err := activities.SettleVersion.Undo(ctx, settle)
	if r.demoted = err == nil; !r.demoted {
		r.leave("the store: version "+r.versions.New.Version+" may be the current one", failed("make the old version the current one", app.Host{}, "", err))
	}
}

// stuck says whether a place keeps the new password.
func (r *rotation) stuck() bool {
	for _, p := range r.places {
		if p.stuck {
			return true
		}
	}
	return false
}

// rollBack brings every site back that may have the new version: those that were rolled, and those that were deployed
// with it meanwhile.
func (r *rotation) rollBack(ctx workflow.Context) {
	if !r.promoted {
		return
	}
	var touched []*rotationSite
	for _, s := range r.sites {
		s.failed = nil
		if s.touched && r.mayGoBack(s) {
			touched = append(touched, s)
		}
	}
	r.bring(ctx, touched, r.versions.Old, r.isNew)
}

func (r *rotation) isNew(version string) bool { return version == r.versions.New.Version }

// mayGoBack says whether the old version is good for a site.
func (r *rotation) mayGoBack(s *rotationSite) bool {
	for _, p := range r.places {
		if p.stuck && (p.site == s || !s.HasService) {
			return false
		}
	}
	return true
}

// soakBack leaves the new credential good while apps may still use it that have got the old one in place.
func (r *rotation) soakBack(ctx workflow.Context) {
	var asked []*rotationSite
	for _, s := range r.sites {
		if s.asked {
			asked = append(asked, s)
		}
	}
	if len(r.places) > 0 && !r.oneUser() {
		_ = r.letRead(ctx, asked) // it ends early only with the whole run
	}
}

// takeCredentialBack ends the new credential, where it is another than the old one and nothing uses it any more.
func (r *rotation) takeCredentialBack(ctx workflow.Context) {
	if r.oneUser() {
		return
	}
	used := r.stillUsed()
	r.each(ctx, r.places, func(ctx workflow.Context, p *place) {
		if !p.added {
			return
		}
		thing := p.name() + ": the credential of version " + r.versions.New.Version
		if used {
			r.leave(thing+", which is still used", nil)
			return
		}
		if _, err := activities.RevokeCredential.Undo(ctx, r.credential(p, true)); err != nil {
			r.leave(thing, failed("take the new credential back", p.host, r.in.Settings.Service, err))
		}
	})
}

// dropVersion revokes the new version in the store, where nothing uses it.
func (r *rotation) dropVersion(ctx workflow.Context) {
	thing := "the store: version " + r.versions.New.Version + " is not revoked"
	if r.stuck() || r.stillUsed() {
		r.leave(thing+", since it is still used", nil)
		return
	}
	if _, err := activities.SettleVersion.Undo(ctx, r.settle("", r.versions.New.Version)); err != nil {
		r.leave(thing, failed("revoke the new version", app.Host{}, "", err))
	}
}

// stillUsed says whether something may depend on the new version: a site, or the next deploy of one.
func (r *rotation) stillUsed() bool {
	for _, s := range r.sites {
		if s.mayRun(r.isNew) {
			return true
		}
	}
	return r.promoted && !r.demoted
}

// leave keeps what is not as it should be, and the first reason.
func (r *rotation) leave(thing string, err error) {
	r.left = append(r.left, strings.TrimSpace(thing))
	if r.failed == nil {
		r.failed = err
	}
}

// each does something at every place at once, and waits for all.
func (r *rotation) each(ctx workflow.Context, places []*place, do func(workflow.Context, *place)) {
	_ = together(ctx, places, func(ctx workflow.Context, p *place) error { // do keeps its own failures
		do(ctx, p)
		return nil
	})
}
