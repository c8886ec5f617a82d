//go:build bench

package bench

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/hosts"
	"github.com/longshore-dev/longshore/workflows"
)

// bareHost measures a server's way from bare to ready, split by step, and what a second look costs.
func bareHost(t *testing.T, s *scene) []row {
	h := hosts.Start(t, hosts.Bare())
	s.Trust(h)
	first, took := s.bootstrap(t, h)
	var steps []string
	for _, item := range first.Items {
		if item.Changed {
			steps = append(steps, fmt.Sprintf("%s %s", item.Name, short(time.Duration(item.TookMS)*time.Millisecond)))
		}
	}
	second, again := s.bootstrap(t, h)
	if n := second.Changes(); n != 0 {
		t.Errorf("the second bootstrap changed %d items: %+v", n, second.Items)
	}
	return []row{
		{"bare server to ready host (" + strings.Join(steps, ", ") + ")", short(took), ""},
		{"the same again, which changes nothing", short(again), "3 s"},
	}
}

func (s *scene) bootstrap(t *testing.T, h *hosts.Host) (app.BootstrapReport, time.Duration) {
	t.Helper()
	in := workflows.BootstrapInput{Host: h.AppHost(), By: "bench"}
	options := client.StartWorkflowOptions{ID: workflows.BootstrapID(in.Host), TaskQueue: workflows.TaskQueue}
	start := time.Now()
	run, err := s.Client().ExecuteWorkflow(t.Context(), options, workflows.BootstrapName, in)
	if err != nil {
		t.Fatal(err)
	}
	var report app.BootstrapReport
	if err := run.Get(t.Context(), &report); err != nil {
		t.Fatal(err)
	}
	return report, time.Since(start)
}
