package workflows_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

func runID(id string) string { return workflows.RunID(siteOfTests, app.RunDeploy, id) }

// A site whose history is lost takes up what the hosts know: the newest release, the highest fence, any freeze.
func TestSiteRemembersByItsHosts(t *testing.T) {
	s := newSiteStage(t)
	s.hosts["web-1"] = activities.Remembered{Current: "7-aaa", Fence: 9}
	s.hosts["web-2"] = activities.Remembered{Current: "6-bbb", Fence: 12, Freeze: &app.Freeze{By: "someone"}}
	s.open = []string{"deploy/default/shop/production", runID("lost")}
	s.rejoined[runID("lost")] = app.Result{Outcome: app.Succeeded, Release: "8-ccc", Fence: 13}
	s.rejoined["deploy/default/shop/production"] = app.Result{Outcome: app.FailedClean}
	var refused, urgent *answer
	state, _ := s.play(workflows.SiteInput{Site: siteOfTests},
		at{time.Second, func() { refused = s.request("one") }},
		at{time.Minute, func() { urgent = s.request("two", func(r *workflows.Request) { r.BreakFreeze = true }) }},
	)
	if refused.kind() != app.KindFrozen || urgent.err != nil {
		t.Errorf("%v, %v", refused.err, urgent.err)
	}
	if order := s.orders[runID("two")]; order.Fence != 14 || !order.BrokeFreeze {
		t.Errorf("%+v", order)
	}
	if state.Current != "14-two" || state.Fence != 14 || state.Freeze == nil {
		t.Errorf("%+v", state)
	}
	if e := state.Ended[0]; e.ID != "two" || !e.BrokeFreeze || len(state.Ended) != 3 || state.Ended[1].ID != "lost" {
		t.Errorf("%+v", state.Ended)
	}
}

// A host that is down is no reason to wait: the others' word counts.
func TestSiteRemembersWithoutTheHostThatIsDown(t *testing.T) {
	s := newSiteStage(t)
	s.hosts = map[string]activities.Remembered{"web-2": {Current: "6-bbb", Fence: 12}}
	state, _ := s.play(workflows.SiteInput{Site: siteOfTests}, at{time.Second, func() { s.request("one") }})
	if state.Fence != 13 || state.Current != "13-one" {
		t.Errorf("%+v", state)
	}
}

// What a site continues with is all that it knew: what waits is run, and what has ended is known.
func TestSiteContinuesAsNew(t *testing.T) {
	s := newSiteStage(t)
	_, err := s.play(workflows.SiteInput{Site: siteOfTests},
		at{time.Second, func() {
			s.request("one")
			s.request("two")
			s.request("three")
			s.ask(workflows.UpdateWithdraw, "", workflows.Withdrawal{ID: "three"})
			s.ask(workflows.UpdateFreeze, "", workflows.FreezeInput{Freeze: app.Freeze{By: "tester", Until: time.Now().Add(48 * time.Hour)}})
		}},
		at{1500 * time.Millisecond, func() { s.env.SetContinueAsNewSuggested(true) }},
	)
	in := carried(t, err)
	if !slices.Equal(s.begun, []string{runID("one")}) {
		t.Fatalf("%v", s.begun)
	}
	next := newSiteStage(t)
	next.hosts = nil // nobody needs to be asked
	var again, waiting, gone, refused *answer
	state, _ := next.play(in,
		at{time.Millisecond, func() { again, waiting, gone = next.request("one"), next.request("two"), next.request("three") }},
		at{time.Minute, func() { refused = next.request("four") }},
	)
	for id, a := range map[string]*answer{"one": again, "two": waiting, "three": gone} {
		if a.err != nil || a.value.(workflows.Accepted).WorkflowID != runID(id) {
			t.Errorf("%s: %+v, %v", id, a.value, a.err)
		}
	}
	if refused.kind() != app.KindFrozen {
		t.Errorf("%v", refused.err)
	}
	if !slices.Equal(next.begun, []string{runID("two")}) || next.orders[runID("two")].Fence != 2 {
		t.Errorf("%v: %+v", next.begun, next.orders)
	}
	var ended []string
	for _, e := range state.Ended {
		ended = append(ended, e.ID+" "+string(e.Outcome))
	}
	if diff := cmp.Diff([]string{"two succeeded", "one succeeded", "three cancelled"}, ended); diff != "" {
		t.Error(diff)
	}
	if state.Current != "2-two" || state.Fence != 2 {
		t.Errorf("%+v", state)
	}
	if number := next.orders[runID("two")].Number; number != 1 {
		t.Errorf("the run was told that the last release was number %d", number)
	}
}

func TestSiteContinuesAsNewByItself(t *testing.T) {
	s := newSiteStage(t)
	_, err := s.play(workflows.SiteInput{Site: siteOfTests},
		at{time.Second, func() { s.request("one") }},
		at{time.Minute, func() { s.env.SetCurrentHistoryLength(2000); s.request("two") }},
	)
	carried(t, err)
}

func TestSiteIsFrozenUntilItsTime(t *testing.T) {
	s := newSiteStage(t)
	var refused, late *answer
	s.play(workflows.SiteInput{Site: siteOfTests},
		at{time.Second, func() {
			s.ask(workflows.UpdateFreeze, "", workflows.FreezeInput{
				Freeze: app.Freeze{By: "tester", Until: s.env.Now().Add(time.Minute)}, Hosts: []app.Host{{Name: "web-1"}, {Name: "web-3"}},
			})
		}},
		at{30 * time.Second, func() { refused = s.request("one") }},
		at{2 * time.Minute, func() { late = s.request("two") }},
	)
	if refused.kind() != app.KindFrozen || late.err != nil {
		t.Errorf("%v, %v", refused.err, late.err)
	}
	if !slices.Equal(s.kept, []string{"web-1 frozen by tester"}) {
		t.Errorf("%v", s.kept)
	}
}

// The hosts of the last request are told where none are named; those that are missed are named.
func TestFreezeSaysWhomItMissed(t *testing.T) {
	s := newSiteStage(t)
	var frozen, thawed *answer
	state, _ := s.play(workflows.SiteInput{Site: siteOfTests},
		at{time.Second, func() { s.request("one") }},
		at{time.Minute, func() {
			delete(s.hosts, "web-2")
			frozen = s.ask(workflows.UpdateFreeze, "", workflows.FreezeInput{Freeze: app.Freeze{By: "tester"}})
		}},
		at{10 * time.Minute, func() { thawed = s.ask(workflows.UpdateThaw, "", workflows.ThawInput{}) }},
	)
	for _, a := range []*answer{frozen, thawed} {
		if a.err != nil || !slices.Equal(a.value.(workflows.Kept).Missed, []string{"web-2"}) {
			t.Errorf("%+v, %v", a.value, a.err)
		}
	}
	if state.Freeze != nil || !slices.Equal(s.kept, []string{"web-1 frozen by tester", "web-1 thawed"}) {
		t.Errorf("%+v, %v", state.Freeze, s.kept)
	}
}

// A site that knows nothing, and is told of no host to ask, does not keep anyone waiting.
func TestSiteWithoutAMemoryRefuses(t *testing.T) {
	s := newSiteStage(t)
	var freeze, thaw, withdrawal *answer
	s.play(workflows.SiteInput{Site: siteOfTests}, at{time.Second, func() {
		freeze = s.ask(workflows.UpdateFreeze, "", workflows.FreezeInput{Freeze: app.Freeze{By: "tester"}})
		thaw = s.ask(workflows.UpdateThaw, "", workflows.ThawInput{})
		withdrawal = s.ask(workflows.UpdateWithdraw, "", workflows.Withdrawal{ID: "one"})
	}})
	if freeze.kind() != app.KindSpec || thaw.kind() != app.KindSpec || withdrawal.kind() != app.KindMissing {
		t.Errorf("%v, %v, %v", freeze.err, thaw.err, withdrawal.err)
	}
}

func TestQueueThatIsFullRefuses(t *testing.T) {
	s := newSiteStage(t)
	var answers []*answer
	large := func(r *workflows.Request) { r.Deploy.Order.Why = strings.Repeat("w", 600<<10) }
	s.play(workflows.SiteInput{Site: siteOfTests}, at{time.Second, func() {
		for _, id := range []string{"a", "b", "c", "d", "e"} {
			answers = append(answers, s.request(id, large))
		}
	}})
	var kinds []string
	for _, a := range answers {
		kinds = append(kinds, a.kind())
	}
	if diff := cmp.Diff([]string{"", "", "", app.KindQueueFull, app.KindQueueFull}, kinds); diff != "" {
		t.Error(diff)
	}
}

// A host that was left behind is finished once it answers, and one that a repair cannot finish is left to a person.
func TestSiteRepairsWhatWasLeftBehind(t *testing.T) {
	for name, test := range map[string]struct {
		repair  error
		repairs int
	}{
		"repaired":           {nil, 1},
		"cannot be repaired": {temporal.NewNonRetryableApplicationError("failed", "failed-clean", nil, app.Result{Outcome: app.FailedClean, Failure: &app.Failure{Message: "no"}}), 3},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSiteStage(t)
			s.results["one"] = app.Result{Outcome: app.Partial, Release: "1-one", Fence: 1, Behind: []string{"web-2"}}
			if s.errs[string(app.RunRepair)] = test.repair; test.repair == nil {
				delete(s.errs, string(app.RunRepair))
			}
			var early workflows.SiteState
			state, _ := s.play(workflows.SiteInput{Site: siteOfTests},
				at{time.Second, func() { s.request("one") }},
				at{1500 * time.Millisecond, func() { delete(s.hosts, "web-2") }},
				at{10 * time.Minute, func() { early = s.state(); s.hosts["web-2"] = activities.Remembered{} }},
			)
			if !slices.Equal(early.Behind, []string{"web-2"}) || len(early.Ended) != 1 {
				t.Errorf("while the host was down: %+v", early)
			}
			if len(state.Ended) != 1+test.repairs || (len(state.Behind) == 0) != (test.repair == nil) {
				t.Errorf("%+v", state)
			}
			if e := state.Ended[0]; e.Kind != app.RunRepair || e.By != "longshore" {
				t.Errorf("%+v", e)
			}
		})
	}
}

// A freeze holds for what the site does by itself, too.
func TestFrozenSiteRepairsNothing(t *testing.T) {
	s := newSiteStage(t)
	s.results["one"] = app.Result{Outcome: app.Partial, Release: "1-one", Fence: 1, Behind: []string{"web-2"}}
	var frozen workflows.SiteState
	state, _ := s.play(workflows.SiteInput{Site: siteOfTests},
		at{time.Second, func() { s.request("one") }},
		at{3 * time.Second, func() { s.ask(workflows.UpdateFreeze, "", workflows.FreezeInput{Freeze: app.Freeze{By: "tester"}}) }},
		at{30 * time.Minute, func() { frozen = s.state(); s.ask(workflows.UpdateThaw, "", workflows.ThawInput{}) }},
	)
	if len(frozen.Ended) != 1 || len(state.Ended) != 2 || len(state.Behind) != 0 {
		t.Errorf("%+v, then %+v", frozen, state)
	}
}

// How a run ended says what serves, unless a newer one has taken the fence since.
func TestSiteKnowsWhatServes(t *testing.T) {
	serving := func(releases ...string) (hosts []app.HostResult) {
		for _, r := range releases {
			hosts = append(hosts, app.HostResult{Release: r})
		}
		return hosts
	}
	for name, test := range map[string]struct {
		result app.Result
		want   string
	}{
		"succeeded":                         {app.Result{Outcome: app.Succeeded, Release: "2-b", Fence: 2}, "2-b"},
		"unchanged":                         {app.Result{Outcome: app.Unchanged, Release: "1-a"}, "1-a"},
		"failed after the switch":           {app.Result{Outcome: app.FailedDirty, Fence: 2, Hosts: serving("2-b", "2-b")}, "2-b"},
		"failed half-way":                   {app.Result{Outcome: app.FailedDirty, Fence: 2, Hosts: serving("2-b", "1-a")}, "1-z"},
		"failed and knows nothing":          {app.Result{Outcome: app.FailedDirty}, "1-z"},
		"failed clean":                      {app.Result{Outcome: app.FailedClean, Fence: 2, Hosts: serving("1-a", "1-a")}, "1-a"},
		"came late to the site's knowledge": {app.Result{Outcome: app.Succeeded, Release: "2-b", Fence: 1}, "1-z"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSiteStage(t)
			s.hosts["web-1"] = activities.Remembered{Current: "1-z", Fence: 2}
			s.results["one"] = test.result
			if name != "came late to the site's knowledge" {
				s.hosts["web-1"] = activities.Remembered{Current: "1-z", Fence: 1}
			}
			state, _ := s.play(workflows.SiteInput{Site: siteOfTests}, at{time.Second, func() { s.request("one") }})
			if state.Current != test.want {
				t.Errorf("serves %q, not %q", state.Current, test.want)
			}
		})
	}
}

func TestRemovedSiteServesNothing(t *testing.T) {
	s := newSiteStage(t)
	state, _ := s.play(workflows.SiteInput{Site: siteOfTests},
		at{time.Second, func() { s.request("one") }},
		at{time.Minute, func() {
			s.request("two", func(r *workflows.Request) {
				r.Kind, r.Deploy = app.RunRemove, nil
				r.Stop = &workflows.StopInput{Site: siteOfTests, Hosts: []app.Host{{Name: "web-1"}}}
			})
		}},
	)
	if state.Current != "" || len(state.Ended) != 2 {
		t.Errorf("%+v", state)
	}
}

// What left the queue before its turn is asked for: a reset of the site may have it wrong.
func TestWithdrawnRunThatHadBegun(t *testing.T) {
	s := newSiteStage(t)
	s.rejoined[runID("two")] = app.Result{Outcome: app.Succeeded, Release: "2-two", Fence: 2}
	state, _ := s.play(workflows.SiteInput{Site: siteOfTests},
		at{time.Second, func() { s.request("one"); s.request("two") }},
		at{1500 * time.Millisecond, func() {
			s.ask(workflows.UpdateWithdraw, "", workflows.Withdrawal{ID: "two"})
			s.open = []string{runID("two")}
		}},
	)
	if !slices.Equal(s.doubtful, []string{runID("two")}) {
		t.Errorf("asked for %v", s.doubtful)
	}
	if e := state.Ended[0]; e.ID != "two" || e.Outcome != app.Succeeded || e.By != "tester" || state.Current != "2-two" {
		t.Errorf("%+v", state)
	}
}

// A run that ends without a word leaves a site that goes on.
func TestSiteOutlastsBrokenRuns(t *testing.T) {
	s := newSiteStage(t)
	s.errs["one"] = temporal.NewApplicationError("the workflow panicked", "panic")
	state, _ := s.play(workflows.SiteInput{Site: siteOfTests}, at{time.Second, func() { s.request("one"); s.request("two") }})
	if len(state.Ended) != 2 || state.Ended[1].Outcome != app.FailedDirty || state.Ended[0].Outcome != app.Succeeded {
		t.Errorf("%+v", state.Ended)
	}
}
