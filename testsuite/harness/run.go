package harness

import (
	"context"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

// LastRun is the workflow id of a site's newest run, under way or ended.
func (w *World) LastRun(site app.Site) string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
	defer cancel()
	var state workflows.SiteState
	answer, err := w.Client().QueryWorkflow(ctx, workflows.SiteID(site), "", workflows.QueryState, workflows.StateQuery{})
	if err == nil {
		err = answer.Get(&state)
	}
	switch {
	case err != nil:
		w.t.Fatal(err)
	case state.Running != nil:
		return state.Running.WorkflowID
	case len(state.Ended) == 0:
		w.t.Fatalf("%s has had no run", site)
	}
	return state.Ended[0].WorkflowID
}
