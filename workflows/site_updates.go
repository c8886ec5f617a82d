package workflows

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// listen answers updates and queries from now on. What cannot be refused at once waits until the site remembers.
//
// Updates that came before this are not handed out in the order in which they came, but by name, in the order of the
// names' registration. They are many only after a reset to the very beginning, which repeats all that was asked: requests
// go first, so that none is refused that was not before.
func (s *site) listen(ctx workflow.Context) error {
	return errors.Join(
		workflow.SetUpdateHandlerWithOptions(ctx, UpdateRequest, s.request, workflow.UpdateHandlerOptions{Validator: s.mayRequest}),
		workflow.SetUpdateHandlerWithOptions(ctx, UpdateWithdraw, s.withdraw, workflow.UpdateHandlerOptions{Validator: s.mayWithdraw}),
		workflow.SetUpdateHandlerWithOptions(ctx, UpdateFreeze, s.freeze, workflow.UpdateHandlerOptions{Validator: s.mayFreeze}),
		workflow.SetUpdateHandlerWithOptions(ctx, UpdateThaw, s.thaw, workflow.UpdateHandlerOptions{Validator: s.mayThaw}),
		workflow.SetQueryHandlerWithOptions(ctx, QueryState, s.state, workflow.QueryHandlerOptions{Description: "what the site does, what waits, and how the last runs ended"}),
	)
}

// mayRequest refuses a request without a trace in the history, so that a reset, which repeats updates, does not repeat
// it when the reason is gone.
func (s *site) mayRequest(ctx workflow.Context, r Request) error {
	f := r.problem(s.id)
	if f == nil && s.remembered {
		f = s.refusal(ctx, r)
	}
	return asError(f)
}

// request puts a request into the queue. One that is known already gets the same run again.
func (s *site) request(ctx workflow.Context, r Request) (Accepted, error) {
	if err := s.awaitMemory(ctx, r.hosts()); err != nil {
		return Accepted{}, err
	}
	if accepted, known := s.queue().known(r.ID); known {
		return accepted, nil
	}
	if f := s.refusal(ctx, r); f != nil {
		return Accepted{}, asError(f)
	}
	size, _ := sizeOf(r) // the refusal has asked
	s.Hosts = r.hosts()
	s.look = backoff{}
	return s.enqueue(ctx, r, size), nil
}

func (s *site) enqueue(ctx workflow.Context, r Request, size int) Accepted {
	s.woken = true
	accepted := s.queue().add(queued{
		Request: r, WorkflowID: RunID(s.id, r.Kind, r.ID), At: workflow.Now(ctx), Size: size, BrokeFreeze: s.frozen(ctx),
	})
	s.show(ctx)
	return accepted
}

// refusal is why the site, as it is, does not take a request; nil where it does, as it does with each that it knows.
func (s *site) refusal(ctx workflow.Context, r Request) *app.Failure {
	if _, known := s.queue().known(r.ID); known {
		return nil
	}
	if s.frozen(ctx) && !r.BreakFreeze {
		return frozen(s.id, *s.Freeze)
	}
	size, err := sizeOf(r)
	if err != nil {
		return &app.Failure{Kind: app.KindSpec, Step: "request", Message: err.Error()}
	}
	return s.queue().full(r, size)
}

func frozen(id app.Site, f app.Freeze) *app.Failure {
	message := fmt.Sprintf("%s was frozen by %s at %s", id, who(f.By), f.At.UTC().Format("2006-01-02 15:04 MST"))
	if !f.Until.IsZero() {
		message += ", until " + f.Until.UTC().Format("2006-01-02 15:04 MST")
	}
	if f.Why != "" {
		message += ": " + cut(f.Why)
	}
	return &app.Failure{
		Kind: app.KindFrozen, Step: "request", Message: message,
		Advice: "Wait for its end, end it with longshore thaw, or go ahead with --break-freeze, which is recorded.",
	}
}

func sizeOf(r Request) (int, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return 0, fmt.Errorf("measure the request: %w", err)
	}
	return len(data), nil
}

func (s *site) mayWithdraw(_ workflow.Context, w Withdrawal) error {
	if s.forgetful(nil) || (s.remembered && !s.queue().withdrawable(w.ID)) {
		return asError(notThere(w.ID))
	}
	return nil
}

// withdraw takes a waiting request out of the queue, or asks the one under way to end.
func (s *site) withdraw(ctx workflow.Context, w Withdrawal) (Withdrawn, error) {
	if err := s.awaitMemory(ctx, nil); err != nil {
		return Withdrawn{}, err
	}
	q := s.queue().withdraw(w, workflow.Now(ctx))
	if q == nil {
		return Withdrawn{}, asError(notThere(w.ID))
	}
	s.woken = true
	answer := Withdrawn{ID: q.Request.ID, WorkflowID: q.WorkflowID, Running: q == s.queue().Running}
	s.show(ctx)
	if answer.Running {
		// A run that is only about to begin could not be asked yet.
		if err := workflow.Await(ctx, func() bool { return s.begun == q.WorkflowID || s.queue().Running != q }); err != nil {
			return Withdrawn{}, err
		}
		if s.begun == q.WorkflowID {
			cancelRun(ctx, q.WorkflowID)
		}
	}
	return answer, nil
}

// cancelRun asks the newest run of a workflow id to end. One that has ended by itself meanwhile needs no asking.
func cancelRun(ctx workflow.Context, workflowID string) {
	if err := workflow.RequestCancelExternalWorkflow(ctx, workflowID, "").Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Info("the run to cancel has ended", "run", workflowID, "error", err)
	}
}

func notThere(id string) *app.Failure {
	f := &app.Failure{Kind: app.KindMissing, Step: "withdraw", Message: "no request " + cut(id) + " waits or is under way", Advice: "Look at longshore status."}
	if id == "" {
		f.Message = "no run is under way"
	}
	return f
}

func (s *site) mayFreeze(_ workflow.Context, in FreezeInput) error { return s.needsHosts(in.Hosts) }

func (s *site) mayThaw(_ workflow.Context, in ThawInput) error { return s.needsHosts(in.Hosts) }

func (s *site) needsHosts(hosts []app.Host) error {
	if !s.forgetful(hosts) {
		return nil
	}
	return asError(&app.Failure{Kind: app.KindSpec, Step: "freeze", Message: "the site has no history, and the freeze names no hosts to keep it"})
}

func (s *site) freeze(ctx workflow.Context, in FreezeInput) (Kept, error) {
	f := in.Freeze
	if f.At.IsZero() {
		f.At = workflow.Now(ctx)
	}
	return s.setFreeze(ctx, &f, f.At, in.Hosts)
}

func (s *site) thaw(ctx workflow.Context, in ThawInput) (Kept, error) {
	at := in.At
	if at.IsZero() {
		at = workflow.Now(ctx)
	}
	return s.setFreeze(ctx, nil, at, in.Hosts)
}

// setFreeze freezes the site, or ends its freeze where f is nil. Of what was asked for before the site remembers, the
// order is known only by the askers' clocks.
func (s *site) setFreeze(ctx workflow.Context, f *app.Freeze, at time.Time, hosts []app.Host) (Kept, error) {
	early := !s.remembered
	if err := s.awaitMemory(ctx, hosts); err != nil {
		return Kept{}, err
	}
	if early && at.Before(s.freezeAsked) {
		return Kept{}, nil
	}
	s.Freeze, s.freezeAsked = f, at
	return s.keepFreeze(ctx, hosts), nil
}

// keepFreeze tells hosts of the freeze as it is.
func (s *site) keepFreeze(ctx workflow.Context, hosts []app.Host) Kept {
	s.woken = true
	s.show(ctx)
	if len(hosts) == 0 {
		hosts = s.Hosts
	}
	var kept Kept
	if err := s.keeping.Lock(ctx); err != nil {
		for _, h := range hosts {
			kept.Missed = append(kept.Missed, h.Name)
		}
		return kept
	}
	defer s.keeping.Unlock()
	calls := make([]activities.Pending[activities.Nothing], len(hosts))
	for i, h := range hosts {
		calls[i] = activities.KeepFreeze.Start(ctx, activities.KeepFreezeInput{Host: h, Site: s.id, Freeze: s.Freeze})
	}
	for i, h := range hosts {
		if _, err := calls[i].Get(ctx); err != nil {
			kept.Missed = append(kept.Missed, h.Name)
		}
	}
	return kept
}

// forgetful says that the site can come to no memory by these hosts.
func (s *site) forgetful(hosts []app.Host) bool {
	return !s.remembered && len(s.asked) == 0 && len(hosts) == 0
}

// awaitMemory waits until the site remembers, by these hosts if it was not asked before. Updates that waited go on in the
// order in which they came.
func (s *site) awaitMemory(ctx workflow.Context, hosts []app.Host) error {
	if !s.remembered && len(s.asked) == 0 {
		s.asked = hosts
	}
	turn := s.arrived
	s.arrived++
	if err := workflow.Await(ctx, func() bool { return s.remembered && s.turn == turn }); err != nil {
		return err
	}
	s.turn++
	return nil
}

// asError is the error that an update is refused with; nil for none.
func asError(f *app.Failure) error {
	if f == nil {
		return nil
	}
	return activities.Fail(*f, nil)
}
