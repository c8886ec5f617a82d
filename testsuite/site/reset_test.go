//go:build e2e

package site

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

// Reset at any task of its history, the site's workflow comes to the state that it was in.
func TestResetOfTheSiteAtEveryTask(t *testing.T) {
	s := newStage(t)
	s.play()
	want := told(s.state())
	original := s.runID(workflows.SiteID(shop))
	for _, point := range s.begun(workflows.SiteID(shop)) {
		t.Run(fmt.Sprint(point), func(t *testing.T) {
			s := &stage{t: t, client: s.client, world: s.world}
			s.reset(workflows.SiteID(shop), original, point)
			if diff := s.settlesAs(want); diff != "" {
				t.Errorf("(-before +after):\n%s", diff)
			}
		})
	}
	s.ranOnly("one", "two", "four", "urgent", "five", "six")
}

// play has everything happen that a person can ask of a site.
func (s *stage) play() {
	s.t.Helper()
	s.request(deployRequest("one", ""))
	s.ended("one")
	s.request(deployRequest("two", hold))
	s.running("two")
	s.request(deployRequest("three", ""))
	s.request(recordedRequest("back", app.RunRollback, ""))
	var withdrawn workflows.Withdrawn
	must(s.t, s.ask(s.t.Context(), workflows.UpdateWithdraw, "w1", workflows.Withdrawal{ID: "back", By: "tester"}, &withdrawn))
	four := deployRequest("four", fail)
	four.Supersede = true
	s.request(four)
	must(s.t, s.ask(s.t.Context(), workflows.UpdateWithdraw, "w2", workflows.Withdrawal{By: "tester"}, &withdrawn))
	s.ended("four")
	var kept workflows.Kept
	must(s.t, s.ask(s.t.Context(), workflows.UpdateFreeze, "f1", workflows.FreezeInput{Freeze: app.Freeze{By: "tester"}}, &kept))
	urgent := recordedRequest("urgent", app.RunRestart, "")
	urgent.BreakFreeze = true
	s.request(urgent)
	s.ended("urgent")
	must(s.t, s.ask(s.t.Context(), workflows.UpdateThaw, "t1", workflows.ThawInput{}, &kept))
	s.request(deployRequest("five", ""))
	s.ended("five")
	six := deployRequest("six", "")
	six.Supersede = true // where a reset has all wait at once, even those that have run
	s.request(six)
	s.ended("six")
}

// settlesAs waits until the state is the one that is wanted and the hosts have been told of it, and answers the difference
// that stays.
func (s *stage) settlesAs(want map[string]string) string {
	s.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		diff := cmp.Diff(want, told(s.state()))
		if diff == "" && s.tells() {
			diff = "the hosts are still being told"
		}
		if diff == "" || time.Now().After(deadline) {
			return diff
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// tells says whether the site has activities under way.
func (s *stage) tells() bool {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	answer, err := s.client.DescribeWorkflowExecution(ctx, workflows.SiteID(shop), "")
	must(s.t, err)
	return len(answer.GetPendingActivities()) > 0
}

// told is a state without what differs by the clock alone, and without what a reset to the very beginning forgets:
// whether a freeze was in force when a request came. The run's own record has it.
func told(state workflows.SiteState) map[string]string {
	out := map[string]string{
		"current": state.Current, "fence": fmt.Sprint(state.Fence), "frozen": fmt.Sprint(state.Freeze != nil),
		"running": fmt.Sprint(state.Running != nil), "waiting": fmt.Sprint(len(state.Queue)),
	}
	for _, e := range state.Ended {
		out[e.ID] = fmt.Sprint(e.Kind, e.By, e.Source, e.Outcome, e.Release)
	}
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *stage) runID(workflowID string) string {
	s.t.Helper()
	answer, err := s.client.DescribeWorkflowExecution(s.t.Context(), workflowID, "")
	must(s.t, err)
	return answer.GetWorkflowExecutionInfo().GetExecution().GetRunId()
}
