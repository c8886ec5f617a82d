package memory

import (
	"fmt"
	"time"

	"github.com/longshore-dev/longshore/workflows"
)

// lookAgain is how often a run is asked whether it waits for a person, in its own time: that passes at once while the run
// waits for nothing else.
const lookAgain = time.Minute

// answers sends the run what Answer says, each time that it asks.
func (r *Run) answers() {
	if r.Answer == nil {
		return
	}
	var look func()
	look = func() {
		r.env.RegisterDelayedCallback(look, lookAgain)
		var q workflows.Question
		value, err := r.env.QueryWorkflow(workflows.QueryQuestion)
		if err == nil {
			err = value.Get(&q)
		}
		if err != nil || !q.Waiting {
			return // it has not begun, or asks nothing
		}
		if update, decision := r.Answer(q); update != "" {
			r.Update(update, decision)
		}
	}
	r.env.RegisterDelayedCallback(look, lookAgain)
}

// Update sends the run an update with a person's decision. What refuses it is kept in Refused.
func (r *Run) Update(name string, decision workflows.Decision) {
	r.mu.Lock()
	r.updates++
	id := fmt.Sprintf("%s-%d", name, r.updates)
	r.mu.Unlock()
	r.env.UpdateWorkflow(name, id, updated{r}, decision)
}

// Cancel asks for the end of the run.
func (r *Run) Cancel() { r.env.CancelWorkflow() }

// Refused are the errors of the updates that the run has refused.
func (r *Run) Refused() []error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refused
}

// updated takes the outcome of an update.
type updated struct{ run *Run }

func (updated) Accept()             {}
func (updated) Complete(any, error) {}
func (u updated) Reject(err error) {
	u.run.mu.Lock()
	defer u.run.mu.Unlock()
	u.run.refused = append(u.run.refused, err)
}
