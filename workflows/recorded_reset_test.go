package workflows_test

import (
	"fmt"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// A finished run that is reset to its first moment finds its own work, and leaves all as it is. That matters most where
// the run asks for a step from what is there: back by one, or new containers.
func TestResetOfAFinishedRun(t *testing.T) {
	hosts := []string{"web-1", "web-2"}
	scale := recordedOn(hosts...)
	scale.Replicas = map[string]int{"web": 3}
	for name, c := range map[string]struct{ workflow, in any }{
		"rollback": {workflows.Rollback, recordedOn(hosts...)},
		"restart":  {workflows.Restart, recordedOn(hosts...)},
		"scale":    {workflows.Scale, scale},
		"repair":   {workflows.Repair, recordedOn(hosts...)},
		"stop":     {workflows.Stop, stopOn(hosts...)},
		"remove":   {workflows.Remove, stopOn(hosts...)},
	} {
		t.Run(name, func(t *testing.T) {
			d := world(hosts...)
			d.history(t, hosts, "aaa", "bbb", "ccc")
			if name == "repair" {
				d.harm(t, "ContainerStop", "shop-production-worker-3-ccc-1")
			}
			want(t, d.play(t, c.workflow, c.in, &memory.Run{}), app.Succeeded)
			before := d.states(hosts...)
			original := fmt.Sprintf("run-%d", d.runs)
			for range 2 { // the reset of a reset, too
				want(t, d.play(t, c.workflow, c.in, &memory.Run{ResetOf: original}), app.Unchanged)
				same(t, before, d.states(hosts...))
			}
		})
	}
}

// A run that broke off half-way goes on with what it has begun.
func TestResetOfARollbackThatBrokeOff(t *testing.T) {
	hosts := []string{"web-1", "web-2"}
	d := world(hosts...)
	d.history(t, hosts, "aaa", "bbb", "ccc")
	want(t, d.rollback(t, "", hosts...), app.Succeeded)
	original := fmt.Sprintf("run-%d", d.runs)
	// As if it had been ended before it was recorded on the second host.
	files := d.Machine("web-2").Host().Files()
	if err := files.Write(t.Context(), "sites/default/shop/production/current", []byte("3-ccc\n"), 0); err != nil {
		t.Fatal(err)
	}
	if err := files.Remove(t.Context(), "sites/default/shop/production/releases/4-bbb.json"); err != nil {
		t.Fatal(err)
	}
	ended := d.play(t, workflows.Rollback, recordedOn(hosts...), &memory.Run{ResetOf: original})
	want(t, ended, app.Succeeded)
	for _, h := range hosts {
		d.tidy(t, h)
		if d.live(h) != "5-bbb" || d.current(h) != "5-bbb" {
			t.Errorf("%s serves %q, and records %q", h, d.live(h), d.current(h))
		}
	}
}
