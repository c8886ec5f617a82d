package workflows_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	hostmemory "github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/testsuite/memory"
)

// failCall has the n-th call to a host from now on fail, once. What it was is known once it has.
func (d *deploys) failCall(on string, n int, err error) *string {
	var mu sync.Mutex
	failed, seen := "", 0
	d.OnOp(func(at string, op hostmemory.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if at != on {
			return nil
		}
		seen++
		if seen != n+1 {
			return nil
		}
		failed = op.Name + " " + op.Subject
		return fmt.Errorf("%w: %s: broken for the test at %s", err, on, failed)
	})
	return &failed
}

// Every second call to a host fails once for good, and sometimes a second one while the first is being undone: whatever
// the outcome says is true, no request is lost, and the next deploy puts the site in order.
func TestOutcomesAreTrue(t *testing.T) {
	const seed = 20
	chance := rand.New(rand.NewPCG(seed, seed))
	for _, s := range scenarios() {
		baseline := world(s.hosts...)
		spec := s.before(t, baseline, s.hosts...)
		baseline.Machine("web-1").ForgetOps()
		want(t, baseline.deploy(t, spec), app.Succeeded)
		calls := len(baseline.Machine("web-1").Ops())
		for first := chance.IntN(2); first < calls; first += 2 {
			second := []int{0, 0, 1 + chance.IntN(20), 1 + chance.IntN(20), -1}[chance.IntN(5)]
			t.Run(fmt.Sprintf("%s_%d_%d", s.name, first, second), func(t *testing.T) {
				t.Parallel()
				breakTwice(t, s, first, second)
			})
		}
	}
}

// breakTwice breaks the call to web-1 after so many, and the one so many later; -1 breaks all from the first on.
func breakTwice(t *testing.T, s scenario, first, later int) {
	d := world(s.hosts...)
	spec := s.before(t, d, s.hosts...)
	before := d.states(s.hosts...)
	var mu sync.Mutex
	seen := -1
	var broke []string
	d.OnOp(func(at string, op hostmemory.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if at != "web-1" {
			return nil
		}
		seen++
		if seen == first || (later > 0 && seen == first+later) || (later < 0 && seen > first) {
			broke = append(broke, op.Name+" "+op.Subject)
			return fmt.Errorf("%w: web-1: broken for the test at %s", host.ErrInvalid, op.Name)
		}
		return nil
	})
	ended := d.run(t, spec, &memory.Run{})
	d.OnOp(nil)
	if len(broke) > 6 {
		broke = broke[:6]
	}
	switch ended.Result.Outcome {
	case app.FailedClean:
		same(t, before, d.states(s.hosts...))
	case app.FailedDirty:
		if f := ended.Result.Failure; len(f.Left) == 0 {
			t.Errorf("nothing is named as left: %+v", f)
		}
	case app.Succeeded:
		if d.live("web-1") != ended.Result.Release {
			t.Errorf("serves %q", d.live("web-1"))
		}
	default:
		t.Errorf("outcome %q", ended.Result.Outcome)
	}
	want(t, d.deploy(t, d.Shop("ccc", s.hosts...)), app.Succeeded)
	for _, h := range s.hosts {
		d.tidy(t, h)
	}
	if t.Failed() {
		t.Logf("broken were %q; ended %s: %+v", broke, ended.Result.Outcome, ended.Result.Failure)
	}
}
