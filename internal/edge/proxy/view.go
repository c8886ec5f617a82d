package proxy

import "github.com/longshore-dev/longshore/internal/edge/tables"

// view is all live routes at one moment. It is immutable.
type view struct {
	index tables.Index[*target]
}

func newView(live map[string]*generation) *view {
	v := &view{}
	for _, g := range live {
		for _, t := range g.targets {
			v.index.Add(t.route, t)
		}
	}
	return v
}
