package config

import (
	"fmt"
	"strconv"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/longshore-dev/longshore/internal/app"
)

// shiftExtension is how a new release takes over: said at the top of a compose file, or in a service.
type shiftExtension struct {
	canary       *app.Canary
	irreversible bool
	path         keyPath // of the extension
}

// readShift reads the keys that say how a new release takes over.
func readShift(f *fields) shiftExtension {
	s := shiftExtension{irreversible: f.boolean("irreversible"), path: f.path}
	if _, ok := f.get("canary"); ok {
		s.canary = readCanary(f.sub("canary"))
	}
	return s
}

// readShiftAlone reads x-longshore at the top of a compose file.
func readShiftAlone(r *report, value any) shiftExtension {
	f := mapping(r, keyPath{extensionKey}, stringKeys(value))
	for _, key := range []string{"route", "health", "drain", "release", "transfer", "secrets", "on_change"} {
		f.asked = append(f.asked, key)
		if _, ok := f.values[key]; ok {
			r.add(f.path.with(key), "belongs to a service", "move it below services.<service>.x-longshore")
		}
	}
	out := readShift(f)
	f.done()
	return out
}

// readCanary reads what is there. What it lacks is only known once all files are merged.
func readCanary(f *fields) *app.Canary {
	if f.values == nil {
		return nil // what is there in its place is reported
	}
	out := &app.Canary{Weights: f.numbers("weights", 1, 100)}
	for i := 1; i < len(out.Weights); i++ {
		if out.Weights[i] <= out.Weights[i-1] {
			f.report.add(f.path.with("weights"), fmt.Sprintf("must rise: %d comes after %d", out.Weights[i], out.Weights[i-1]), "")
			break
		}
	}
	each := f.duration("each")
	if each != nil && *each == 0 {
		f.report.add(f.path.with("each"), "must be more than 0", "")
	}
	out.Each = orZero(each)
	f.done()
	return out
}

// shift is how a new release of the site takes over. A site's requests are shared out as a whole: a canary may be said in
// a service only where there is no doubt whose it is.
func (t *translator) shift(services []app.Service) shiftExtension {
	out := readShiftAlone(t.report, t.project.Extensions[extensionKey])
	if out.canary != nil {
		t.checkCanary(out.canary, out.path.with("canary"))
	}
	routed := 0
	for _, s := range services {
		if s.Routed() {
			routed++
		}
	}
	for _, s := range services {
		said := t.shifts[s.Name]
		out.irreversible = out.irreversible || said.irreversible
		if said.canary == nil {
			continue
		}
		path := said.path.with("canary")
		t.checkCanary(said.canary, path)
		switch {
		case !s.Routed():
			t.add(path, "the service has no route, and no requests to share out", "remove it")
		case out.canary != nil:
			t.add(path, "the site has a canary already", "say it once, under "+extensionKey+" at the top of the file")
		case routed > 1:
			t.add(path, "the requests to all routed services are shared out together", "move it to "+extensionKey+" at the top of the file")
		}
		if out.canary == nil {
			out.canary = said.canary
		}
	}
	if out.canary != nil && routed == 0 {
		t.add(out.path.with("canary"), "no service has a route: there are no requests to share out", "remove it")
	}
	return out
}

// checkCanary looks for what a canary lacks, and ends its weights with 100.
func (t *translator) checkCanary(c *app.Canary, path keyPath) {
	if len(c.Weights) == 0 && !t.has(path.with("weights")) {
		t.add(path, "the canary has no weights", "say which shares of the requests, in percent, a new release gets: weights: [5, 25, 100]")
	}
	if c.Each == 0 && !t.has(path.with("each")) {
		t.add(path, "the canary does not say how long a step takes", "say it: each: 2m")
	}
	if n := len(c.Weights); n == 0 || c.Weights[n-1] < 100 {
		c.Weights = append(c.Weights, 100)
	}
}

// watch is how a service is watched once it serves.
func (t *translator) watch(s types.ServiceConfig, oneShot bool) app.Watch {
	if s.Deploy == nil || s.Deploy.UpdateConfig == nil {
		return app.Watch{}
	}
	u, path := s.Deploy.UpdateConfig, keyPath{"services", s.Name, "deploy", "update_config"}
	// The specification's type is a short float: its digits are what was written.
	ratio, err := strconv.ParseFloat(strconv.FormatFloat(float64(u.MaxFailureRatio), 'g', -1, 32), 64)
	if err != nil || ratio < 0 || ratio > 1 {
		t.add(path.with("max_failure_ratio"), "must be from 0 to 1", "write the share of requests that may fail, such as 0.05")
	}
	out := app.Watch{For: time.Duration(u.Monitor), MaxFailureRatio: ratio, Action: u.FailureAction}
	if out.For < 0 {
		t.add(path.with("monitor"), "must not be negative", "")
	}
	if out.For > 0 && oneShot {
		t.add(path.with("monitor"), "another service waits for this one to end; it does not serve", "remove it")
	}
	return out
}

// settleWatches fills in what a watch allows where nothing says it, and refuses what would have no effect. The steps of a
// canary are watched as well.
func (t *translator) settleWatches(services []app.Service, canary bool) {
	for i := range services {
		w, path := &services[i].Watch, keyPath{"services", services[i].Name, "deploy", "update_config"}
		if w.For > 0 || canary {
			if !t.sources.has(path.with("max_failure_ratio")) {
				w.MaxFailureRatio = app.DefaultMaxFailureRatio
			}
			continue
		}
		const advice = "add update_config.monitor, how long a new release is watched, or remove it"
		if w.Action != "" && w.Action != app.WatchReturn {
			t.add(path.with("failure_action"), "nothing is watched", advice)
		}
		if w.MaxFailureRatio != 0 {
			t.add(path.with("max_failure_ratio"), "nothing is watched", advice)
		}
		*w = app.Watch{}
	}
}
