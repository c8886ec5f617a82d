package workflows

import (
	"go.temporal.io/sdk/workflow"
)

// compensation is the stack of what has to be undone when a run does not reach its switch. Push before the deed: a
// deed that failed half-way needs its undoing too, and undoing what was never done is harmless.
type compensation struct {
	undos []undo
	// left names what could not be undone, "host: thing".
	left []string
}

type undo struct {
	// thing is what stays behind if it fails.
	thing string
	run   func(workflow.Context) error
}

func (c *compensation) push(thing string, run func(workflow.Context) error) {
	c.undos = append(c.undos, undo{thing: thing, run: run})
}

// run undoes everything, newest first, and goes on past failures, which it collects. The context's cancellation does
// not reach it.
func (c *compensation) run(ctx workflow.Context) error {
	ctx, stop := workflow.NewDisconnectedContext(ctx)
	defer stop()
	var first error
	for len(c.undos) > 0 {
		newest := c.undos[len(c.undos)-1]
		c.undos = c.undos[:len(c.undos)-1]
		if err := newest.run(ctx); err != nil {
			c.left = append(c.left, newest.thing)
			if first == nil {
				first = err
			}
		}
	}
	return first
}
