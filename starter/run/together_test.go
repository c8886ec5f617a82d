package run

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// steps names a view's steps and their states, in order.
func steps(v View) []string {
	var out []string
	for _, s := range v.Steps {
		out = append(out, s.ID+" "+string(s.State))
	}
	return out
}

func TestTogether(t *testing.T) {
	together := Together{Runs: 2}
	var last View
	show := func(run string, v View) {
		t.Helper()
		before := len(last.Steps)
		together.Show(run, v, func(v View) { last = v })
		if len(last.Steps) < before {
			t.Errorf("steps went away: %q", steps(last))
		}
	}
	show("a", View{Started: at(2), Steps: []Step{{ID: "1", State: Running}}})
	show("b", View{Started: at(1), Waiting: WaitingForWorker})
	show("b", View{Started: at(1), Steps: []Step{{ID: "1", State: Running}}})
	show("a", View{Started: at(2), Steps: []Step{{ID: "1", State: Done}, {ID: "2", State: Running}}})
	if diff := cmp.Diff([]string{"a/1 done", "b/1 running", "a/2 running"}, steps(last)); diff != "" {
		t.Errorf("steps in the order of their first sight (-want +got):\n%s", diff)
	}
	if !last.Started.Equal(at(1)) || last.Waiting != "" {
		t.Errorf("it began at %s and waits for %q", last.Started, last.Waiting)
	}
	show("a", View{Started: at(2), Ended: at(9), Steps: []Step{{ID: "1", State: Done}, {ID: "2", State: Done}}})
	if !last.Ended.IsZero() {
		t.Error("all have ended with the first")
	}
	// A reset run begins its steps anew.
	show("b", View{Started: at(1)})
	show("b", View{Started: at(1), Ended: at(8), Steps: []Step{{ID: "1", State: Done}, {ID: "2", State: Done}}})
	if diff := cmp.Diff([]string{"a/1 done", "b/1 done", "a/2 done", "b/2 done"}, steps(last)); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if !last.Ended.Equal(at(9)) {
		t.Errorf("all ended at %s", last.Ended)
	}
}

// TestTogetherAlone leaves the only run as it is.
func TestTogetherAlone(t *testing.T) {
	together := Together{Runs: 1}
	together.Show("a", View{Started: at(1), URL: "http://ui", Steps: []Step{{ID: "1"}}}, func(v View) {
		if v.URL != "http://ui" || v.Steps[0].ID != "1" {
			t.Errorf("got %+v", v)
		}
	})
}
