package transfer

import (
	"context"
	"io"
	"sync"

	"golang.org/x/time/rate"
)

// rates bounds what this worker sends to all hosts of a site together. The zero value is not ready: see newRates.
type rates struct {
	mu    sync.Mutex
	sites map[string]*siteRate
}

// siteRate is the bound that the transfers of one site share.
type siteRate struct {
	*rate.Limiter
	users int
}

func newRates() *rates { return &rates{sites: map[string]*siteRate{}} }

// take answers a site's bound, which lasts while anybody has it, and how to leave it. The newest rate holds for all; 0
// is no bound.
func (r *rates) take(site string, perSecond int64) (limit *rate.Limiter, leave func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.sites[site]
	if !ok {
		s = &siteRate{Limiter: rate.NewLimiter(rate.Inf, maxBurst)}
		r.sites[site] = s
	}
	s.users++
	if perSecond > 0 {
		s.SetLimit(rate.Limit(perSecond))
		s.SetBurst(int(min(max(perSecond/burstsPerSecond, minBurst), maxBurst)))
	} else {
		s.SetLimit(rate.Inf)
	}
	return s.Limiter, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if s.users--; s.users == 0 {
			delete(r.sites, site)
		}
	}
}

// What may be sent at once: enough for full packets, and little enough that the rate holds over a fraction of a second.
const (
	minBurst        = 4 << 10
	maxBurst        = 256 << 10
	burstsPerSecond = 20
)

// paced reads no faster than a limit allows, which other readers may share.
type paced struct {
	ctx    context.Context
	reader io.Reader
	limit  *rate.Limiter
}

func (p paced) Read(b []byte) (int, error) {
	if most := p.limit.Burst(); len(b) > most {
		b = b[:most]
	}
	n, err := p.reader.Read(b)
	if n > 0 && p.limit.Limit() != rate.Inf {
		// The burst may have shrunk since b was cut.
		for left := n; left > 0; {
			part := min(left, p.limit.Burst())
			if waited := p.limit.WaitN(p.ctx, part); waited != nil {
				return n, waited
			}
			left -= part
		}
	}
	return n, err
}
