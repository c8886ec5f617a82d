//go:build e2e

package bootstrap

import (
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// A bare server gets all items; the second time nothing is changed. Whatever is broken by hand is found, and mended alone.
func TestABareServerBecomesAHost(t *testing.T) {
	for _, release := range []hosts.Release{hosts.Bookworm, hosts.Trixie} {
		t.Run(string(release), func(t *testing.T) {
			s := newServer(t, app.Bootstrap{User: "deploy", PublicKeys: []string{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0xLYJmFk8mTmJvSgkT9sLr3Wc5uK4rXc5m3o7n0a1b test"}}, hosts.OnRelease(release), hosts.Bare())
			for _, item := range s.settle(false) {
				t.Logf("%-16s %5d ms  %s -> %s %s", item.Name, item.TookMS, item.Before, item.After, item.Skipped)
			}
			for _, item := range s.settle(false) {
				if item.Changed {
					t.Errorf("changed again: %+v", item)
				}
				t.Logf("%-16s %5d ms  %s -> %s %s", item.Name, item.TookMS, item.Before, item.After, item.Skipped)
			}
			breakAndMend(t, s)
		})
	}
}

// broken is how each item is broken by hand.
var broken = map[string]string{
	"docker":        "systemctl stop docker.service docker.socket",
	"docker-config": "rm /etc/docker/daemon.json",
	"user":          "gpasswd -d deploy docker",
	"state":         "chmod 755 /var/lib/longshore",
	"sysctl":        "sysctl -w net.core.somaxconn=128",
	"updates":       "echo 'APT::Periodic::Unattended-Upgrade \"0\";' > /etc/apt/apt.conf.d/99off",
	"held-packages": "rm /etc/apt/apt.conf.d/53longshore-held",
	"firewall":      "nft flush chain inet longshore input",
	"ssh":           "rm /etc/ssh/sshd_config.d/00-longshore.conf && systemctl reload ssh",
	"fail2ban":      "systemctl stop fail2ban",
}

func breakAndMend(t *testing.T, s *server) {
	delete(broken, "updates") // a file that sorts behind ours is not ours to remove
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
