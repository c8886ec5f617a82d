package planner

import (
	"cmp"
	"slices"

	"github.com/longshore-dev/longshore/internal/app"
)

// StopOrder are the names of a site's running containers on a host in the order in which they are to stop: what depends
// on others before what it depends on, as the spec says, each step at once. What the spec does not know goes first.
func StopOrder(spec app.Spec, o app.Observed) [][]string {
	st := stagesOf(spec)
	stageOf := func(c app.ContainerState) int {
		if stage, ok := st.of[c.Labels[app.LabelService]]; ok {
			return stage
		}
		return st.last + 1
	}
	var running []app.ContainerState
	for _, c := range o.Containers {
		if c.Status == "running" || c.Status == "restarting" || c.Status == "paused" {
			running = append(running, c)
		}
	}
	slices.SortFunc(running, func(a, b app.ContainerState) int {
		return cmp.Or(cmp.Compare(stageOf(b), stageOf(a)), cmp.Compare(a.Name, b.Name))
	})
	var out [][]string
	for i, c := range running {
		if i == 0 || stageOf(c) != stageOf(running[i-1]) {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], c.Name)
	}
	return out
}
