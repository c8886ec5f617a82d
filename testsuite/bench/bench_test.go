//go:build bench

// Package bench measures what docs/benchmarks.md reports, through the built binaries, and prints it as a table. It
// asserts no times: a number is for people to read beside the baseline of the same run.
package bench

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// row is one line of the table.
type row struct{ what, got, wanted string }

// scene is a user's machine with an engine and a worker, and one server.
type scene struct {
	*harness.World
	worker *harness.Process
	host   *hosts.Host
}

func TestBench(t *testing.T) {
	s := &scene{World: harness.New(t), host: hosts.Start(t)}
	s.Trust(s.host)
	s.StartEngine()
	s.worker = s.StartWorker("worker")
	var rows []row
	for _, measure := range []func(*testing.T, *scene) []row{version, firstStep, redeploy, rollback, tenDeploys, transfers, edgeThroughput, openDeploys, bareHost} {
		measured := measure(t, s)
		rows = append(rows, measured...)
		for _, r := range measured {
			t.Logf("%s: %s", r.what, r.got)
		}
	}
	var table strings.Builder
	table.WriteString("\n| what | measured | wanted |\n|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&table, "| %s | %s | %s |\n", r.what, r.got, r.wanted)
	}
	if _, err := os.Stdout.WriteString(table.String()); err != nil {
		t.Fatal(err)
	}
}

// must runs longshore to a good end and answers how long it took.
func (s *scene) must(t *testing.T, dir string, args ...string) time.Duration {
	t.Helper()
	start := time.Now()
	out := s.Run(t.Context(), dir, args...)
	if out.Code != 0 {
		t.Fatalf("longshore %v: %s", args, out)
	}
	return time.Since(start)
}
