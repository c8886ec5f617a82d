package queue

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/api/serviceerror"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/run"
	"github.com/longshore-dev/longshore/workflows"
)

// line is a site that does one of its requests after the other, each for a while.
func line(f *fake, each time.Duration, ids ...string) {
	began := time.Now()
	f.begun = func(request string) string {
		if i := slices.Index(ids, request); time.Since(began) > time.Duration(i)*each {
			return "run-" + request
		}
		return ""
	}
	f.state = func(workflows.StateQuery) (workflows.SiteState, error) {
		turn := int(time.Since(began) / each)
		var state workflows.SiteState
		for i, id := range ids {
			switch w := waiting(id); {
			case i < turn:
				state.Ended = append(state.Ended, workflows.EndedRun{Waiting: w, Outcome: app.Succeeded})
			case i == turn:
				state.Running = &w
			default:
				state.Queue = append(state.Queue, w)
			}
		}
		return state, nil
	}
}

func accepted(id string, ahead int) workflows.Accepted {
	return workflows.Accepted{WorkflowID: waiting(id).WorkflowID, Ahead: ahead}
}

func TestAwaitShowsTheQueueMoving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		line(f, 30*time.Second, "1", "2", "3")
		var shown [][]string
		within(t, 62*time.Second, func() {
			turn, err := Queue{Client: f, Site: site()}.Await(t.Context(), "3", accepted("3", 2), func(v run.View) {
				if len(v.Ahead) > 0 {
					shown = append(shown, v.Ahead)
				}
			})
			if err != nil || turn.RunID != "run-3" {
				t.Errorf("got %+v, %v", turn, err)
			}
		})
		want := [][]string{{"deploy src1 by ann", "deploy src2 by ann"}, {"deploy src2 by ann"}}
		if diff := cmp.Diff(want, shown); diff != "" {
			t.Errorf("shown (-want +got):\n%s", diff)
		}
	})
}

func TestAwaitOfARunWhoseTurnItIsAsksNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begins := time.Now().Add(100 * time.Millisecond)
		f := &fake{begun: func(string) string {
			if time.Now().Before(begins) {
				return ""
			}
			return "run-1"
		}}
		within(t, 300*time.Millisecond, func() {
			turn, err := Queue{Client: f, Site: site()}.Await(t.Context(), "1", accepted("1", 0), func(v run.View) {
				t.Errorf("shows %+v", v)
			})
			if err != nil || turn.RunID != "run-1" {
				t.Errorf("got %+v, %v", turn, err)
			}
		})
	})
}

func TestAwaitOfWhatEndsWithoutARun(t *testing.T) {
	for _, outcome := range []app.Outcome{app.Superseded, app.Cancelled} {
		synctest.Test(t, func(t *testing.T) {
			f := &fake{state: func(q workflows.StateQuery) (workflows.SiteState, error) {
				return workflows.SiteState{Ended: []workflows.EndedRun{{Waiting: waiting(q.Request), Outcome: outcome}}}, nil
			}}
			turn, err := Queue{Client: f, Site: site()}.Await(t.Context(), "1", accepted("1", 1), func(run.View) {})
			if err != nil || turn.RunID != "" || turn.Ended.Outcome != outcome {
				t.Errorf("got %+v, %v", turn, err)
			}
		})
	}
}

func TestAwaitFindsARunThatCameAndWentBetweenTwoLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		f.state = func(workflows.StateQuery) (workflows.SiteState, error) {
			f.begun = func(string) string { return "run-1" }
			return workflows.SiteState{Ended: []workflows.EndedRun{{Waiting: waiting("1"), Outcome: app.Succeeded}}}, nil
		}
		turn, err := Queue{Client: f, Site: site()}.Await(t.Context(), "1", accepted("1", 1), func(run.View) {})
		if err != nil || turn.RunID != "run-1" {
			t.Errorf("got %+v, %v", turn, err)
		}
	})
}

func TestAwaitOutlastsTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := time.Now().Add(2 * time.Minute)
		f := &fake{begun: func(string) string { return "run-1" }, down: func() error {
			if time.Now().Before(back) {
				return serviceerror.NewUnavailable("gone")
			}
			return nil
		}}
		var shown []string
		turn, err := Queue{Client: f, Site: site()}.Await(t.Context(), "1", accepted("1", 1), func(v run.View) { shown = append(shown, v.Waiting) })
		if diff := cmp.Diff([]string{run.WaitingForEngine}, shown); err != nil || turn.RunID != "run-1" || diff != "" {
			t.Errorf("got %+v, %v, shown %s", turn, err, diff)
		}
		f.down = func() error { return serviceerror.NewUnavailable("gone for good") }
		if _, err := (Queue{Client: f, Site: site()}).Await(t.Context(), "2", accepted("2", 1), func(run.View) {}); !errors.Is(err, run.ErrEngineLost) {
			t.Errorf("got %v, want %v", err, run.ErrEngineLost)
		}
	})
}

func TestAwaitOfAnUnknownRequestEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{state: func(workflows.StateQuery) (workflows.SiteState, error) { return workflows.SiteState{}, nil }}
		within(t, time.Minute, func() {
			if _, err := (Queue{Client: f, Site: site()}).Await(t.Context(), "1", accepted("1", 0), func(run.View) {}); !errors.Is(err, ErrNone) {
				t.Errorf("got %v, want %v", err, ErrNone)
			}
		})
	})
}
