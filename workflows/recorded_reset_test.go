package workflows_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/longshore-dev/longshore/activities"
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

// A finished run is reset to each of its steps.
func TestResetOfARecordedRunAtEveryStep(t *testing.T) {
	one := []string{"web-1"}
	two := []string{"web-1", "web-2"}
	scale := recordedOn(one...)
	scale.Replicas = map[string]int{"web": 3, "worker": 0}
	for name, c := range map[string]struct {
		before       []string // sources
		workflow, in any
		hosts        []string
	}{
		"rollback":          {[]string{"aaa", "bbb"}, workflows.Rollback, recordedOn(one...), one},
		"rollback by name":  {[]string{"aaa", "bbb"}, workflows.Rollback, namedRelease("1-aaa", one...), one},
		"restart":           {[]string{"aaa"}, workflows.Restart, recordedOn(one...), one},
		"scale":             {[]string{"aaa"}, workflows.Scale, scale, one},
		"start":             {[]string{"aaa"}, workflows.Start, recordedOn(one...), one},
		"repair a new host": {[]string{"aaa"}, workflows.Repair, recordedOn(two...), two},
		"stop":              {[]string{"aaa"}, workflows.Stop, stopOn(one...), one},
		"remove":            {[]string{"aaa"}, workflows.Remove, stopOn(one...), one},
	} {
		begin := func(t *testing.T) (*deploys, *told) {
			d := world(c.hosts...)
			d.history(t, one, c.before...)
			if name == "start" {
				want(t, d.play(t, workflows.Stop, stopOn(one...), &memory.Run{}), app.Succeeded)
			}
			history, around := listenTo((*memory.Attempt).Work)
			want(t, d.play(t, c.workflow, c.in, &memory.Run{Around: around}), app.Succeeded)
			return d, history
		}
		_, history := begin(t)
		for n := range history.spots {
			t.Run(fmt.Sprintf("%s %d %s", name, n, history.spots[n]), func(t *testing.T) {
				t.Parallel()
				d, history := begin(t)
				before := timeless(d.states(c.hosts...))
				again := d.play(t, c.workflow, c.in, &memory.Run{ResetOf: fmt.Sprintf("run-%d", d.runs), Around: history.until(n)})
				// One that is reset between its looks at two hosts has one look of before and one of after: it may fail on that.
				torn := history.spots[n].step == activities.Observe.Name && again.Result.Outcome == app.FailedClean
				if o := again.Result.Outcome; o != app.Succeeded && o != app.Unchanged && !torn {
					t.Errorf("%q: %+v", o, again.Result.Failure)
				}
				same(t, before, timeless(d.states(c.hosts...)))
			})
		}
	}
}

func namedRelease(to string, hosts ...string) workflows.RecordedInput {
	in := recordedOn(hosts...)
	in.To = to
	return in
}

// timeless leaves out of the records when, and by which of a run's resets, they were written.
func timeless(states map[string]memory.State) map[string]memory.State {
	written := regexp.MustCompile(`"(at|run_id)":"[^"]*",?|"fence":[0-9]+,?`)
	for _, s := range states {
		for path, text := range s.Files {
			s.Files[path] = written.ReplaceAllString(text, "")
		}
	}
	return states
}
