//go:build soak

package bootstrap

import (
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/bootstrap"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// TestSoakBootstrap has the worker killed, and then the host rebooted, at every item of a bare server's bootstrap.
func TestSoakBootstrap(t *testing.T) {
	faults := map[string]func(*testing.T, *world, *hosts.Host){
		"the worker is killed":  func(_ *testing.T, w *world, _ *hosts.Host) { w.worker.Restart() },
		"the host reboots":      func(t *testing.T, w *world, h *hosts.Host) { must(t, h.Reboot(w.ctx)) },
		"the host loses power":  func(t *testing.T, w *world, h *hosts.Host) { must(t, h.PowerCycle(w.ctx)) },
		"the connection is cut": func(_ *testing.T, _ *world, h *hosts.Host) { h.Link.Cut(); h.Link.Restore() },
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			h := hosts.Start(t, hosts.Bare())
			w := newWorld(t, h)
			r := w.start(h, app.Bootstrap{})
			for i := range bootstrap.Names() {
				r.untilStep(i + 1)
				fault(t, w, h)
			}
			r.succeeds()
			w.again(h, app.Bootstrap{})
		})
	}
}

// TestSoakTenBareServers makes ten hosts of bare servers at once.
func TestSoakTenBareServers(t *testing.T) {
	var all []*hosts.Host
	for range 10 {
		all = append(all, hosts.Start(t, hosts.Bare()))
	}
	w := newWorld(t, all...)
	var runs []*run
	for _, h := range all {
		runs = append(runs, w.start(h, app.Bootstrap{}))
	}
	for _, r := range runs {
		r.succeeds()
	}
	for _, h := range all {
		w.again(h, app.Bootstrap{})
	}
}
