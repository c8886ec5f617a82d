package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/api/serviceerror"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/run"
	"github.com/longshore-dev/longshore/workflows"
)

// The clock of waiting for a turn. A long queue is asked less often: many may wait in it.
const (
	soon         = 10 * time.Millisecond  // the first look; each later one waits twice as long, up to
	lookEvery    = 250 * time.Millisecond // for each request ahead, up to
	lookAtMost   = 2 * time.Second
	stateEvery   = time.Second // for each request ahead, up to
	stateAtMost  = 5 * time.Second
	lookTimeout  = 3 * time.Second
	unknownAfter = 20 * time.Second
)

// Turn is what a wait for a run came to.
type Turn struct {
	// RunID is the run's, which has begun; empty where it never will.
	RunID string
	// Ended is how the request ended without a run: withdrawn, superseded or refused.
	Ended workflows.EndedRun
}

// Await waits until a request's run has begun, or the request has ended without one. show is called with what it waits
// for, whenever that changes. Like following a run it outlasts restarts, and fails with run.ErrEngineLost in the end. It
// fails with ErrNone where the site does not know the request.
func (q Queue) Await(ctx context.Context, request string, accepted workflows.Accepted, show func(run.View)) (Turn, error) {
	w := waiter{queue: q, request: request, workflow: accepted.WorkflowID, show: show, every: soon, pace: lookEvery, known: time.Now()}
	if accepted.Ahead > 0 {
		w.stateAt, w.every = time.Now(), lookEvery
	} else {
		w.stateAt = time.Now().Add(stateEvery)
	}
	for {
		turn, err := w.look(ctx)
		if err != nil || turn != nil {
			return valueOf(turn), err
		}
		if err := run.Pause(ctx, w.every); err != nil {
			return Turn{}, err
		}
		w.every = min(2*w.every, w.pace)
	}
}

func valueOf(turn *Turn) Turn {
	if turn == nil {
		return Turn{}
	}
	return *turn
}

// waiter is one wait for a turn.
type waiter struct {
	queue    Queue
	request  string
	workflow string
	show     func(run.View)
	shown    run.View
	every    time.Duration // between two looks
	pace     time.Duration // which every grows to
	stateAt  time.Time     // when the site is asked next
	known    time.Time     // when the site has known the request last
	lost     time.Time     // since when the engine has not answered; zero where it does
}

// look looks once for the run, and now and then at the queue; nil means to go on.
func (w *waiter) look(ctx context.Context) (*Turn, error) {
	runID, err := w.queue.begun(ctx, w.workflow)
	if err == nil && runID == "" && time.Now().After(w.stateAt) {
		var ended *workflows.EndedRun
		if ended, err = w.place(ctx); ended != nil {
			// The run may have come and gone since it was looked for.
			if runID, err = w.queue.begun(ctx, w.workflow); err == nil && runID == "" {
				return &Turn{Ended: *ended}, nil
			}
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err == nil && runID != "":
		return &Turn{RunID: runID}, nil
	case err == nil:
		w.lost = time.Time{}
		return nil, nil
	case errors.Is(err, ErrNoWorker):
		w.lost = time.Time{}
		w.tell(run.View{Ahead: w.shown.Ahead, Waiting: run.WaitingForWorker})
		return nil, nil
	case errors.Is(err, ErrNone), errors.Is(err, errUnreadable), !run.Passing(err):
		return nil, err
	}
	if w.lost.IsZero() {
		w.lost = time.Now()
	}
	if time.Since(w.lost) > run.GiveUpAfter {
		return nil, run.ErrEngineLost
	}
	w.tell(run.View{Ahead: w.shown.Ahead, Waiting: run.WaitingForEngine})
	return nil, nil
}

// place asks the site where the request stands, and answers how it ended if it has.
func (w *waiter) place(ctx context.Context) (*workflows.EndedRun, error) {
	state, err := w.queue.State(ctx, w.request)
	if err != nil {
		return nil, err
	}
	ahead, waits := Ahead(state, w.request)
	if waits {
		w.known = time.Now()
		w.tell(run.View{Ahead: ahead})
	}
	before := time.Duration(max(1, len(ahead)))
	w.stateAt, w.pace = time.Now().Add(min(stateAtMost, stateEvery*before)), min(lookAtMost, lookEvery*before)
	if i := slices.IndexFunc(state.Ended, func(e workflows.EndedRun) bool { return e.ID == w.request }); i >= 0 {
		return &state.Ended[i], nil
	}
	if time.Since(w.known) > unknownAfter {
		return nil, fmt.Errorf("%w %s of %s", ErrNone, w.request, w.queue.Site)
	}
	return nil, nil
}

func (w *waiter) tell(v run.View) {
	if slices.Equal(v.Ahead, w.shown.Ahead) && v.Waiting == w.shown.Waiting {
		return
	}
	w.shown = v
	w.show(v)
}

// begun is the newest run of a workflow id; empty where there is none yet.
func (q Queue) begun(ctx context.Context, workflowID string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	answer, err := q.Client.DescribeWorkflowExecution(ctx, workflowID, "")
	if _, ok := errors.AsType[*serviceerror.NotFound](err); ok {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look for the run: %w", err)
	}
	return answer.GetWorkflowExecutionInfo().GetExecution().GetRunId(), nil
}

// Ahead are the requests that come before one in its site's queue, each in a few words, and whether the site has it
// waiting or under way at all.
func Ahead(state workflows.SiteState, request string) (ahead []string, known bool) {
	if r := state.Running; r != nil {
		if r.ID == request {
			return nil, true
		}
		ahead = append(ahead, InWords(*r))
	}
	for _, waiting := range state.Queue {
		if waiting.ID == request {
			return ahead, true
		}
		ahead = append(ahead, InWords(waiting))
	}
	return nil, false
}

// InWords names a request for a person: "deploy a1b2c3d by ann@desk".
func InWords(w workflows.Waiting) string { return Name(w.Kind, w.Source) + " by " + w.By }

// Name names what a request asks for: "deploy a1b2c3d", "rollback to 41-a1b2c3d", "restart", "rotate secrets".
func Name(kind app.RunKind, source string) string {
	switch {
	case kind == app.RunRotate && source != "":
		return string(kind) + " secrets of " + source
	case kind == app.RunRotate:
		return string(kind) + " secrets"
	case source == "":
		return string(kind)
	case kind == app.RunRollback:
		return string(kind) + " to " + source
	}
	return string(kind) + " " + source
}
