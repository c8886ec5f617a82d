package engine

import (
	"context"
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/activities/codec"
	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/workflows"
)

// ErrOtherKeys says that what the engine holds was encrypted with another key ring than this machine's. Requests would be
// read by no worker, or their answers by nobody here.
var ErrOtherKeys = errors.New("what the engine holds was encrypted with another key ring")

// checkKeys has the newest open site's workflow read with the ring. Where that cannot be asked, or there is none, nothing
// is wrong that is known of.
func checkKeys(ctx context.Context, c client.Client, namespace string, ring *keyring.Ring) error {
	found, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: namespace, PageSize: 1,
		Query: fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus = 'Running'", workflows.SiteName),
	})
	if err != nil || len(found.GetExecutions()) == 0 {
		return nil
	}
	site := found.Executions[0].GetExecution()
	history := c.GetWorkflowHistory(ctx, site.GetWorkflowId(), site.GetRunId(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	if !history.HasNext() {
		return nil
	}
	first, err := history.Next()
	if err != nil {
		return nil
	}
	_, err = codec.New(ring).Decode(first.GetWorkflowExecutionStartedEventAttributes().GetInput().GetPayloads())
	var unknown *keyring.UnknownKeyError
	if errors.As(err, &unknown) || errors.Is(err, keyring.ErrWrongKey) {
		return fmt.Errorf("%w (%s: %w); to give up what the engine holds, end what is open in it, or start with another database", ErrOtherKeys, site.GetWorkflowId(), err)
	}
	return nil
}
