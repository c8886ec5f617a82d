package fence_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/memory"
)

var site = app.Site{Org: "default", Project: "shop", Name: "production"}

func target(f app.Fence) activities.Target {
	return activities.Target{Host: app.Host{Name: "web-1"}, Site: site, Fence: f}
}

func take(t *testing.T, h host.Host, run string) app.Fence {
	t.Helper()
	f, err := fence.Take(t.Context(), h, site, run, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// do makes a change that does nothing, and answers whether it was made.
func do(t *testing.T, h host.Host, f app.Fence, run string) bool {
	t.Helper()
	made := false
	err := fence.Do(t.Context(), h, target(f), run, func(context.Context) error {
		made = true
		return nil
	})
	if refused := err != nil && activities.FailureOf(err).Kind == app.KindFenced; (err == nil) != made || (err != nil && !refused) {
		t.Fatalf("made %v, error %v", made, err)
	}
	return made
}

func TestTakeAgainIsTheSame(t *testing.T) {
	h := memory.New("web-1").Host()
	one := take(t, h, "a")
	if again := take(t, h, "a"); again != one || one.Number != 1 {
		t.Errorf("%+v, then %+v", one, again)
	}
	if two := take(t, h, "b"); two.Number != 2 {
		t.Errorf("%+v", two)
	}
	// A run that comes back after another is a new owner.
	if three := take(t, h, "a"); three.Number != 3 {
		t.Errorf("%+v", three)
	}
}

// The site's own count may be ahead of a host that was down, or is new, and behind one that it has forgotten.
func TestTakeCountsFromTheHigher(t *testing.T) {
	h := memory.New("web-1").Host()
	for _, step := range []struct {
		run           string
		atLeast, want int64
	}{{"a", 5, 5}, {"a", 9, 5}, {"b", 3, 6}, {"c", 7, 7}, {"d", 0, 8}} {
		f, err := fence.Take(t.Context(), h, site, step.run, step.atLeast)
		if err != nil || f.Number != step.want {
			t.Errorf("%s took %+v of at least %d, not %d: %v", step.run, f, step.atLeast, step.want, err)
		}
	}
	if n, err := fence.Number(t.Context(), h, site); n != 8 || err != nil {
		t.Errorf("the host counts %d, %v", n, err)
	}
	if n, err := fence.Number(t.Context(), memory.New("web-2").Host(), site); n != 0 || err != nil {
		t.Errorf("a new host counts %d, %v", n, err)
	}
}

func TestOldNumberIsRefused(t *testing.T) {
	h := memory.New("web-1").Host()
	one := take(t, h, "a")
	two := take(t, h, "b")
	if do(t, h, one, "a") {
		t.Error("the older run may still change the site")
	}
	if !do(t, h, two, "b") {
		t.Error("the newer run may not change the site")
	}
	if do(t, h, app.Fence{Number: 9, RunID: "b"}, "b") {
		t.Error("a number that nobody took counts")
	}
}

func TestWithoutAFenceNothingIsChanged(t *testing.T) {
	if do(t, memory.New("web-1").Host(), app.Fence{Number: 1, RunID: "a"}, "a") {
		t.Error("a change was made on a host that has no fence")
	}
}

func TestResetAdoptsAndRetires(t *testing.T) {
	h := memory.New("web-1").Host()
	f := take(t, h, "a")
	if !do(t, h, f, "a") || !do(t, h, f, "reset") {
		t.Fatal("a reset of the owner may not go on")
	}
	if do(t, h, f, "a") {
		t.Error("the run that was reset may still change the site")
	}
	if !do(t, h, f, "reset again") || do(t, h, f, "reset") || do(t, h, f, "a") {
		t.Error("a second reset does not retire the first")
	}
	take(t, h, "b")
	if do(t, h, f, "reset again") || do(t, h, f, "late reset") {
		t.Error("a reset of an older run changes the site of a newer one")
	}
}

// Whatever the order, the number only grows, and exactly one run may change the site: the one that came last.
func TestOneOwnerAtATime(t *testing.T) {
	const seed = 3
	chance := rand.New(rand.NewPCG(seed, seed))
	h := memory.New("web-1").Host()
	type run struct {
		id    string
		fence app.Fence
	}
	var runs []run
	last, highest := "", int64(0)
	for n := range 300 {
		if len(runs) == 0 || chance.IntN(3) > 0 {
			id := fmt.Sprint("run-", n)
			f := take(t, h, id)
			if f.Number <= highest {
				t.Fatalf("%d after %d", f.Number, highest)
			}
			highest, last = f.Number, id
			runs = append(runs, run{id, f})
		} else { // a reset
			of := runs[chance.IntN(len(runs))]
			id := fmt.Sprint("reset-", n)
			if do(t, h, of.fence, id) != (of.fence.Number == highest) {
				t.Fatalf("the reset of %+v, with %d as the newest", of, highest)
			}
			if of.fence.Number == highest {
				last = id
			}
			runs = append(runs, run{id, of.fence})
		}
		for range 3 {
			r := runs[chance.IntN(len(runs))]
			if do(t, h, r.fence, r.id) != (r.id == last) {
				t.Fatalf("%+v, with %s as the owner", r, last)
			}
		}
	}
}

func TestTakesAtOnce(t *testing.T) {
	m := memory.New("web-1")
	var group sync.WaitGroup
	var mu sync.Mutex
	owners := map[int64]string{}
	for n := range 40 {
		group.Go(func() {
			run := fmt.Sprint("run-", n)
			f, err := fence.Take(t.Context(), m.Host(), site, run, 0)
			mu.Lock()
			defer mu.Unlock()
			if other, taken := owners[f.Number]; err != nil || taken {
				t.Errorf("%s got %d, which %q has: %v", run, f.Number, other, err)
			}
			owners[f.Number] = run
		})
	}
	group.Wait()
	if len(owners) != 40 {
		t.Errorf("%d numbers for 40 runs", len(owners))
	}
}

// A change that is under way keeps a newer run waiting, and not another change of its own run.
func TestDoHoldsOutTake(t *testing.T) {
	m := memory.New("web-1")
	f := take(t, m.Host(), "a")
	inside, release := make(chan struct{}, 2), make(chan struct{})
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			err := fence.Do(t.Context(), m.Host(), target(f), "a", func(context.Context) error {
				inside <- struct{}{}
				<-release
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	<-inside
	<-inside
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := fence.Take(short, m.Host(), site, "b", 0); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a newer run did not wait: %v", err)
	}
	taken := make(chan app.Fence)
	go func() {
		f, err := fence.Take(t.Context(), m.Host(), site, "b", 0)
		if err != nil {
			t.Error(err)
		}
		taken <- f
	}()
	close(release)
	if got := <-taken; got.Number != 2 {
		t.Errorf("%+v", got)
	}
	group.Wait()
}

// The steps of a run that was reset do not wait for each other.
func TestStepsOfAResetRunGoTogether(t *testing.T) {
	m := memory.New("web-1")
	f := take(t, m.Host(), "a")
	inside, release := make(chan struct{}, 2), make(chan struct{})
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			err := fence.Do(t.Context(), m.Host(), target(f), "reset", func(context.Context) error {
				inside <- struct{}{}
				<-release
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-inside // the second comes while the first is under way
	}
	close(release)
	group.Wait()
}

// A connection that is lost takes the lock and the change with it.
func TestLostConnectionEndsTheChange(t *testing.T) {
	m := memory.New("web-1")
	f := take(t, m.Host(), "a")
	err := fence.Do(t.Context(), m.Host(), target(f), "a", func(ctx context.Context) error {
		m.Cut()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(5 * time.Second):
			return errors.New("the change goes on without the lock")
		}
	})
	if !errors.Is(err, host.ErrUnreachable) {
		t.Error(err)
	}
}

func TestUnreadableFenceNamesTheFile(t *testing.T) {
	h := memory.New("web-1").Host()
	if err := h.Files().Write(t.Context(), fence.SiteDir(site)+"/fence", []byte("{"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := fence.Take(t.Context(), h, site, "a", 0); err == nil || !strings.Contains(err.Error(), "/sites/default/shop/production/fence") {
		t.Error(err)
	}
}
