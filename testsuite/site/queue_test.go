//go:build e2e

package site

import (
	"slices"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

func TestSupersedeAndWithdraw(t *testing.T) {
	s := newStage(t)
	if a := s.request(deployRequest("one", hold)); a.Ahead != 0 || a.WorkflowID != workflows.RunID(shop, app.RunDeploy, "one") {
		t.Errorf("%+v", a)
	}
	s.running("one")
	s.request(deployRequest("two", ""))
	s.request(recordedRequest("back", app.RunRollback, ""))
	three := deployRequest("three", "")
	three.Supersede = true
	if a := s.request(three); !slices.Equal(a.Superseded, []string{"two"}) || a.Ahead != 2 {
		t.Errorf("%+v", a)
	}
	if e := s.ended("two"); e.Outcome != app.Superseded {
		t.Errorf("%+v", e)
	}
	var withdrawn workflows.Withdrawn
	if err := s.ask(t.Context(), workflows.UpdateWithdraw, "", workflows.Withdrawal{ID: "back", By: "tester"}, &withdrawn); err != nil || withdrawn.Running {
		t.Errorf("%+v, %v", withdrawn, err)
	}
	if e := s.ended("back"); e.Outcome != app.Cancelled {
		t.Errorf("%+v", e)
	}
	if err := s.ask(t.Context(), workflows.UpdateWithdraw, "", workflows.Withdrawal{ID: "back"}, &withdrawn); refused(err) != app.KindMissing {
		t.Error(err)
	}
	if err := s.ask(t.Context(), workflows.UpdateWithdraw, "", workflows.Withdrawal{By: "tester"}, &withdrawn); err != nil || !withdrawn.Running || withdrawn.ID != "one" {
		t.Errorf("%+v, %v", withdrawn, err)
	}
	if e := s.ended("one"); e.Outcome != app.Cancelled {
		t.Errorf("%+v", e)
	}
	if e := s.ended("three"); e.Outcome != app.Succeeded || s.state().Current != e.Release {
		t.Errorf("%+v, then %+v", e, s.state())
	}
	s.ranOnly("one", "three")
}

func TestFreeze(t *testing.T) {
	s := newStage(t)
	var kept workflows.Kept
	freeze := workflows.FreezeInput{Freeze: app.Freeze{By: "tester", Why: "the fair"}, Hosts: hosts()}
	if err := s.ask(t.Context(), workflows.UpdateFreeze, "", freeze, &kept); err != nil || len(kept.Missed) != 0 {
		t.Fatalf("%+v, %v", kept, err)
	}
	var accepted workflows.Accepted
	err := s.ask(t.Context(), workflows.UpdateRequest, "one", deployRequest("one", ""), &accepted)
	if refused(err) != app.KindFrozen {
		t.Error(err)
	}
	urgent := deployRequest("urgent", "")
	urgent.BreakFreeze = true
	s.request(urgent)
	if e := s.ended("urgent"); e.Outcome != app.Succeeded || !e.BrokeFreeze {
		t.Errorf("%+v", e)
	}
	// The hosts alone are enough to know it.
	s.terminate(workflows.SiteID(shop))
	if err := s.ask(t.Context(), workflows.UpdateRequest, "two", deployRequest("two", ""), &accepted); refused(err) != app.KindFrozen {
		t.Error(err)
	}
	if err := s.ask(t.Context(), workflows.UpdateThaw, "", workflows.ThawInput{Decision: workflows.Decision{By: "tester"}}, &kept); err != nil || len(kept.Missed) != 0 {
		t.Fatalf("%+v, %v", kept, err)
	}
	s.request(deployRequest("three", ""))
	if e := s.ended("three"); e.Outcome != app.Succeeded || e.BrokeFreeze {
		t.Errorf("%+v", e)
	}
}

// What is wrong with a request by itself is refused at once.
func TestBadRequestsLeaveNoTrace(t *testing.T) {
	s := newStage(t)
	s.request(deployRequest("one", ""))
	s.ended("one")
	other := deployRequest("two", "")
	other.Deploy.Spec.Site.Name = "staging"
	both := deployRequest("two", "")
	both.Stop = &workflows.StopInput{Site: shop, Hosts: hosts()}
	unfit := recordedRequest("two", app.RunStop, "")
	noHosts := deployRequest("two", "")
	noHosts.Deploy.Spec.Hosts = nil
	for name, r := range map[string]workflows.Request{
		"no id": deployRequest("", ""), "an id for another workflow": deployRequest("a/b", ""), "another kind": recordedRequest("two", "dance", ""),
		"another site": other, "two inputs": both, "another kind's input": unfit, "no hosts": noHosts,
	} {
		var accepted workflows.Accepted
		if err := s.ask(t.Context(), workflows.UpdateRequest, name, r, &accepted); refused(err) != app.KindSpec {
			t.Errorf("%s: %v", name, err)
		}
	}
	if state := s.state(); len(state.Ended) != 1 || len(state.Queue) != 0 {
		t.Errorf("%+v", state)
	}
}
