package workflows

import (
	"go.temporal.io/sdk/workflow"
)

// compensation is what has to be undone when a run does not reach its switch: a stack for each host. Push before the
// deed: a deed that failed half-way needs its undoing too, and undoing what was never done is harmless.
type compensation struct {
	hosts  []string // in the order of their first push
	stacks map[string][]undo
	// left names what could not be undone, "host: thing", and failed says why the first of it could not.
	left   []string
	failed error
}

type undo struct {
	// thing is what stays behind if it fails.
	thing string
	run   func(workflow.Context) error
}

func (c *compensation) push(host, thing string, run func(workflow.Context) error) {
	if c.stacks == nil {
		c.stacks = map[string][]undo{}
	}
	if _, known := c.stacks[host]; !known {
		c.hosts = append(c.hosts, host)
	}
	c.stacks[host] = append(c.stacks[host], undo{thing: host + ": " + thing, run: run})
}

func (c *compensation) empty() bool { return len(c.hosts) == 0 }

// run undoes everything, on each host newest first, and goes on past failures, which it collects. A host that cannot be
// reached keeps no other waiting. The context's cancellation does not reach it. Run again, it answers the same.
func (c *compensation) run(ctx workflow.Context) error {
	ctx, stop := workflow.NewDisconnectedContext(ctx)
	defer stop()
	group := workflow.NewWaitGroup(ctx)
	for _, host := range c.hosts {
		stack := c.stacks[host]
		c.stacks[host] = nil
		group.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer group.Done()
			c.unwind(ctx, stack)
		})
	}
	group.Wait(ctx)
	return c.failed
}

// take answers a host's stack, which run then leaves out.
func (c *compensation) take(host string) []undo {
	stack := c.stacks[host]
	delete(c.stacks, host)
	return stack
}

// merge adds what another could not undo.
func (c *compensation) merge(other compensation) {
	c.left = append(c.left, other.left...)
	if c.failed == nil {
		c.failed = other.failed
	}
}

func (c *compensation) unwind(ctx workflow.Context, stack []undo) {
	for i := len(stack) - 1; i >= 0; i-- {
		err := stack[i].run(ctx)
		if err == nil {
			continue
		}
		c.left = append(c.left, stack[i].thing)
		if c.failed == nil {
			c.failed = err
		}
	}
}
