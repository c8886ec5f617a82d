//go:build e2e

package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// patience bounds one deploy, and one wait for a thing that must come.
const patience = 2 * time.Minute

// scene is a user's machine with an engine and a worker that run, and one server that it trusts. Its subtests share it.
type scene struct {
	*harness.World
	engine *harness.Engine
	worker *harness.Process
	host   *hosts.Host
}

func newScene(t *testing.T, options ...hosts.Option) *scene {
	t.Helper()
	w := harness.New(t)
	s := &scene{World: w, host: hosts.Start(t, options...)}
	w.Trust(s.host)
	s.engine, s.worker = w.StartEngine(), w.StartWorker("worker")
	return s
}

// run runs longshore to its end.
func (s *scene) run(t *testing.T, dir string, args ...string) harness.Output {
	t.Helper()
	return finish(t, s.Start(dir, args...))
}

func finish(t *testing.T, c *harness.Command) harness.Output {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := c.Wait(ctx)
	if err != nil {
		t.Fatalf("longshore did not end: %v\n%s", err, out)
	}
	return out
}

// on runs a command on a server.
func on(t *testing.T, h *hosts.Host, args ...string) string {
	t.Helper()
	out, err := h.Exec(t.Context(), args...)
	if err != nil {
		t.Fatalf("%s: %v", args[0], err)
	}
	return out
}

// ended is a deploy that has ended.
type ended struct {
	harness.Output
	app.Result
}

// String is what the CLI said.
func (e ended) String() string { return e.Output.String() }

// want checks how a deploy ended.
func (e ended) want(t *testing.T, outcome app.Outcome, code int) {
	t.Helper()
	if e.Outcome != outcome || e.Code != code {
		t.Fatalf("the outcome is %q, not %q, or the code is not %d: %s", e.Outcome, outcome, code, e)
	}
}
