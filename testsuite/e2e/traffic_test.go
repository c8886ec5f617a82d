//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/testsuite/harness/load"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// traffic is a steady load on a site.
type traffic struct{ *load.Load }

// traffic begins a load on the site at one of its hosts: on kept-alive connections, with slow answers, and on as many
// WebSockets as given. A WebSocket goes on until its app ends, and so keeps a deploy draining.
func (x *site) traffic(t *testing.T, h *hosts.Host, sockets int) traffic {
	t.Helper()
	return trafficTo(t, h.URL(), x.route, sockets)
}

func trafficTo(t *testing.T, url, route string, sockets int) traffic {
	t.Helper()
	l, err := load.Start(t.Context(), load.Options{
		URL: url, Host: route, Rate: 40, SlowFor: 500 * time.Millisecond,
		Connections: map[load.Kind]int{load.Get: 3, load.Post: 3, load.Slow: 1, load.WebSocket: sockets},
	})
	if err != nil {
		t.Fatal(err)
	}
	x := traffic{l}
	x.flows(t)
	return x
}

// flows waits until more requests have been made, and checks that none was lost so far.
func (x traffic) flows(t *testing.T) {
	t.Helper()
	goal := x.Report().Made + 60
	harness.Eventually(t, time.Minute, func() error {
		if report := x.Report(); report.Lost == 0 && report.Made < goal {
			return fmt.Errorf("too few requests: %s", report)
		}
		return nil
	})
	if report := x.Report(); report.Lost > 0 {
		t.Fatal(report)
	}
}

// lossless ends the load, none of which may be lost. Only the versions given may have answered, each of them.
func (x traffic) lossless(t *testing.T, versions ...string) {
	t.Helper()
	report := x.Stop()
	answered := len(report.ByVersion)
	for _, version := range versions {
		if report.ByVersion[version] == 0 {
			t.Errorf("version %q never answered", version)
		}
	}
	if report.Lost > 0 || answered != len(versions) {
		t.Errorf("want answers of %q and no loss: %s", versions, report)
	}
}

// onlyLostBy ends the load: what was lost must have been answered, badly, by one version, and all else by another.
func (x traffic) onlyLostBy(t *testing.T, bad, good string) {
	t.Helper()
	report := x.Stop()
	for _, loss := range report.Losses {
		if loss.Version != bad {
			t.Errorf("lost by %q: %+v", loss.Version, loss)
		}
	}
	if report.Lost == 0 || len(report.ByVersion) != 1 || report.ByVersion[good] == 0 {
		t.Errorf("want losses of %q and answers of %q: %s", bad, good, report)
	}
}
