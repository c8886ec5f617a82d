package reader

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/internal/app"
)

// program is a reader whose worker is a shell script.
func program(t *testing.T, script string) Reader {
	t.Helper()
	path := filepath.Join(t.TempDir(), "worker")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return Reader{Program: path}
}

func TestEachGetsEveryHost(t *testing.T) {
	r := program(t, `[ "$*" = "read ps" ] || exit 9
grep -q '"hosts":\[{"name":"web-1"' || exit 8
echo '{"host":"web-1","containers":[{"name":"a"}]}'
echo '{"host":"web-2","problem":{"message":"down"},"containers":null}'`)
	var hosts []string
	err := Each(t.Context(), r, inspect.Request{Op: inspect.OpPs, Hosts: []app.Host{{Name: "web-1"}}}, func(answer inspect.PsResponse) error {
		hosts = append(hosts, answer.Host)
		return nil
	})
	if diff := cmp.Diff([]string{"web-1", "web-2"}, hosts); err != nil || diff != "" {
		t.Errorf("%v; hosts (-want +got):\n%s", err, diff)
	}
}

func TestEachFails(t *testing.T) {
	stop := errors.New("stop")
	tests := map[string]struct {
		script, want string
	}{
		"with what the program complains of":  {`echo "no such key" >&2; exit 1`, "no such key"},
		"with its exit code where it is mute": {`exit 3`, "exit status 3"},
		"on an answer that is none":           {`echo hello`, "same version"},
		"with the caller's own error":         {`echo '{"host":"web-1"}'; exec sleep 60`, "stop"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			err := Each(t.Context(), program(t, test.script), inspect.Request{Op: inspect.OpPs}, func(inspect.PsResponse) error { return stop })
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if time.Since(begin) > 20*time.Second {
				t.Error("the program is waited for")
			}
		})
	}
	if err := Each(t.Context(), Reader{Program: "/nowhere"}, inspect.Request{}, func(inspect.PsResponse) error { return nil }); err == nil {
		t.Error("a program that is not there gives no error")
	}
}

func TestStreamEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out bytes.Buffer
	got := writer(func(p []byte) (int, error) {
		out.Write(p)
		cancel()
		return len(p), nil
	})
	err := program(t, "echo one; exec sleep 60").Stream(ctx, inspect.Request{Op: inspect.OpLogs}, got)
	if !errors.Is(err, context.Canceled) || out.String() != "one\n" {
		t.Errorf("got %v and %q", err, out.String())
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }
