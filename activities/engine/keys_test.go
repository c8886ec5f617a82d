package engine

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"

	"github.com/longshore-dev/longshore/activities/codec"
	"github.com/longshore-dev/longshore/internal/keyring"
)

// holding is an engine with one open site, whose workflow was given the input; none without.
type holding struct {
	workflowservice.UnimplementedWorkflowServiceServer
	input []*commonpb.Payload
}

func (h *holding) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{}, nil
}

func (h *holding) ListWorkflowExecutions(context.Context, *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	out := &workflowservice.ListWorkflowExecutionsResponse{}
	if h.input != nil {
		out.Executions = []*workflowpb.WorkflowExecutionInfo{{Execution: &commonpb.WorkflowExecution{WorkflowId: "site/default/shop/production", RunId: "run"}}}
	}
	return out, nil
}

func (h *holding) GetWorkflowExecutionHistory(context.Context, *workflowservice.GetWorkflowExecutionHistoryRequest) (*workflowservice.GetWorkflowExecutionHistoryResponse, error) {
	started := &historypb.WorkflowExecutionStartedEventAttributes{Input: &commonpb.Payloads{Payloads: h.input}}
	return &workflowservice.GetWorkflowExecutionHistoryResponse{History: &historypb.History{Events: []*historypb.HistoryEvent{
		{EventId: 1, Attributes: &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{WorkflowExecutionStartedEventAttributes: started}},
	}}}, nil
}

// serve answers the engine's address.
func serve(t *testing.T, h *holding) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	workflowservice.RegisterWorkflowServiceServer(server, h)
	go func() { _ = server.Serve(listener) }() // ends with the test
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

func inputBy(t *testing.T, ring *keyring.Ring) []*commonpb.Payload {
	t.Helper()
	sealed, err := codec.New(ring).Encode([]*commonpb.Payload{{Data: []byte("input")}})
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func openRing(t *testing.T, path string) *keyring.Ring {
	t.Helper()
	ring, err := keyring.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// A request that no worker can read would wait for ever.
func TestDialRefusesAnEngineOfOtherKeys(t *testing.T) {
	dir := isolate(t)
	own, other := openRing(t, KeyRingPath(dir)), openRing(t, KeyRingPath(t.TempDir()))
	before := inputBy(t, own)
	if _, err := keyring.Rotate(own.Path()); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		input []*commonpb.Payload
		wrong bool
	}{
		"nothing yet":           {nil, false},
		"this ring's":           {inputBy(t, own), false},
		"an older key of it":    {before, false},
		"not encrypted":         {[]*commonpb.Payload{{Data: []byte("x")}}, false},
		"another machine's key": {inputBy(t, other), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TEMPORAL_ADDRESS", serve(t, &holding{input: test.input}))
			c, err := Dial(t.Context(), Settings{State: dir})
			if err == nil {
				c.Close()
			}
			if errors.Is(err, ErrOtherKeys) != test.wrong || (!test.wrong && err != nil) {
				t.Fatalf("got %v", err)
			}
			if test.wrong && (!strings.Contains(err.Error(), "site/default/shop/production") || !strings.Contains(err.Error(), "copy the key ring")) {
				t.Errorf("%v does not say what to do", err)
			}
		})
	}
}
