package workflows

import (
	"errors"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// work does the next run, from its turn to its end.
func (s *site) work(ctx workflow.Context) {
	// A site that is asked to end still sees its run through.
	ctx, stop := workflow.NewDisconnectedContext(ctx)
	defer stop()
	s.adoptOpen(ctx)
	run := s.queue().begin(workflow.Now(ctx))
	if run == nil {
		return // withdrawn meanwhile
	}
	s.show(ctx)
	s.end(ctx, s.follow(ctx, run))
}

// follow starts a run and waits for its end. A run of the same id that was begun before, by a workflow of the site that
// was lost or reset, is waited for instead.
func (s *site) follow(ctx workflow.Context, run *queued) app.Result {
	child := workflow.ExecuteChildWorkflow(s.childOptions(ctx, run), string(run.Request.Kind), run.Request.input(s.Fence+1, s.Number, run.BrokeFreeze))
	err := child.GetChildWorkflowExecution().Get(ctx, nil)
	if err != nil {
		// It is there already. Any other reason does not come back: the engine tries on.
		return s.rejoin(ctx, run.WorkflowID)
	}
	s.begun = run.WorkflowID
	var result app.Result
	if err = child.Get(ctx, &result); err == nil {
		return result
	}
	var terminated *temporal.TerminatedError
	if errors.As(err, &terminated) {
		// Ended by hand without a word, or begun again as another run of the same id.
		return s.rejoin(ctx, run.WorkflowID)
	}
	return activities.ResultOf(s.id.String(), err)
}

// rejoin waits for a run that goes on by itself.
func (s *site) rejoin(ctx workflow.Context, workflowID string) app.Result {
	s.begun = workflowID
	for {
		result, err := activities.Rejoin.Run(ctx, activities.RejoinInput{WorkflowID: workflowID, Site: s.id})
		if err == nil {
			return result
		}
		// It only fails with the engine itself, or with its time: the run goes on all the same, and so no other may begin.
		workflow.GetLogger(ctx).Warn("wait for a run", "run", workflowID, "error", err)
		if workflow.Sleep(ctx, rejoinAgain) != nil {
			return result
		}
	}
}

// rejoinAgain is the wait before a run is waited for again.
const rejoinAgain = 10 * time.Second

// adoptOpen waits for runs of the site that are under way without having been begun by this workflow, or that were
// reset after their end: only then is it the next one's turn. Runs of requests that left the queue are asked for as well.
func (s *site) adoptOpen(ctx workflow.Context) {
	doubtful := s.queue().Doubtful
	s.queue().Doubtful = nil
	open, err := activities.OpenRuns.Run(ctx, activities.OpenRunsInput{Site: s.id, Doubtful: doubtful})
	if err != nil {
		// The fence on the hosts keeps two runs apart all the same.
		workflow.GetLogger(ctx).Warn("look for runs under way", "error", err)
	}
	for _, id := range open {
		s.queue().adopt(id, workflow.Now(ctx))
		s.show(ctx)
		s.end(ctx, s.rejoin(ctx, id))
	}
}

// end takes in what the run under way has left.
func (s *site) end(ctx workflow.Context, result app.Result) {
	kind := s.queue().Running.Request.Kind
	s.begun = ""
	s.queue().end(result, workflow.Now(ctx))
	s.takeIn(kind, result)
	s.show(ctx)
}

// takeIn notes what serves after a run. One that came late to the site's knowledge says nothing of the present: a newer
// one has taken the fence since.
func (s *site) takeIn(kind app.RunKind, result app.Result) {
	if 0 < result.Fence && result.Fence < s.Fence {
		return
	}
	s.Fence = max(s.Fence, result.Fence)
	switch result.Outcome {
	case app.Succeeded, app.Unchanged, app.Partial:
		s.Current, s.Behind = result.Release, result.Behind
		s.Number = max(s.Number, app.ReleaseNumber(result.Release))
		if kind == app.RunRemove && result.Outcome != app.Partial {
			s.Current, s.Number = "", 0
		}
	default:
		if release, all := servingAll(result); all {
			s.Current = release
		}
	}
}

// servingAll is the release that all hosts of a result serve, if it is one.
func servingAll(result app.Result) (release string, all bool) {
	for i, h := range result.Hosts {
		if h.Release == "" || (i > 0 && h.Release != release) {
			return "", false
		}
		release = h.Release
	}
	return release, release != ""
}

// childOptions are what the engine and its web UI are told of a run.
func (s *site) childOptions(ctx workflow.Context, run *queued) workflow.Context {
	hosts := hostNames(run.Request.hosts())
	return workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            run.WorkflowID,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		ParentClosePolicy:     enums.PARENT_CLOSE_POLICY_ABANDON,
		WaitForCancellation:   true,
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword(AttributeSite).ValueSet(s.id.String()),
			temporal.NewSearchAttributeKeyKeyword(AttributeProject).ValueSet(s.id.Project),
			temporal.NewSearchAttributeKeyKeywordList(AttributeHost).ValueSet(hosts),
		),
		Memo:          map[string]any{MemoBy: run.Request.order().By},
		StaticSummary: run.Request.summary(),
		StaticDetails: run.Request.details(),
	})
}
