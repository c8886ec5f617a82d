package codec

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	commonpb "go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

func TestHandlerAnswersTheWebUIOnly(t *testing.T) {
	keys := ring(t)
	sealed, err := New(keys).Encode([]*commonpb.Payload{{Data: []byte("x")}})
	if err != nil {
		t.Fatal(err)
	}
	body, err := protojson.Marshal(&commonpb.Payloads{Payloads: sealed})
	if err != nil {
		t.Fatal(err)
	}
	const ui = "http://127.0.0.1:8233"
	handler := Handler(keys, ui, "http://localhost:8233")
	tests := map[string]struct {
		method, origin, body string
		status               int
	}{
		"decode for the web UI":     {http.MethodPost, ui, string(body), http.StatusOK},
		"its other name":            {http.MethodPost, "http://localhost:8233", string(body), http.StatusOK},
		"preflight":                 {http.MethodOptions, ui, "", http.StatusNoContent},
		"another site":              {http.MethodPost, "http://evil.example", string(body), http.StatusForbidden},
		"another site's preflight":  {http.MethodOptions, "http://evil.example", "", http.StatusForbidden},
		"another port":              {http.MethodPost, "http://127.0.0.1:9999", string(body), http.StatusForbidden},
		"no origin":                 {http.MethodPost, "", string(body), http.StatusForbidden},
		"a body beyond the bound":   {http.MethodPost, ui, strings.Repeat(" ", maxBody+1), http.StatusBadRequest},
		"something else than a set": {http.MethodPost, ui, "no", http.StatusBadRequest},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			request := httptest.NewRequest(test.method, "/decode", strings.NewReader(test.body))
			if test.origin != "" {
				request.Header.Set("Origin", test.origin)
			}
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, request)
			if recorder.Code != test.status {
				t.Fatalf("status %d (%s), want %d", recorder.Code, recorder.Body, test.status)
			}
			allowed := recorder.Header().Get("Access-Control-Allow-Origin")
			if test.status == http.StatusForbidden && allowed != "" || test.status == http.StatusOK && allowed != test.origin {
				t.Errorf("allows %q to the origin %q", allowed, test.origin)
			}
			if test.status == http.StatusOK && !strings.Contains(recorder.Body.String(), `"eA=="`) {
				t.Errorf("answered %s, want the plain data", recorder.Body)
			}
		})
	}
}
