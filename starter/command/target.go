package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/queue"
	"github.com/longshore-dev/longshore/workflows"
)

// target is one run of a site, which may still wait for its turn.
type target struct {
	site     app.Site
	request  string // the request's id
	workflow string // the run's workflow id
	kind     app.RunKind
	title    string
}

// handle is how commands name the run.
func (t target) handle() string { return t.request + " --site " + t.site.Name }

// errNoSuchRun says that a site has no run of the name given.
var errNoSuchRun = errors.New("there is no such run")

// named is the run that a user names by its request's id or its workflow id.
func (s *session) named(ctx context.Context, site app.Site, name string) (target, error) {
	for _, kind := range app.RunKinds() {
		if request, ok := strings.CutPrefix(name, workflows.RunID(site, kind, "")); ok && request != "" {
			return target{site: site, request: request, workflow: name, kind: kind, title: title(site, string(kind))}, nil
		}
	}
	if strings.Contains(name, "/") {
		return target{}, fmt.Errorf("%w: %s is no run of %s", errNoSuchRun, name, site)
	}
	state, err := s.queue(site).State(ctx, name)
	if err != nil {
		return target{}, err
	}
	for _, w := range known(state) {
		if w.ID == name {
			return targetOf(site, w), nil
		}
	}
	return target{}, fmt.Errorf("%w: %s knows no request %s", errNoSuchRun, site, name)
}

// newest is the site's run under way; else the one whose turn is next, else the last that ended.
func (s *session) newest(ctx context.Context, site app.Site) (target, error) {
	state, err := s.queue(site).State(ctx, "")
	if errors.Is(err, queue.ErrNoWorker) {
		return s.listed(ctx, site)
	}
	if err != nil {
		return target{}, err
	}
	all := known(state)
	if len(all) == 0 {
		return target{}, fmt.Errorf("%w of %s", queue.ErrNone, site)
	}
	return targetOf(site, all[0]), nil
}

// known are the requests of a state: the one under way, those that wait, those that have ended.
func known(state workflows.SiteState) []workflows.Waiting {
	var all []workflows.Waiting
	if state.Running != nil {
		all = append(all, *state.Running)
	}
	all = append(all, state.Queue...)
	for _, e := range state.Ended {
		all = append(all, e.Waiting)
	}
	return all
}

func targetOf(site app.Site, w workflows.Waiting) target {
	return target{site: site, request: w.ID, workflow: w.WorkflowID, kind: w.Kind, title: title(site, queue.Name(w.Kind, w.Source))}
}

// listed is the site's newest run as the engine lists it: that needs no worker.
func (s *session) listed(ctx context.Context, site app.Site) (target, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	kinds := make([]string, 0, len(app.RunKinds()))
	for _, kind := range app.RunKinds() {
		kinds = append(kinds, "'"+string(kind)+"'")
	}
	answer, err := s.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: s.target.Namespace,
		PageSize:  20,
		Query:     fmt.Sprintf("%s = '%s' AND WorkflowType IN (%s)", workflows.AttributeSite, site, strings.Join(kinds, ", ")),
	})
	if err != nil {
		return target{}, fmt.Errorf("look for the runs of %s: %w", site, err)
	}
	found := answer.GetExecutions()
	if len(found) == 0 {
		return target{}, fmt.Errorf("%w of %s", queue.ErrNone, site)
	}
	first := slices.MaxFunc(found, func(a, b *workflowpb.WorkflowExecutionInfo) int {
		return cmp.Compare(a.GetStartTime().AsTime().UnixNano(), b.GetStartTime().AsTime().UnixNano())
	})
	return s.named(ctx, site, first.GetExecution().GetWorkflowId())
}
