package run

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// Together makes one view of several runs, in which steps keep the order in which they were first seen. It is safe for
// concurrent use.
type Together struct {
	// Runs is how many there are; all have ended once so many have.
	Runs int

	mu    sync.Mutex
	views map[string]View
	order []stepOf
}

// stepOf is one step of one run.
type stepOf struct {
	run   string
	index int
}

// Show takes a run's newest view, and calls show with that of all. It calls show for one run at a time.
func (t *Together) Show(run string, v View, show func(View)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.views == nil {
		t.views = map[string]View{}
	}
	for i := len(t.views[run].Steps); i < len(v.Steps); i++ {
		t.order = append(t.order, stepOf{run, i})
	}
	// A reset run begins its steps anew; those that it has not repeated yet stay as they were.
	if before := t.views[run].Steps; len(v.Steps) < len(before) {
		v.Steps = append(slices.Clone(v.Steps), before[len(v.Steps):]...)
	}
	t.views[run] = v
	show(t.view())
}

func (t *Together) view() View {
	var out View
	ended := len(t.views) == t.Runs
	for _, name := range slices.Sorted(maps.Keys(t.views)) {
		v := t.views[name]
		if out.Started.IsZero() || !v.Started.IsZero() && v.Started.Before(out.Started) {
			out.Started = v.Started
		}
		out.Cancelled = out.Cancelled || v.Cancelled
		if t.Runs == 1 {
			out.URL = v.URL
		}
		if out.Waiting == "" {
			out.Waiting = v.Waiting
		}
		ended = ended && !v.Ended.IsZero()
		if v.Ended.After(out.Ended) {
			out.Ended = v.Ended
		}
	}
	if !ended {
		out.Ended = time.Time{}
	}
	for _, at := range t.order {
		step := t.views[at.run].Steps[at.index]
		if t.Runs > 1 {
			step.ID = at.run + "/" + step.ID
		}
		out.Steps = append(out.Steps, step)
	}
	return out
}
