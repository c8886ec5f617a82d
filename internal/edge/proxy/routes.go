package proxy

import (
	"cmp"
	"maps"
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
	live map[string]*generation // by site
	old  map[*generation]struct{}
}

func newRoutes(parent caddy.Context) *routes {
	r := &routes{parent: parent, live: map[string]*generation{}, old: map[*generation]struct{}{}}
	r.current.Store(newView(nil))
	return r
}

// enter finds a request's target and counts the request there; the caller owes its generation a leave. It returns nil
// where there is none.
func (r *routes) enter(host, path string) *target {
	for {
		v := r.current.Load()
		t, found := v.index.Find(host, path)
		if !found {
			return nil
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
	next map[string]*generation // by site, whole
	made []*generation
}

// prepare provisions what want asks for and the live generations do not serve yet. The caller must not run two changes
// at once.
func (r *routes) prepare(want tables.Tables) (*prepared, error) {
	p := &prepared{next: map[string]*generation{}}
	for _, table := range want.All() {
		if g, ok := r.live[table.Site]; ok && tables.Same(g.table, table) {
			p.next[table.Site] = g
			continue
		}
		g, err := newGeneration(r.parent, table, r.forget)
		if err != nil {
			r.abandon(p)
			return nil, err
		}
		p.next[table.Site] = g
		p.made = append(p.made, g)
	}
	return p, nil
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
	for site, g := range before {
		if p.next[site] != g {
			replaced = append(replaced, g)
			r.old[g] = struct{}{}
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
	if g, ok := r.live[site]; ok && g.table.Release == release {
		r.mu.Unlock()
		return edge.ErrLive
	}
	old := slices.Collect(maps.Keys(r.old))
	r.mu.Unlock()
	for _, g := range old {
		if g.table.Site == site && g.table.Release == release {
			g.drop()
		}
	}
	return nil
}

// closeAll ends everything, live or not.
func (r *routes) closeAll() {
	r.mu.Lock()
	all := append(slices.Collect(maps.Keys(r.old)), slices.Collect(maps.Values(r.live))...)
	r.mu.Unlock()
	for _, g := range all {
		g.drop()
	}
}

// releases counts what is in flight, by site and release, sorted.
func (r *routes) releases() []app.EdgeRelease {
	r.mu.Lock()
	counts := map[[2]string]app.EdgeRelease{}
	add := func(g *generation, live bool) {
		key := [2]string{g.table.Site, g.table.Release}
		c := counts[key]
		c.Site, c.Release, c.Live = key[0], key[1], c.Live || live
		c.InFlight += g.inFlight.Load()
		c.Upgraded += g.upgraded.Load()
		counts[key] = c
	}
	for _, g := range r.live {
		add(g, true)
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
