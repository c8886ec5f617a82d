package run

import (
	"errors"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/internal/app"
)

// Report reads how the bootstrap of a host ended from its last event. It fails with ErrReplaced where another run may
// carry on. A run that ended without a report of its own gets one whose failure says so.
func (f Fold) Report(host string, last *historypb.HistoryEvent) (app.BootstrapReport, error) {
	broken := func(message string) app.BootstrapReport {
		return app.BootstrapReport{Host: host, Failure: &app.Failure{
			Kind: app.KindInternal, Step: "bootstrap", Host: host, Message: message,
			Advice: "Bootstrap again: every item is whole by itself, and it goes on from what it finds.",
		}}
	}
	read := func(payloads *commonpb.Payloads) (app.BootstrapReport, error) {
		var report app.BootstrapReport
		if err := f.Data.FromPayloads(payloads, &report); err != nil {
			return report, fmt.Errorf("read the report: %w", err)
		}
		return report, nil
	}
	switch last.GetEventType() {
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
		return read(last.GetWorkflowExecutionCompletedEventAttributes().GetResult())
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
		err := f.Failures.FailureToError(last.GetWorkflowExecutionFailedEventAttributes().GetFailure())
		var report app.BootstrapReport
		application, ok := errors.AsType[*temporal.ApplicationError](err)
		if ok && application.HasDetails() && application.Details(&report) == nil && report.Failure != nil {
			return report, nil
		}
		return broken("the workflow itself failed: " + err.Error()), nil
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED:
		if details := last.GetWorkflowExecutionCanceledEventAttributes().GetDetails(); len(details.GetPayloads()) > 0 {
			return read(details)
		}
		return broken("it was cancelled before it began"), nil
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
		return broken("the run was terminated"), ErrReplaced
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
		return broken("the run was continued as another"), ErrReplaced
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT:
		return broken("the run took longer than the engine allows"), nil
	}
	return app.BootstrapReport{}, fmt.Errorf("read the report: the run ended with %s, which is not known", last.GetEventType())
}
