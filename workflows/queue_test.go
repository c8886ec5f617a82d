package workflows

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func entry(id string, kind app.RunKind) queued {
	site := app.Site{Org: "default", Project: "shop", Name: "production"}
	in := &RecordedInput{Site: site, Order: Order{By: "tester"}}
	return queued{Request: Request{ID: id, Kind: kind, Recorded: in}, WorkflowID: RunID(site, kind, id), At: noon, Size: 10}
}

func superseding(id string, kind app.RunKind) queued {
	n := entry(id, kind)
	n.Request.Supersede = true
	return n
}

// order is what the queue has, as text: what runs, what waits, and the ends.
func (q *queue) order() string {
	var out []string
	if q.Running != nil {
		out = append(out, "["+q.Running.Request.ID+"]")
	}
	for _, w := range q.Waiting {
		out = append(out, w.Request.ID)
	}
	out = append(out, "|")
	for _, e := range q.Ended {
		out = append(out, e.ID+":"+string(e.Outcome))
	}
	return strings.Join(out, " ")
}

func TestQueue(t *testing.T) {
	succeeded := app.Result{Outcome: app.Succeeded}
	for name, test := range map[string]struct {
		do   func(q *queue)
		want string
	}{
		"in order":           {func(q *queue) { q.begin(noon) }, "[a] b c |"},
		"the end of a run":   {func(q *queue) { q.begin(noon); q.end(succeeded, noon); q.begin(noon) }, "[b] c | a:succeeded"},
		"another at the end": {func(q *queue) { q.add(entry("d", app.RunDeploy)) }, "a b c d |"},
		"supersede ends those of its kind, and waits behind the others": {func(q *queue) {
			q.add(superseding("d", app.RunDeploy))
		}, "b d | c:superseded a:superseded"},
		"supersede leaves the run under way": {func(q *queue) { q.begin(noon); q.add(superseding("d", app.RunDeploy)) }, "[a] b d | c:superseded"},
		"withdraw one that waits":            {func(q *queue) { q.withdraw(Withdrawal{ID: "b"}, noon) }, "a c | b:cancelled"},
		"withdraw the one under way":         {func(q *queue) { q.begin(noon); q.withdraw(Withdrawal{}, noon) }, "[a] b c |"},
		"withdraw what is not there":         {func(q *queue) { q.withdraw(Withdrawal{ID: "x"}, noon) }, "a b c |"},
		"withdraw the run of an idle queue":  {func(q *queue) { q.withdraw(Withdrawal{}, noon) }, "a b c |"},
		"adopt one that waits":               {func(q *queue) { q.adopt(entry("b", app.RunRollback).WorkflowID, noon) }, "[b] a c |"},
		"adopt a stranger": {func(q *queue) {
			q.adopt("deploy/default/shop/production/x", noon)
			q.end(succeeded, noon)
		}, "a b c | x:succeeded"},
		"adopt one that was taken for cancelled": {func(q *queue) {
			q.withdraw(Withdrawal{ID: "b"}, noon)
			q.adopt(entry("b", app.RunRollback).WorkflowID, noon)
			q.end(succeeded, noon)
		}, "a c | b:succeeded"},
		"nothing is left to begin": {func(q *queue) {
			for q.begin(noon) != nil {
				q.end(succeeded, noon)
			}
		}, "| c:succeeded b:succeeded a:succeeded"},
	} {
		t.Run(name, func(t *testing.T) {
			var q queue
			q.add(entry("a", app.RunDeploy))
			q.add(entry("b", app.RunRollback))
			q.add(entry("c", app.RunDeploy))
			test.do(&q)
			if got := strings.TrimSpace(q.order()); got != test.want {
				t.Errorf("%s, not %s", got, test.want)
			}
		})
	}
}

func TestQueueKnowsItsRequests(t *testing.T) {
	var q queue
	for i := range maxEnded + 2 {
		q.add(entry(fmt.Sprint("e", i), app.RunDeploy))
		q.begin(noon)
		q.end(app.Result{Outcome: app.Succeeded}, noon)
	}
	q.add(entry("a", app.RunDeploy))
	q.add(entry("b", app.RunDeploy))
	q.begin(noon)
	for id, ahead := range map[string]int{"a": 0, "b": 1, "e501": 0, "e2": 0, "e1": -1, "x": -1} {
		accepted, known := q.known(id)
		if known != (ahead >= 0) || (known && (accepted.Ahead != ahead || accepted.WorkflowID != entry(id, app.RunDeploy).WorkflowID)) {
			t.Errorf("%s: %+v, %v", id, accepted, known)
		}
	}
}

func TestQueueIsBounded(t *testing.T) {
	var q queue
	for i := range maxWaiting {
		if f := q.full(entry("new", app.RunDeploy).Request, 10); f != nil {
			t.Fatalf("full with %d: %+v", i, f)
		}
		q.add(entry(fmt.Sprint(i), app.RunDeploy))
	}
	if f := q.full(entry("new", app.RunDeploy).Request, 10); f == nil || f.Kind != app.KindQueueFull {
		t.Errorf("not full with %d: %+v", len(q.Waiting), f)
	}
	if f := q.full(superseding("new", app.RunDeploy).Request, 10); f != nil {
		t.Errorf("what is superseded still counts: %+v", f)
	}
	if f := q.full(superseding("new", app.RunRollback).Request, 10); f == nil {
		t.Error("a request of another kind supersedes deploys")
	}
	var bytes queue
	large := entry("a", app.RunDeploy)
	large.Size = maxWaitingBytes - 10
	bytes.add(large)
	if bytes.full(entry("b", app.RunDeploy).Request, 10) != nil || bytes.full(entry("b", app.RunDeploy).Request, 11) == nil {
		t.Error("the bytes are not counted")
	}
}

// What a user wrote is not kept for long at any length.
func TestEndedRunsAreShort(t *testing.T) {
	var q queue
	long := entry("a", app.RunDeploy)
	long.Request.Recorded.Why = strings.Repeat("é", 10*maxText)
	q.add(long)
	q.begin(noon)
	q.end(app.Result{Outcome: app.FailedClean, Failure: &app.Failure{Message: strings.Repeat("x", 10*maxText)}}, noon)
	if e := q.Ended[0]; len([]rune(e.Why)) != maxText+1 || len(e.Problem) > maxText+4 {
		t.Errorf("%d and %d", len(e.Why), len(e.Problem))
	}
}

// Whatever is asked in whatever order: nothing is lost, nothing ends or begins twice, and what begins does so in the
// order in which it was taken.
func TestQueueLosesNothing(t *testing.T) {
	for seed := range uint64(200) {
		chance := rand.New(rand.NewPCG(seed, 1))
		var q queue
		var taken, begun []string
		for i := range 300 {
			id := fmt.Sprint("r", i)
			kind := app.RunKinds()[chance.IntN(3)]
			switch chance.IntN(8) {
			case 0, 1, 2, 3:
				n := entry(id, kind)
				n.Request.Supersede = chance.IntN(10) == 0
				before := len(q.Waiting)
				a := q.add(n)
				taken = append(taken, id)
				if len(q.Waiting) != before+1-len(a.Superseded) || a.Ahead != q.ahead(len(q.Waiting)-1) {
					t.Fatalf("seed %d: %+v with %d waiting", seed, a, len(q.Waiting))
				}
			case 4, 5:
				if q.Running == nil {
					if next := q.begin(noon); next != nil {
						begun = append(begun, next.Request.ID)
					}
				}
			case 6:
				if q.Running != nil {
					q.end(app.Result{Outcome: app.Succeeded}, noon)
				}
			case 7:
				if len(taken) > 0 {
					q.withdraw(Withdrawal{ID: taken[chance.IntN(len(taken))]}, noon)
				}
			}
		}
		for q.Running != nil || len(q.Waiting) > 0 {
			if q.Running != nil {
				q.end(app.Result{Outcome: app.Succeeded}, noon)
			} else {
				begun = append(begun, q.begin(noon).Request.ID)
			}
		}
		var ended []string
		for _, e := range q.Ended {
			ended = append(ended, e.ID)
		}
		slices.Sort(ended)
		if diff := cmp.Diff(slices.Sorted(slices.Values(taken)), ended); diff != "" {
			t.Fatalf("seed %d: not each that was taken has ended once:\n%s", seed, diff)
		}
		var expected []string
		for _, id := range taken {
			if slices.Contains(begun, id) {
				expected = append(expected, id)
			}
		}
		if diff := cmp.Diff(expected, begun); diff != "" {
			t.Fatalf("seed %d: not in order:\n%s", seed, diff)
		}
	}
}
