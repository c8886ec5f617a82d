package queue

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/run"
	"github.com/longshore-dev/longshore/workflows"
)

func TestRequestIsRepeatedUntilItIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		q := Queue{Site: site(), Client: &fake{update: func(_ context.Context, id, name string, arg any) (any, error) {
			if r := arg.(workflows.Request); id != "7" || r.ID != "7" || name != workflows.UpdateRequest {
				t.Errorf("got %s, %s, %+v", id, name, r)
			}
			if tries++; tries < 3 {
				return nil, serviceerror.NewUnavailable("the engine starts")
			}
			return workflows.Accepted{WorkflowID: "deploy/x", Ahead: 2}, nil
		}}}
		var missing []string
		got, err := q.Request(t.Context(), workflows.Request{ID: "7"}, func(m string) { missing = append(missing, m) })
		if err != nil || got.WorkflowID != "deploy/x" || got.Ahead != 2 || tries != 3 || len(missing) != 2 {
			t.Errorf("got %+v, %v after %d tries that missed %q", got, err, tries, missing)
		}
	})
}

func TestRequestSaysWhatIsMissing(t *testing.T) {
	tests := map[string]struct {
		down    error
		missing string
		want    error
	}{
		"no worker": {nil, run.WaitingForWorker, ErrNoWorker},
		"no engine": {serviceerror.NewUnavailable("gone"), run.WaitingForEngine, run.ErrEngineLost},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := Queue{Site: site(), Client: &fake{down: func() error { return test.down }, update: func(ctx context.Context, _, _ string, _ any) (any, error) {
					<-ctx.Done()
					return nil, ctx.Err()
				}}}
				first := time.Time{}
				began := time.Now()
				_, err := q.Request(t.Context(), workflows.Request{ID: "7"}, func(m string) {
					if first.IsZero() {
						first = time.Now()
					}
					if m != test.missing {
						t.Errorf("%q is missing, want %q", m, test.missing)
					}
				})
				if !errors.Is(err, test.want) || first.Sub(began) > 5*time.Second || time.Since(began) > 5*time.Minute {
					t.Errorf("got %v after %s, the first word after %s", err, time.Since(began), first.Sub(began))
				}
			})
		})
	}
}

func TestRefusalsAndErrorsAreFinal(t *testing.T) {
	frozen := app.Failure{Kind: app.KindFrozen, Message: "frozen by ann", Advice: "longshore thaw"}
	for name, failed := range map[string]error{
		"refused":            temporal.NewNonRetryableApplicationError("frozen by ann", app.KindFrozen, nil, frozen),
		"something is wrong": serviceerror.NewInvalidArgument("too large"),
	} {
		t.Run(name, func(t *testing.T) {
			tries := 0
			q := Queue{Site: site(), Client: &fake{update: func(context.Context, string, string, any) (any, error) {
				tries++
				return nil, failed
			}}}
			_, err := q.Request(t.Context(), workflows.Request{ID: "7"}, nil)
			refusal, ok := errors.AsType[*Refusal](err)
			if tries != 1 || err == nil || ok != (name == "refused") || ok && refusal.Failure.Advice != frozen.Advice {
				t.Errorf("got %v (%+v) after %d tries", err, refusal, tries)
			}
		})
	}
}

func TestWithdrawOfWhatIsNotThere(t *testing.T) {
	q := Queue{Site: site(), Client: &fake{update: func(context.Context, string, string, any) (any, error) {
		return nil, serviceerror.NewNotFound("no such workflow")
	}}}
	if _, err := q.Withdraw(t.Context(), workflows.Withdrawal{ID: "7"}); !errors.Is(err, ErrNone) {
		t.Errorf("got %v, want %v", err, ErrNone)
	}
}
