package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPage(t *testing.T) {
	for name, test := range map[string]struct {
		store http.HandlerFunc
		want  string
	}{
		"counts":             {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "7\n") }, "Visits: 7\n"},
		"store out of order": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, "not counted"},
	} {
		t.Run(name, func(t *testing.T) {
			store := httptest.NewServer(test.store)
			defer store.Close()
			answer := httptest.NewRecorder()
			routes(store.URL).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
			if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), test.want) {
				t.Errorf("got %d %q, want %q", answer.Code, answer.Body, test.want)
			}
		})
	}
}
