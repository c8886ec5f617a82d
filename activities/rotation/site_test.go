package rotation_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/rotation"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

var shop = app.Site{Org: "acme", Project: "shop", Name: "production"}

func rotateInput() activities.RotateSiteInput {
	return activities.RotateSiteInput{
		RotationSite: activities.RotationSite{
			Site: shop, Hosts: []app.Host{{Name: "web-1"}}, Approve: &app.Approve{}, Scopes: []app.SecretScope{{Kind: app.ScopeSite, Of: shop.String()}},
		},
		Request: "first-1", Secrets: []app.Secret{{Name: "PASSWORD", Version: "4", Sealed: "sealed"}}, By: "ann", Why: "a leak", BreakFreeze: true,
	}
}

// queued has the engine know the request as one that waits.
func queued() *engine {
	return &engine{end: make(chan struct{}), states: map[string]workflows.SiteState{
		workflows.SiteID(shop): {Queue: []workflows.Waiting{{ID: "first-1"}}},
	}}
}

func (e *engine) begin() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.begun = true
}

func (e *engine) ends(outcome app.Outcome) {
	e.result = app.Result{Outcome: outcome}
	close(e.end)
}

// ended has the site know the request as one that left the queue.
func (e *engine) ended(outcome app.Outcome, problem string) {
	e.states[workflows.SiteID(shop)] = workflows.SiteState{Ended: []workflows.EndedRun{
		{Waiting: workflows.Waiting{ID: "first-1"}, Outcome: outcome, Problem: problem},
	}}
}

func TestRotateSiteWaitsForItsTurnAndItsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := queued()
		time.AfterFunc(time.Minute, e.begin)
		time.AfterFunc(time.Hour, func() { e.ends(app.FailedClean) })
		in := rotateInput()
		result, err := rotation.Activities{Client: e}.RotateSite(t.Context(), in)
		if err != nil || result.Outcome != app.FailedClean {
			t.Errorf("%+v, %v", result, err)
		}
		want := workflows.Request{
			ID: "first-1", Kind: app.RunRotate, BreakFreeze: true,
			Recorded: &workflows.RecordedInput{
				Site: shop, Hosts: in.Hosts, Approve: in.Approve, Secrets: in.Secrets, SecretScopes: in.Scopes, Order: workflows.Order{By: "ann", Why: "a leak"},
			},
		}
		if diff := cmp.Diff([]workflows.Request{want}, e.requests); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSiteRefusesToRotate(t *testing.T) {
	e := queued()
	frozen := app.Failure{Kind: app.KindFrozen, Message: "frozen by bob", Advice: "Thaw it."}
	e.refuses = activities.Fail(frozen, nil)
	result, err := rotation.Activities{Client: e}.RotateSite(t.Context(), rotateInput())
	if err != nil || result.Outcome != app.Refused || result.Failure == nil || result.Failure.Message != frozen.Message || result.Failure.Advice != frozen.Advice {
		t.Errorf("%+v, %v", result, err)
	}
}

// Somebody may take the request out of the queue before its turn.
func TestRequestLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := queued()
		time.AfterFunc(time.Minute, func() {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.ended(app.Cancelled, "withdrawn by bob")
		})
		result, err := rotation.Activities{Client: e}.RotateSite(t.Context(), rotateInput())
		if err != nil || result.Outcome != app.Cancelled || result.Failure.Message != "withdrawn by bob" {
			t.Errorf("%+v, %v", result, err)
		}
	})
}

// A site that has lost its history does not know the request: the next attempt asks again.
func TestRequestThatIsForgottenFailsTheAttempt(t *testing.T) {
	e := queued()
	e.states = nil
	if result, err := (rotation.Activities{Client: e}).RotateSite(t.Context(), rotateInput()); err == nil {
		t.Errorf("%+v", result)
	}
	e.lost = 1
	if _, err := (rotation.Activities{Client: e}).RotateSite(t.Context(), rotateInput()); err == nil || len(e.requests) != 1 {
		t.Errorf("%v, %v", e.requests, err)
	}
}

// After a cancel the activity still answers how the run has ended, whatever that is, and outlasts an engine that is away.
func TestCancelWaitsForTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		arrange func(e *engine)
		want    app.Outcome
	}{
		"before the request is taken": {func(e *engine) {
			e.lost = 100
			e.onWithdrawal = func() error { e.ended(app.Cancelled, ""); return nil }
		}, app.Cancelled},
		"in the queue": {func(e *engine) { e.onWithdrawal = func() error { e.ended(app.Cancelled, ""); return nil } }, app.Cancelled},
		"under way": {func(e *engine) {
			e.begun = true
			e.onWithdrawal = func() error { time.AfterFunc(time.Hour, func() { e.ends(app.Cancelled) }); return nil }
		}, app.Cancelled},
		"too late": {func(e *engine) {
			e.begun = true
			e.onWithdrawal = func() error { time.AfterFunc(time.Hour, func() { e.ends(app.Succeeded) }); return nil }
		}, app.Succeeded},
		"while the engine is away": {func(e *engine) {
			e.begun = true
			tries := 0
			e.onWithdrawal = func() error {
				if tries++; tries < 10 {
					return serviceerror.NewUnavailable("the engine restarts")
				}
				time.AfterFunc(time.Hour, func() { e.ends(app.Cancelled) })
				return nil
			}
		}, app.Cancelled},
		"by a site that knows nothing of it": {func(e *engine) {
			e.begun = true
			e.onWithdrawal = func() error {
				return activities.Fail(app.Failure{Kind: app.KindMissing, Message: "no such request"}, nil)
			}
			e.onCancel = func() { e.ends(app.Cancelled) }
		}, app.Cancelled},
		"without the site's workflow": {func(e *engine) {
			e.begun = true
			e.onWithdrawal = func() error { return serviceerror.NewNotFound("no such workflow") }
			e.onCancel = func() { e.ends(app.Cancelled) }
		}, app.Cancelled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := queued()
				c.arrange(e)
				ctx, cancel := context.WithCancelCause(t.Context())
				if e.lost > 0 {
					cancel(temporal.NewCanceledError())
				} else {
					time.AfterFunc(time.Minute, func() { cancel(temporal.NewCanceledError()) })
				}
				result, err := rotation.Activities{Client: e}.RotateSite(ctx, rotateInput())
				if err != nil || result.Outcome != c.want || len(e.requests) != 1 {
					t.Errorf("%+v, %v", result, err)
				}
			})
		})
	}
}

// An attempt that is lost, without a cancel, ends at once and withdraws nothing: another follows.
func TestLostAttemptWithdrawsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := queued()
		e.begun = true
		e.onWithdrawal = func() error { t.Error("withdrawn"); return nil }
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if result, err := (rotation.Activities{Client: e}).RotateSite(ctx, rotateInput()); err == nil {
			t.Errorf("%+v", result)
		}
	})
}
