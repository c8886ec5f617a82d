//go:build e2e

package bootstrap

import (
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// A bare server gets all items; the second time nothing is changed. Whatever is broken by hand is found, and mended alone.
func TestABareServerBecomesAHost(t *testing.T) {
	for release, login := range map[hosts.Release]string{hosts.Bookworm: hosts.Root, hosts.Trixie: hosts.Sudoer} {
		t.Run(string(release)+" as "+login, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, app.Bootstrap{User: "deploy"}, hosts.OnRelease(release), hosts.LoginAs(login))
			for _, item := range s.settle(true) {
				if !item.Differs && item.Skipped == "" && item.Name != "docker-config" && item.Name != "sysctl" {
					t.Errorf("a bare server has it already: %+v", item)
				}
			}
			for _, item := range s.settle(false) {
				t.Logf("%-14s %5d ms  %s -> %s%s", item.Name, item.TookMS, item.Before, item.After, item.Skipped)
			}
			s.unchanged()
			breakAndMend(t, s)
			must(t, s.Reboot(s.ctx))
			s.unchanged()
		})
	}
}

// unchanged fails for every item that a further run has something to do about.
func (s *server) unchanged() {
	s.t.Helper()
	for _, item := range s.settle(true) {
		if item.Differs {
			s.t.Errorf("differs again: %+v", item)
		}
	}
	for _, item := range s.settle(false) {
		if item.Changed {
			s.t.Errorf("changed again: %+v", item)
		}
	}
}

// broken is how each item is broken by hand.
var broken = map[string]string{
	"packages":      "dpkg --unpack --force-depends /var/cache/apt/archives/python3-systemd_*.deb",
	"docker":        "systemctl stop docker.service docker.socket",
	"docker-config": "rm /etc/docker/daemon.json",
	"user":          "gpasswd -d deploy docker",
	"state":         "chmod 755 /var/lib/longshore",
	"sysctl":        "sysctl -w net.core.somaxconn=128",
	"updates":       "echo 'APT::Periodic::Unattended-Upgrade \"0\";' > /etc/apt/apt.conf.d/52longshore-updates",
	"held-packages": "rm /etc/apt/apt.conf.d/53longshore-held",
	"firewall":      "nft flush chain inet longshore input",
	"ssh":           "rm /etc/ssh/sshd_config.d/00-longshore.conf && systemctl reload ssh",
	"fail2ban":      "systemctl stop fail2ban",
}

func breakAndMend(t *testing.T, s *server) {
	for name, line := range broken {
		s.exec(line)
		for _, item := range s.settle(true) {
			if item.Differs != (item.Name == name) {
				t.Errorf("after %q: %+v", line, item)
			}
		}
		for _, item := range s.settle(false) {
			if item.Changed != (item.Name == name) {
				t.Errorf("mending %q: %+v", line, item)
			}
		}
	}
}
