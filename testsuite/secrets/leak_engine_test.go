//go:build e2e

package secrets

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/proxy"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/longshore-dev/longshore/activities/codec"
	"github.com/longshore-dev/longshore/activities/engine"
	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/testsuite/harness"
)

// executions are all workflows that the engine has, of sites, runs and rotations.
func (h *hunt) executions() []*commonpb.WorkflowExecution {
	h.t.Helper()
	var found []*commonpb.WorkflowExecution
	request := &workflowservice.ListWorkflowExecutionsRequest{}
	for {
		page, err := h.client.ListWorkflow(h.t.Context(), request)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, execution := range page.GetExecutions() {
			found = append(found, execution.GetExecution())
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return found
		}
	}
}

// histories are all that was written to the engine, in the clear: each event, and each payload by itself.
func (h *hunt) histories(look look) {
	h.t.Helper()
	ring, err := keyring.Open(engine.KeyRingPath(h.world.State))
	if err != nil {
		h.t.Fatal(err)
	}
	key := codec.New(ring)
	for _, execution := range h.executions() {
		id := execution.GetWorkflowId()
		events := h.client.GetWorkflowHistory(h.t.Context(), id, execution.GetRunId(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			event, err := events.Next()
			if err != nil {
				h.t.Fatal(err)
			}
			where := fmt.Sprintf("%s, event %d, %s", id, event.GetEventId(), event.GetEventType())
			err = proxy.VisitPayloads(h.t.Context(), event, proxy.VisitPayloadsOptions{
				SkipSearchAttributes: true,
				Visitor: func(_ *proxy.VisitPayloadsContext, payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
					clear, err := key.Decode(payloads)
					for _, payload := range clear {
						look(where, payload.GetData())
					}
					return clear, err
				},
			})
			if err != nil {
				h.t.Fatal(err)
			}
			shown, err := protojson.Marshal(event)
			if err != nil {
				h.t.Fatal(err)
			}
			look(where, shown)
		}
	}
}

// webUI are the answers that the web UI makes its pages of: the list, and each workflow's description and history, with
// the payloads as the codec endpoint decodes them.
func (h *hunt) webUI(look look) {
	h.t.Helper()
	endpoints, err := engine.ReadEndpoints(h.world.State)
	if err != nil {
		h.t.Fatal(err)
	}
	address, err := url.Parse(endpoints.Codec)
	if err != nil {
		h.t.Fatal(err)
	}
	h.world.Start(h.world.Home, "codec", "--listen", address.Host, "--origin", endpoints.UI)
	list := endpoints.UI + "/api/v1/namespaces/" + client.DefaultNamespace + "/workflows"
	pages := []string{list}
	for _, execution := range h.executions() {
		page := list + "/" + url.PathEscape(execution.GetWorkflowId())
		run := "execution.runId=" + execution.GetRunId()
		pages = append(pages, page+"?"+run, page+"/history?maximumPageSize=10000&"+run)
	}
	for _, page := range pages {
		var answer any
		text := h.ask(http.MethodGet, page, nil)
		if err := json.Unmarshal(text, &answer); err != nil {
			h.t.Fatalf("%s: %v: %s", page, err, text)
		}
		look(page, text)
		payloads := payloadsIn(answer)
		if len(payloads) == 0 {
			continue
		}
		question, err := json.Marshal(map[string]any{"payloads": payloads})
		if err != nil {
			h.t.Fatal(err)
		}
		look(page+", decoded", h.ask(http.MethodPost, endpoints.Codec+"/decode", question))
	}
}

// payloadsIn are all payloads in a JSON document.
func payloadsIn(document any) []any {
	var found []any
	switch at := document.(type) {
	case map[string]any:
		if at["metadata"] != nil && at["data"] != nil {
			return []any{at}
		}
		for _, part := range at {
			found = append(found, payloadsIn(part)...)
		}
	case []any:
		for _, part := range at {
			found = append(found, payloadsIn(part)...)
		}
	}
	return found
}

// ask asks as a page of the web UI does, until it is answered.
func (h *hunt) ask(method, address string, body []byte) []byte {
	h.t.Helper()
	var answer []byte
	harness.Eventually(h.t, time.Minute, func() error {
		ctx, cancel := context.WithTimeout(h.t.Context(), 30*time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
		if err != nil {
			h.t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Origin", h.engine.UI)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if answer, err = io.ReadAll(response.Body); err == nil && response.StatusCode != http.StatusOK {
			err = errors.New(response.Status + ": " + strings.TrimSpace(string(answer)))
		}
		return err
	})
	return answer
}
