package planner

import (
	"reflect"

	"github.com/longshore-dev/longshore/internal/app"
)

// table is the edge's next table without upstreams: nil where the site has no route and the edge none of it.
func table(spec app.Spec, o app.Observed, release string) *app.EdgeTable {
	t := app.EdgeTable{Site: spec.Site.String(), Release: release}
	for _, s := range spec.Services {
		for _, r := range s.Routes {
			t.Routes = append(t.Routes, app.EdgeRoute{Service: s.Name, Route: r})
		}
	}
	if len(t.Routes) == 0 {
		if o.Edge == nil {
			return nil
		}
		if _, ok := o.Edge.Table(spec.Site); !ok {
			return nil
		}
	}
	return &t
}

// sameRoutes says whether the edge already has the routes of a table, whatever their upstreams, their order and how
// they are written.
func sameRoutes(t app.EdgeTable, o app.Observed, site app.Site) bool {
	if o.Edge == nil {
		return false
	}
	have, ok := o.Edge.Table(site)
	return ok && reflect.DeepEqual(routesByKey(have), routesByKey(t))
}

// routesByKey are a table's routes by what they answer to, without what they are reached by.
func routesByKey(t app.EdgeTable) map[string]app.EdgeRoute {
	out := map[string]app.EdgeRoute{}
	for _, r := range t.Routes {
		for _, key := range routeKeys(r.Route) {
			route := r.Route
			route.Hosts, route.Path = nil, ""
			out[key] = app.EdgeRoute{Service: r.Service, Route: route}
		}
	}
	return out
}
