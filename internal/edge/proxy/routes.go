package proxy

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/caddyserver/caddy/v2"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
	"github.com/longshore-dev/longshore/internal/edge/tables"
)

// routes are the generations of all sites: those that the current view leads to, and those that still have requests.
type routes struct {
	parent  caddy.Context
	current atomic.Pointer[view]

	mu   sync.Mutex
	live map[string]*served // by site
	old  map[*generation]struct{}
}

// served is what one table of a site is made of.
type served struct {
	table  app.EdgeTable
	live   *generation
	canary *canary // nil for none
}

// generations are those that new requests are sent to.
func (s *served) generations() []*generation {
	if s == nil {
		return nil
	}
	if s.canary == nil {
		return []*generation{s.live}
	}
	return []*generation{s.live, s.canary.generation}
}

func newRoutes(parent caddy.Context) *routes {
	r := &routes{parent: parent, live: map[string]*served{}, old: map[*generation]struct{}{}}
	r.current.Store(newView(nil))
	return r
}

// enter finds a request's target and counts the request there; the caller owes its generation a leave. It returns nil
// where there is none. Only requests of clients are shared out to canaries.
func (r *routes) enter(host, path string, ofClient bool) *target {
	var d draw
	for {
		v := r.current.Load()
		at, found := v.index.Find(host, path)
		if !found {
			return nil
		}
		t := at.target
		if at.canary != nil && ofClient {
			t = d.target(at, host, path)
		}
		if t.generation.enter(&r.current, v) {
			return t
		}
	}
}

// knows says whether the host has any route.
func (r *routes) knows(host string) bool {
	return r.current.Load().index.Knows(host)
}

// prepared is a change that has been provisioned and waits for apply or abandon.
type prepared struct {
	next map[string]*served // by site, whole
	made []*generation
}

// prepare provisions what want asks for and the live generations do not serve yet. The caller must not run two changes
// at once.
func (r *routes) prepare(want tables.Tables) (*prepared, error) {
	p := &prepared{next: map[string]*served{}}
	for _, table := range want.All() {
		if s, ok := r.live[table.Site]; ok && tables.Same(s.table, table) {
			p.next[table.Site] = s
			continue
		}
		s, err := r.serve(p, table)
		if err != nil {
			r.abandon(p)
			return nil, err
		}
		p.next[table.Site] = s
	}
	return p, nil
}

// serve provisions one table.
func (r *routes) serve(p *prepared, table app.EdgeTable) (s *served, err error) {
	s = &served{table: table}
	if s.live, err = r.generation(p, table.Site, table.Release, table.Routes); err != nil || table.Canary == nil {
		return s, err
	}
	g, err := r.generation(p, table.Site, table.Canary.Release, table.Canary.Routes)
	if err != nil {
		return s, err
	}
	s.canary = newCanary(g, table.Canary.Weight)
	return s, nil
}

// generation returns the site's generation with these routes, or makes one that goes on counting what the release's
// others have counted.
func (r *routes) generation(p *prepared, site, release string, want []app.EdgeRoute) (*generation, error) {
	g := &generation{site: site, release: release, routes: want, tally: &tally{}}
	for _, other := range r.live[site].generations() {
		if other.release == release && reflect.DeepEqual(other.routes, want) {
			return other, nil
		}
	}
	for _, other := range r.all() {
		if other.site == site && other.release == release {
			g.tally = other.tally
			break
		}
	}
	if err := g.provision(r.parent, r.forget); err != nil {
		return nil, err
	}
	p.made = append(p.made, g)
	return g, nil
}

// all are the generations that new requests are sent to and those that still have some.
func (r *routes) all() []*generation {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := slices.Collect(maps.Keys(r.old))
	for _, s := range r.live {
		all = append(all, s.generations()...)
	}
	return all
}

func (r *routes) abandon(p *prepared) {
	for _, g := range p.made {
		g.replace()
	}
}

// apply makes a change current. When it returns, no new request reaches a generation that the change left out.
func (r *routes) apply(p *prepared) {
	r.mu.Lock()
	before := r.live
	r.live = p.next
	var replaced []*generation
	for site, s := range before {
		stay := p.next[site].generations()
		for _, g := range s.generations() {
			if !slices.Contains(stay, g) {
				replaced = append(replaced, g)
				r.old[g] = struct{}{}
			}
		}
	}
	r.current.Store(newView(p.next))
	r.mu.Unlock()
	for _, g := range replaced {
		g.replace()
	}
}

func (r *routes) forget(g *generation) {
	r.mu.Lock()
	delete(r.old, g)
	r.mu.Unlock()
}

// drop ends what a release that is not live has left.
func (r *routes) drop(site, release string) error {
	r.mu.Lock()
	if s, ok := r.live[site]; ok && s.table.Serves(release) {
		r.mu.Unlock()
		return edge.ErrLive
	}
	old := slices.Collect(maps.Keys(r.old))
	r.mu.Unlock()
	for _, g := range old {
		if g.site == site && g.release == release {
			g.drop()
		}
	}
	return nil
}

// closeAll ends everything, live or not.
func (r *routes) closeAll() {
	for _, g := range r.all() {
		g.drop()
	}
}

// releases counts what is in flight and what has ended, by site and release, sorted.
func (r *routes) releases() []app.EdgeRelease {
	r.mu.Lock()
	counts := map[[2]string]app.EdgeRelease{}
	add := func(g *generation, live bool) {
		key := [2]string{g.site, g.release}
		c := counts[key]
		c.Site, c.Release, c.Live = key[0], key[1], c.Live || live
		c.InFlight += g.inFlight.Load()
		c.Upgraded += g.upgraded.Load()
		c.Requests, c.Failed = g.tally.ended()
		counts[key] = c
	}
	for _, s := range r.live {
		for _, g := range s.generations() {
			add(g, true)
		}
	}
	for g := range r.old {
		add(g, false)
	}
	r.mu.Unlock()
	return slices.SortedFunc(maps.Values(counts), compareReleases)
}

func compareReleases(a, b app.EdgeRelease) int {
	return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.Release, b.Release))
}

// inFlight counts all requests of all releases.
func (r *routes) inFlight() int64 {
	var n int64
	for _, c := range r.releases() {
		n += c.InFlight
	}
	return n
}
