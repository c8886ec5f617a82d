package transfer

import (
	"context"
	"sync"
)

// turns has one transfer of this worker at a time wait for a host's lock, and hold it: each holds a session of the
// host's connection, of which there are few.
type turns struct {
	mu    sync.Mutex
	taken map[string]chan struct{} // by address, closed at the end
}

func newTurns() *turns { return &turns{taken: map[string]chan struct{}{}} }

func (t *turns) take(ctx context.Context, address string) (leave func(), err error) {
	for {
		t.mu.Lock()
		busy, ok := t.taken[address]
		if !ok {
			mine := make(chan struct{})
			t.taken[address] = mine
			t.mu.Unlock()
			return func() {
				t.mu.Lock()
				defer t.mu.Unlock()
				delete(t.taken, address)
				close(mine)
			}, nil
		}
		t.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
