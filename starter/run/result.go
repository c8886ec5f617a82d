package run

import (
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// ErrReplaced says that a run was ended in favour of a newer one of the same workflow id: it was reset, or continued.
var ErrReplaced = errors.New("the run was replaced by a newer one")

// Result reads how a run ended from its last event. It fails with ErrReplaced where another run may carry on. A run
// that ended without a result of its own (it was terminated, or its workflow is broken) gets one that says so.
func (f Fold) Result(site app.Site, last *historypb.HistoryEvent) (app.Result, error) {
	var result app.Result
	switch last.GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
		if err := f.Data.FromPayloads(last.GetWorkflowExecutionCompletedEventAttributes().GetResult(), &result); err != nil {
			return result, fmt.Errorf("read the run's result: %w", err)
		}
		return result, nil
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
		err := f.Failures.FailureToError(last.GetWorkflowExecutionFailedEventAttributes().GetFailure())
		return activities.ResultOf(site.String(), err), nil
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
		details := last.GetWorkflowExecutionCanceledEventAttributes().GetDetails()
		if len(details.GetPayloads()) > 0 {
			if err := f.Data.FromPayloads(details, &result); err != nil {
				return result, fmt.Errorf("read the run's result: %w", err)
			}
			return result, nil
		}
		return app.Result{Outcome: app.Cancelled, Site: site.String()}, nil
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
		return activities.Broken(site.String(), "the run was terminated, so that nothing could be undone"), ErrReplaced
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
		return activities.Broken(site.String(), "the run was continued as another"), ErrReplaced
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
		return activities.Broken(site.String(), "the run took longer than the engine allows, and could not undo what it had done"), nil
	}
	return result, fmt.Errorf("read the run's result: it ended with %s, which is not known", last.GetEventType())
}
