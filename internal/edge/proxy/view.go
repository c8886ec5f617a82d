package proxy

import (
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge/tables"
)

// view is all live routes at one moment. It is immutable but for the canaries' counters.
type view struct {
	index tables.Index[place]
}

// place is where one host and path leads.
type place struct {
	host   string // as the route has it
	target *target
	// canary may take a share of the place's requests; nil for none.
	canary *canary
}

func newView(live map[string]*served) *view {
	v := &view{}
	for _, s := range live {
		s.live.places(func(route app.Route, p place) {
			p.canary = s.canary
			v.index.Add(route, p)
		})
	}
	return v
}

// places calls f for each host of each route.
func (g *generation) places(f func(app.Route, place)) {
	for _, t := range g.targets {
		for _, host := range t.route.Hosts {
			f(app.Route{Hosts: []string{host}, Path: t.route.Path}, place{host: host, target: t})
		}
	}
}
