package workflows_test

import (
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// says answers every question so; "" answers none.
func says(update string) func(workflows.Question) (string, workflows.Decision) {
	return func(workflows.Question) (string, workflows.Decision) {
		return update, workflows.Decision{By: "ada", Why: "I looked"}
	}
}

func TestApproval(t *testing.T) {
	for _, c := range []struct {
		name    string
		answer  string
		outcome app.Outcome
		text    string
	}{
		{"yes", workflows.UpdateApprove, app.Succeeded, "Approved by ada (I looked)."},
		{"no", workflows.UpdateReject, app.Refused, "2-bbb was rejected by ada (I looked)"},
		{"nobody", "", app.Refused, "nobody has approved 2-bbb within 4h0m0s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := world("web-1", "web-2")
			want(t, d.deploy(t, d.Shop("aaa", "web-1", "web-2")), app.Succeeded)
			before := d.states("web-1", "web-2")
			spec := d.Shop("bbb", "web-1", "web-2")
			spec.Approve = &app.Approve{Within: 4 * time.Hour}
			spec.Source.Subject = "Sell more"
			d.Machine("web-1").ForgetOps()
			var asked workflows.Question
			ended := d.run(t, spec, &memory.Run{Answer: func(q workflows.Question) (string, workflows.Decision) {
				asked = q
				return says(c.answer)(q)
			}})
			want(t, ended, c.outcome)
			if !asked.Waiting || asked.Yes == "" || asked.No == "" || time.Until(asked.Until) > 5*time.Hour ||
				asked.Text != "Shall the deploy of default/shop/production bring 2-bbb (Sell more) in the place of 1-aaa?" {
				t.Errorf("%+v", asked)
			}
			if c.outcome == app.Succeeded {
				if notes := ended.Result.Notes; len(notes) != 1 || notes[0] != c.text {
					t.Errorf("%q", notes)
				}
				return
			}
			if f := ended.Result.Failure; f.Kind != app.KindRejected || f.Message != c.text {
				t.Errorf("%+v", f)
			}
			same(t, before, d.states("web-1", "web-2"))
			if changes := d.Changes("web-1"); len(changes) != 0 {
				t.Errorf("%v", changes)
			}
		})
	}
}

// What was observed before a long wait may be another matter after it.
func TestApprovalLooksAgain(t *testing.T) {
	d := world("web-1")
	spec := d.Shop("aaa", "web-1")
	spec.Approve = &app.Approve{}
	before := d.states("web-1")
	ended := d.run(t, spec, &memory.Run{Answer: func(q workflows.Question) (string, workflows.Decision) {
		d.Machine("web-1").SetFree(1 << 20)
		return says(workflows.UpdateApprove)(q)
	}})
	want(t, ended, app.FailedClean)
	if f := ended.Result.Failure; f.Kind != app.KindDisk {
		t.Errorf("%+v", f)
	}
	same(t, before, d.states("web-1"))
}

func TestNothingToApprove(t *testing.T) {
	d := world("web-1")
	spec := d.Shop("aaa", "web-1")
	spec.Approve = &app.Approve{}
	want(t, d.run(t, spec, &memory.Run{Answer: says(workflows.UpdateApprove)}), app.Succeeded)
	ended := d.run(t, spec, &memory.Run{Answer: func(workflows.Question) (string, workflows.Decision) {
		t.Error("asked though nothing would change")
		return "", workflows.Decision{}
	}})
	want(t, ended, app.Unchanged)
}

func TestCancelWhileAsked(t *testing.T) {
	d := world("web-1")
	spec := d.Shop("aaa", "web-1")
	spec.Approve = &app.Approve{}
	before := d.states("web-1")
	r := &memory.Run{}
	r.Answer = func(workflows.Question) (string, workflows.Decision) {
		r.Cancel()
		return "", workflows.Decision{}
	}
	want(t, d.run(t, spec, r), app.Cancelled)
	same(t, before, d.states("web-1"))
}

// A decision that nobody has asked for, and a second one, are refused.
func TestUpdatesAreRefused(t *testing.T) {
	d := world("web-1")
	spec := d.Shop("aaa", "web-1")
	spec.Approve = &app.Approve{}
	r := &memory.Run{}
	r.Answer = func(workflows.Question) (string, workflows.Decision) {
		r.Update(workflows.UpdateApprove, workflows.Decision{By: "ada"})
		return workflows.UpdateReject, workflows.Decision{By: "bob"}
	}
	r.Around = func(a *memory.Attempt) (any, error) {
		if a.Step == activities.Prepare.Name {
			r.Update(workflows.UpdateReject, workflows.Decision{By: "bob"})
		}
		return a.Work()
	}
	want(t, d.run(t, spec, r), app.Succeeded)
	if n := len(r.Refused()); n != 2 {
		t.Fatalf("%d updates were refused", n)
	}
	for _, err := range r.Refused() {
		if f := activities.FailureOf(err); f.Kind != app.KindRejected || !strings.Contains(f.Message, "asks for no decision") {
			t.Errorf("%+v", f)
		}
	}
}

func TestUnwellReleaseIsAskedAbout(t *testing.T) {
	pause := func(s app.Spec) app.Spec { return watched(s, app.WatchPause) }
	irreversible := func(s app.Spec) app.Spec {
		s = watched(s, "")
		s.Irreversible = true
		return s
	}
	canary := func(s app.Spec) app.Spec { return canaried(pause(s)) }
	canaryIrreversible := func(s app.Spec) app.Spec { return canaried(irreversible(s)) }
	for _, c := range []struct {
		name    string
		spec    func(app.Spec) app.Spec
		answer  string
		outcome app.Outcome
		serves  string
	}{
		{"pause, yes", pause, workflows.UpdateApprove, app.Succeeded, "2-bbb"},
		{"pause, no", pause, workflows.UpdateReject, app.FailedClean, "1-aaa"},
		{"pause, nobody", pause, "", app.FailedDirty, "2-bbb"},
		{"irreversible, yes", irreversible, workflows.UpdateApprove, app.Succeeded, "2-bbb"},
		{"irreversible, no", irreversible, workflows.UpdateReject, app.FailedClean, "1-aaa"},
		{"irreversible, nobody", irreversible, "", app.FailedDirty, "2-bbb"},
		{"canary, yes", canary, workflows.UpdateApprove, app.Succeeded, "2-bbb"},
		{"canary, no", canary, workflows.UpdateReject, app.FailedClean, "1-aaa"},
		{"canary, nobody", canary, "", app.FailedClean, "1-aaa"},
		{"irreversible canary, nobody", canaryIrreversible, "", app.FailedDirty, "2-bbb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := world("web-1")
			want(t, d.deploy(t, d.Shop("aaa", "web-1")), app.Succeeded)
			asked := 0
			ended := d.run(t, c.spec(d.Shop("bbb", "web-1")), &memory.Run{
				Around: during(activities.Watch.Name, "web-1", d.ways(t, "web-1", "2-bbb")[app.KindFailing]),
				Answer: func(q workflows.Question) (string, workflows.Decision) {
					if asked++; !strings.Contains(q.Text, "6 of 100 requests to 2-bbb failed") || !strings.HasPrefix(q.Text, "2-bbb is unwell on web-1.") {
						t.Errorf("%+v", q)
					}
					if n := len(d.Running("web-1")); n != 7 {
						t.Errorf("the old release is gone: %v", d.Running("web-1"))
					}
					d.Ended("web-1", shopSite, "2-bbb", 1000, 6) // well from here on
					return says(c.answer)(q)
				},
			})
			want(t, ended, c.outcome)
			if asked == 0 || d.live("web-1") != c.serves || ended.Result.Hosts[0].Release != c.serves {
				t.Errorf("%d questions; %s serves: %+v", asked, d.live("web-1"), ended.Result)
			}
			d.tidy(t, "web-1")
			m := d.mark(t, "web-1", "2-bbb")
			switch c.outcome {
			case app.Succeeded:
				if !m.GoodToReturnTo() || len(ended.Result.Notes) != 1 || !strings.Contains(ended.Result.Notes[0], "by the word of ada (I looked)") {
					t.Errorf("%+v %q", m, ended.Result.Notes)
				}
			case app.FailedDirty:
				f := ended.Result.Failure
				if m.Stable || m.Returned || len(f.Left) != 1 || f.Kind != app.KindFailing || !strings.Contains(f.Advice, "Nobody has decided within 24h0m0s") || ended.Result.Returned {
					t.Errorf("%+v %+v", m, f)
				}
			default:
				if m.Stable || !ended.Result.Returned {
					t.Errorf("%+v %+v", m, ended.Result)
				}
			}
		})
	}
}
