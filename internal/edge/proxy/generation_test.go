package proxy

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
)

// bare is a generation without handlers, and the number of times that it was retired.
func bare() (g *generation, retired *atomic.Int64) {
	retired = &atomic.Int64{}
	g = &generation{tally: &tally{}, conns: newConnections(), cancel: func() {}, gone: func(*generation) { retired.Add(1) }}
	g.targets = []*target{{generation: g, route: app.Route{Hosts: []string{"a.example.com"}, Path: "/"}}}
	return g, retired
}

func TestEnterRefusesAViewThatIsNoLongerCurrent(t *testing.T) {
	old, _ := bare()
	seen := newView(map[string]*served{site: {live: old}})
	var current atomic.Pointer[view]
	current.Store(newView(nil))
	if old.enter(&current, seen) || old.inFlight.Load() != 0 {
		t.Errorf("counted %d requests at a replaced generation", old.inFlight.Load())
	}
	current.Store(seen)
	if !old.enter(&current, seen) || old.inFlight.Load() != 1 {
		t.Errorf("counted %d requests at a current generation", old.inFlight.Load())
	}
}

// TestNoRequestIsAtAGenerationThatWasSeenIdle swaps as fast as it can, and calls a generation stopped once its count
// is zero: whoever is then still let in would find its service gone.
func TestNoRequestIsAtAGenerationThatWasSeenIdle(t *testing.T) {
	const swaps = 4000
	r := &routes{live: map[string]*served{}, old: map[*generation]struct{}{}}
	var stopped sync.Map
	live, _ := bare()
	r.apply(&prepared{next: map[string]*served{site: {live: live}}})
	ctx, cancel := context.WithCancel(t.Context())
	var late atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				at := r.enter("a.example.com", "/", true)
				if _, gone := stopped.Load(at.generation); gone {
					late.Add(1)
				}
				at.generation.leave()
			}
		})
	}
	for range swaps {
		old := live
		live, _ = bare()
		r.apply(&prepared{next: map[string]*served{site: {live: live}}})
		for old.inFlight.Load() > 0 {
			runtime.Gosched()
		}
		stopped.Store(old, true)
	}
	cancel()
	wg.Wait()
	if late.Load() > 0 {
		t.Errorf("%d requests were let in at stopped generations", late.Load())
	}
}

func TestAReplacedGenerationRetiresOnceAfterItsLastRequest(t *testing.T) {
	g, retired := bare()
	var current atomic.Pointer[view]
	v := newView(nil)
	current.Store(v)
	g.enter(&current, v)
	g.enter(&current, v)
	g.leave()
	g.replace()
	if retired.Load() != 0 {
		t.Error("retired with a request in flight")
	}
	g.leave()
	eventually(t, "it is retired", func() bool { return retired.Load() == 1 })
	g.drop()
	if retired.Load() != 1 {
		t.Errorf("retired %d times", retired.Load())
	}
}
