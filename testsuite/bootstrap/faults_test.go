//go:build e2e

package bootstrap

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/bootstrap"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// One server goes through all that may happen to packages, and then through deaths of the worker: each time the run waits,
// mends or says what to do, and it ends as every other.
func TestFaults(t *testing.T) {
	t.Parallel()
	h := hosts.Start(t, hosts.Bare())
	s := &server{Host: h, t: t, ctx: t.Context()}
	w := newWorld(t, h)
	settings := app.Bootstrap{}
	names := bootstrap.Names()

	s.exec("apt-get update -q >/dev/null")
	s.exec(`echo 'Acquire::http::Proxy "http://127.0.0.1:1";' > /etc/apt/apt.conf.d/99broken`)
	began := time.Now()
	report := w.start(h, settings).end()
	if f := report.Failure; f == nil || f.Kind != app.KindPackages || f.Advice == "" || !strings.Contains(f.Message, "127.0.0.1") {
		t.Fatalf("a mirror that fails after its lists: %+v", f)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("to say that a mirror fails took %s", took)
	}
	s.exec("rm /etc/apt/apt.conf.d/99broken")

	// Somebody else installs something, which takes him long.
	s.exec(`systemd-run --quiet --unit=somebody apt-get install --yes -o DPkg::Pre-Invoke::="touch /run/holds; sleep 600" nftables`)
	s.until(time.Minute, "test -e /run/holds")
	r := w.start(h, settings)
	s.until(time.Minute, "grep -q 'lock .* by' /run/longshore-packages.step")
	w.worker.Restart()
	s.exec("systemctl is-active longshore-packages.service")
	s.exec("systemctl stop somebody")

	s.until(2*time.Minute, "dpkg --audit | grep -q .")
	s.exec("pkill -9 -x dpkg; pkill -9 -x apt-get; true")
	for _, item := range []string{"firewall", "ssh"} {
		r.untilStep(slices.Index(names, item) + 1)
		w.worker.Restart()
	}
	report = r.succeeds()
	for _, item := range report.Items {
		t.Logf("%-14s %6d ms  %s -> %s%s", item.Name, item.TookMS, item.Before, item.After, item.Skipped)
	}
	if got := s.exec("dpkg --audit"); got != "" {
		t.Errorf("packages are half installed:\n%s", got)
	}
	w.again(h, settings)
}

// until waits until a shell line succeeds on the server.
func (s *server) until(within time.Duration, line string) {
	s.t.Helper()
	harness.Eventually(s.t, within, func() error {
		_, err := s.Exec(s.ctx, "sh", "-c", line)
		return err
	})
}

// A system that nobody knows is refused with what was found and is missing; with a Docker of its own it is used as it is.
func TestUnsupportedSystems(t *testing.T) {
	t.Parallel()
	h := hosts.Start(t)
	s := &server{Host: h, t: t, ctx: t.Context()}
	w := newWorld(t, h)
	s.exec(`printf 'ID=slack\nPRETTY_NAME="Slackware 15"\n' > /etc/os-release.new && mv /etc/os-release.new /etc/os-release`)
	before := s.exec("find /etc -type f -newer /etc/os-release | sort")
	report := w.start(h, app.Bootstrap{}).succeeds()
	var skipped string
	for _, item := range report.Items {
		if item.Name == "hardening" {
			skipped = item.Skipped
		}
	}
	if !strings.Contains(skipped, "Slackware 15") || report.Items[len(report.Items)-1].Name != "edge" {
		t.Errorf("%+v", report.Items)
	}
	if after := s.exec("find /etc -type f -newer /etc/os-release | sort"); after != before {
		t.Errorf("changed: %s", after)
	}
	must(t, s.StopDocker(s.ctx))
	f := w.start(h, app.Bootstrap{}).end().Failure
	if f == nil || f.Kind != app.KindUnsupported || !strings.Contains(f.Message, "Slackware 15") || !strings.Contains(f.Message, "no Docker") {
		t.Errorf("%+v", f)
	}
}

// Several hosts at once do not get into each other's way.
func TestManyHosts(t *testing.T) {
	t.Parallel()
	var all []*hosts.Host
	for range 4 {
		all = append(all, hosts.Start(t))
	}
	w := newWorld(t, all...)
	// What needs packages is left out: the machine that tests has two processors.
	settings := app.Bootstrap{Skip: []string{"packages", "updates", "firewall", "fail2ban"}}
	var runs []*run
	for _, h := range all {
		runs = append(runs, w.start(h, settings))
	}
	for i, r := range runs {
		if report := r.succeeds(); report.Host != all[i].Name || report.Changes() == 0 {
			t.Errorf("%+v", report)
		}
	}
	for _, h := range all {
		w.again(h, settings)
	}
}
