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

// sameRoutes says whether the edge already has the routes of a table, whatever their upstreams.
func sameRoutes(t app.EdgeTable, o app.Observed, site app.Site) bool {
	if o.Edge == nil {
		return false
	}
	have, ok := o.Edge.Table(site)
	if !ok || len(have.Routes) != len(t.Routes) {
		return false
	}
	for i, r := range t.Routes {
		if have.Routes[i].Service != r.Service || !reflect.DeepEqual(have.Routes[i].Route, r.Route) {
			return false
		}
	}
	return true
}
