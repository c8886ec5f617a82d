// Package tables holds the rules of what sites may ask of one edge: which tables are valid, which are too late, which
// collide, and which route answers a request. It is plain data: it must not know how requests are served, where the
// tables are kept, nor who asks.
package tables

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// Tables are the tables of all sites and the highest fence that each site has shown, which outlives its table. The
// zero value is empty. Tables are immutable: changes return new ones.
type Tables struct {
	sites  map[string]app.EdgeTable
	fences map[string]int64
}

// ErrFenced is a change with a lower fence than the site has shown before.
var ErrFenced = errors.New("a newer run has changed the site's routes")

// ErrInvalid is a table that cannot be served.
var ErrInvalid = errors.New("invalid table")

// ConflictError is a route that another site has.
type ConflictError struct {
	Host, Path string
	// Owner is the site that has the route.
	Owner string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("route %s%s belongs to site %s", e.Host, e.Path, e.Owner)
}

// Get returns the site's table.
func (t Tables) Get(site string) (app.EdgeTable, bool) {
	table, ok := t.sites[site]
	return table, ok
}

// All returns every site's table, sorted by site.
func (t Tables) All() []app.EdgeTable {
	all := make([]app.EdgeTable, 0, len(t.sites))
	for _, site := range slices.Sorted(maps.Keys(t.sites)) {
		all = append(all, t.sites[site])
	}
	return all
}

// Put replaces one site's table. One that asks for the same keeps its Since. It fails with ErrInvalid, ErrFenced or a *ConflictError.
func (t Tables) Put(table app.EdgeTable) (Tables, error) {
	table, err := normalize(table)
	if err != nil {
		return t, err
	}
	if table.Fence < t.fences[table.Site] {
		return t, ErrFenced
	}
	for owner, other := range t.sites {
		if owner == table.Site {
			continue
		}
		if host, path, ok := overlap(table, other); ok {
			return t, &ConflictError{Host: host, Path: path, Owner: owner}
		}
	}
	if before, ok := t.sites[table.Site]; ok && Same(before, table) {
		table.Since = before.Since
	}
	next := t.clone()
	next.sites[table.Site] = table
	next.fences[table.Site] = table.Fence
	return next, nil
}

// Delete removes one site's table and keeps its fence. A site without a table is no error. It fails with ErrFenced.
func (t Tables) Delete(site string, fence int64) (Tables, error) {
	if fence < t.fences[site] {
		return t, ErrFenced
	}
	next := t.clone()
	delete(next.sites, site)
	next.fences[site] = fence
	return next, nil
}

func (t Tables) clone() Tables {
	next := Tables{sites: maps.Clone(t.sites), fences: maps.Clone(t.fences)}
	if next.sites == nil {
		next.sites = map[string]app.EdgeTable{}
	}
	if next.fences == nil {
		next.fences = map[string]int64{}
	}
	return next
}

// Same says whether two tables ask for the same: all but who asked (the fence) and since when.
func Same(a, b app.EdgeTable) bool {
	return a.Site == b.Site && a.Release == b.Release && reflect.DeepEqual(a.Routes, b.Routes) && reflect.DeepEqual(a.Canary, b.Canary)
}

// overlap finds a (host, path) that both tables route. What only a canary has counts: it is the site's with the next
// table.
func overlap(a, b app.EdgeTable) (host, path string, found bool) {
	taken := map[[2]string]bool{}
	for _, r := range routesOf(b) {
		for _, h := range r.Route.Hosts {
			taken[[2]string{h, r.Route.Path}] = true
		}
	}
	for _, r := range routesOf(a) {
		for _, h := range r.Route.Hosts {
			if taken[[2]string{h, r.Route.Path}] {
				return h, r.Route.Path, true
			}
		}
	}
	return "", "", false
}

// routesOf are the routes of the live release and of the canary.
func routesOf(t app.EdgeTable) []app.EdgeRoute {
	if t.Canary == nil {
		return t.Routes
	}
	return slices.Concat(t.Routes, t.Canary.Routes)
}

// normalize brings hosts and paths into the form that requests are matched in, and refuses what cannot be served.
func normalize(table app.EdgeTable) (app.EdgeTable, error) {
	if _, ok := app.ParseSite(table.Site); !ok {
		return table, fmt.Errorf("%w: site %q is not organization/project/site", ErrInvalid, table.Site)
	}
	routes, err := normalizeRoutes(table.Routes)
	if err != nil {
		return table, err
	}
	table.Routes = routes
	if table.Canary == nil {
		return table, nil
	}
	canary := *table.Canary
	switch {
	case table.Release == "" || canary.Release == "":
		return table, fmt.Errorf("%w: a canary needs a release beside a live one", ErrInvalid)
	case canary.Release == table.Release:
		return table, fmt.Errorf("%w: release %s is live, and cannot be its own canary", ErrInvalid, canary.Release)
	case canary.Weight < 1 || canary.Weight > 99:
		return table, fmt.Errorf("%w: the canary's weight is %d, not 1 to 99", ErrInvalid, canary.Weight)
	}
	if canary.Routes, err = normalizeRoutes(canary.Routes); err != nil {
		return table, err
	}
	table.Canary = &canary
	return table, nil
}

// normalizeRoutes does it for the routes of one release, which must not answer the same host and path twice.
func normalizeRoutes(from []app.EdgeRoute) ([]app.EdgeRoute, error) {
	seen := map[[2]string]string{}
	routes := make([]app.EdgeRoute, len(from))
	for i, r := range from {
		path, err := cleanPath(r.Route.Path)
		if err != nil {
			return nil, err
		}
		if len(r.Route.Hosts) == 0 {
			return nil, fmt.Errorf("%w: a route of service %s names no host", ErrInvalid, r.Service)
		}
		hosts := make([]string, len(r.Route.Hosts))
		for j, h := range r.Route.Hosts {
			if hosts[j], err = cleanHost(h); err != nil {
				return nil, err
			}
			key := [2]string{hosts[j], path}
			if other, ok := seen[key]; ok {
				return nil, fmt.Errorf("%w: %s%s is routed to %s and to %s", ErrInvalid, hosts[j], path, other, r.Service)
			}
			seen[key] = r.Service
		}
		for _, u := range r.Upstreams {
			if err := checkAddress(u); err != nil {
				return nil, err
			}
		}
		r.Route.Hosts, r.Route.Path = hosts, path
		r.Upstreams = slices.Clone(r.Upstreams)
		routes[i] = r
	}
	return routes, nil
}

func cleanPath(path string) (string, error) {
	if path == "" {
		return "/", nil
	}
	if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || strings.ContainsAny(path, "?#{}\x00") {
		return "", fmt.Errorf("%w: path %q", ErrInvalid, path)
	}
	if trimmed := strings.TrimRight(path, "/"); trimmed != "" {
		return trimmed, nil
	}
	return "/", nil
}
