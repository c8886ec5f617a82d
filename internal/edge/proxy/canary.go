package proxy

import (
	"sync/atomic"

	"github.com/longshore-dev/longshore/internal/edge/tables"
)

// canary shares out the requests of one site, for one table of it.
type canary struct {
	generation *generation
	weight     uint64 // percent
	index      tables.Index[place]
	// asked counts the requests that were shared out, the live release's too.
	asked atomic.Uint64
}

func newCanary(g *generation, weight int) *canary {
	c := &canary{generation: g, weight: uint64(weight)}
	g.places(c.index.Add)
	return c
}

// offers returns the canary's target for a request that the live release answers at a place, and nil where the canary
// does not answer it at the same host and path: half of a site's routes in one release and half in the other would be
// neither.
func (c *canary) offers(at place, host, path string) *target {
	p, found := c.index.Find(host, path)
	if !found || p.host != at.host || p.target.route.Path != at.target.route.Path {
		return nil
	}
	return p.target
}

// takes counts a request and says whether it is the canary's. Of any number of requests the canary takes its weight,
// rounded down, and takes them evenly spread.
func (c *canary) takes() bool {
	n := c.asked.Add(1) - 1
	return (n+1)*c.weight/100 > n*c.weight/100
}

// draw is what a request that has to look again keeps of its first look, so that no canary counts it twice.
type draw struct {
	from  *canary
	taken bool
}

// target returns the release's target that answers a request at a place.
func (d *draw) target(at place, host, path string) *target {
	offered := at.canary.offers(at, host, path)
	if offered == nil {
		return at.target
	}
	if d.from != at.canary {
		d.from, d.taken = at.canary, at.canary.takes()
	}
	if d.taken {
		return offered
	}
	return at.target
}
