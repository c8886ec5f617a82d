package load

import (
	"context"
	"time"
)

// pace spreads the rate of a kind over its connections.
type pace struct {
	every time.Duration // 0 means as fast as it goes
	next  time.Time
}

// newPace is for connection i of n.
func newPace(rate, i, n int) *pace {
	if rate == 0 {
		return &pace{}
	}
	every := time.Duration(n) * time.Second / time.Duration(rate)
	return &pace{every: every, next: time.Now().Add(every * time.Duration(i) / time.Duration(n))}
}

// wait waits for the next turn; it answers false when ctx ended.
func (p *pace) wait(ctx context.Context) bool {
	if p.every == 0 {
		return ctx.Err() == nil
	}
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	ok := p.hold(ctx, p.next.Sub(now))
	p.next = p.next.Add(p.every)
	return ok
}

func (p *pace) hold(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
