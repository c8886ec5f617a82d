//go:build e2e

package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	cryptossh "golang.org/x/crypto/ssh"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/bootstrap"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// From network namespaces of their own, neighbours reach what the settings allow and nothing else, over both versions of
// IP, however Docker publishes it; containers and logins live through every change.
func TestReach(t *testing.T) {
	t.Parallel()
	six := newNetwork(t)
	neighbour := hosts.Start(t, hosts.Bare())
	s := newServer(t, app.Bootstrap{Skip: []string{"updates"}}, hosts.Installed("fail2ban", "python3-systemd", "nftables", "ufw"))
	for _, h := range []*hosts.Host{neighbour, s.Host} {
		docker(t, "network", "connect", six, h.Name)
	}
	n := &server{Host: neighbour, t: t, ctx: s.ctx}
	settings := app.Bootstrap{Skip: []string{"updates"}, Firewall: app.Firewall{Allow: []app.FirewallRule{
		{Port: 8081},
		{Port: 8082, From: []string{n.address(4) + "/32", n.address(6) + "/128"}},
		{Port: 8083, From: []string{"192.0.2.0/24", "2001:db8::/32"}},
	}}}
	s.use(settings, s.fresh)
	s.settle(false)
	s.publish(8080, 8081, 8082, 8083)
	open := map[int]bool{22: true, 8080: false, 8081: true, 8082: true, 8083: false}

	reached := func(t *testing.T) {
		t.Helper()
		// A port that is shut takes as long as one is willing to wait.
		var looks sync.WaitGroup
		for _, version := range []int{4, 6} {
			address := s.address(version)
			for port, want := range open {
				looks.Go(func() {
					if got := n.reaches(address, port); got != want {
						t.Errorf("%s port %d: reached %v", address, port, got)
					}
				})
			}
		}
		looks.Wait()
		inside := s.exec("docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' s8081")
		n.exec("ip route replace " + inside + " via " + s.address(4))
		if n.reaches(inside, 3000) {
			t.Error("a neighbour reaches a container by its own address")
		}
	}
	t.Run("as allowed", func(t *testing.T) {
		reached(t)
		// This process comes from yet another address.
		if tcp(s.address(4), 8082) || !tcp(s.address(4), 8081) {
			t.Error("a range of addresses is not told from others")
		}
	})
	t.Run("no login by password", func(t *testing.T) {
		s := s.in(t)
		s.exec("echo root:open-sesame | chpasswd")
		_, err := cryptossh.Dial("tcp", s.address(4)+":22", &cryptossh.ClientConfig{
			User: "root", HostKeyCallback: cryptossh.InsecureIgnoreHostKey(),
			Auth: []cryptossh.AuthMethod{cryptossh.Password("open-sesame"), cryptossh.KeyboardInteractive(
				func(_, _ string, questions []string, _ []bool) ([]string, error) {
					return make([]string, len(questions)), nil
				})},
		})
		if err == nil || !strings.Contains(err.Error(), "attempted methods [none]") {
			t.Errorf("%v", err)
		}
	})
	t.Run("containers live through a restart of the engine", func(t *testing.T) {
		s := s.in(t)
		const since = "docker inspect --format '{{.State.StartedAt}} {{.State.Running}}' s8081"
		before := s.exec(since)
		s.exec("rm /etc/docker/daemon.json")
		if item := s.settle(false, "docker-config")[0]; !item.Changed {
			t.Errorf("%+v", item)
		}
		if after := s.exec(since); after != before {
			t.Errorf("it was %s and is %s", before, after)
		}
		reached(t)
	})
	t.Run("rules of the machine's own are loaded again", func(t *testing.T) {
		s := s.in(t)
		s.exec("systemctl enable --now nftables.service && systemctl restart nftables.service")
		reached(t)
		if item := s.settle(true, "firewall")[0]; item.Differs {
			t.Errorf("%+v", item)
		}
	})
	t.Run("beside ufw", func(t *testing.T) {
		s := s.in(t)
		s.exec("for port in 22 8081 8082; do ufw allow $port/tcp; done; ufw --force enable")
		reached(t)
		if item := s.settle(true, "firewall")[0]; item.Differs || !strings.Contains(item.Before, "ufw is active as well") {
			t.Errorf("%+v", item)
		}
		s.exec("ufw --force disable")
	})
	t.Run("after a reboot", func(t *testing.T) {
		s := s.in(t)
		must(t, s.Reboot(s.ctx))
		must(t, s.WaitDocker(s.ctx))
		harness.Eventually(t, 30*time.Second, func() error {
			if !n.reaches(s.address(4), 8081) {
				return errors.New("the container does not answer")
			}
			return nil
		})
		reached(t)
	})
	t.Run("other rules", func(t *testing.T) {
		s := s.in(t)
		settings.Firewall.Allow = []app.FirewallRule{{Port: 8080}}
		s.use(settings, s.fresh)
		if item := s.settle(false, "firewall")[0]; !item.Changed {
			t.Errorf("%+v", item)
		}
		open = map[int]bool{22: true, 8080: true, 8081: false, 8082: false, 8083: false}
		reached(t)
	})
	t.Run("switched off", func(t *testing.T) {
		s := s.in(t)
		s.use(app.Bootstrap{Firewall: app.Firewall{Off: true}}, s.fresh)
		before := s.exec("nft list ruleset")
		if item := s.settle(false, "firewall")[0]; item.Skipped == "" || item.Changed {
			t.Errorf("%+v", item)
		}
		if after := s.exec("nft list ruleset"); after != before {
			t.Errorf("rules were changed:\n%s", after)
		}
	})
	t.Run("reverted", func(t *testing.T) {
		s := s.in(t)
		s.use(settings, s.fresh)
		for _, name := range bootstrap.RevertNames() {
			if item, err := bootstrap.Revert(s.ctx, s.machine, name); err != nil || !item.Changed {
				t.Errorf("%+v, %v", item, err)
			}
			if _, err := bootstrap.Revert(s.ctx, s.machine, name); !errors.Is(err, bootstrap.ErrNothingToRevert) {
				t.Errorf("a second time: %v", err)
			}
		}
		if !n.reaches(s.address(4), 8083) {
			t.Error("the rules are still in force")
		}
		if got := s.exec("sshd -T | grep ^passwordauthentication"); got != "passwordauthentication yes" {
			t.Errorf("%s", got)
		}
	})
}

// newNetwork is a network with both versions of IP.
func newNetwork(t *testing.T) string {
	t.Helper()
	name := "longshore-test-" + strings.ToLower(t.Name())
	_ = exec.Command("docker", "network", "rm", name).Run() // of a test that was killed
	docker(t, "network", "create", "--ipv6", "--subnet", "fd2d:6c6f:6e67::/64", name)
	t.Cleanup(func() { docker(t, "network", "rm", name) })
	return name
}

func docker(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "docker", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("docker %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// address is the server's own, of a version of IP.
func (s *server) address(version int) string {
	s.t.Helper()
	line := s.exec(fmt.Sprintf("ip -%d -o address show scope global | grep -v docker | head -n 1", version))
	address, _, _ := strings.Cut(strings.Fields(line)[3], "/")
	return address
}

// reaches says whether something answers the server's connection to a port.
func (s *server) reaches(address string, port int) bool {
	_, err := s.Exec(s.ctx, "timeout", "3", "bash", "-c",
		fmt.Sprintf(`exec 3<>/dev/tcp/%s/%d && printf 'GET / HTTP/1.0\r\n\r\n' >&3 && read -n 1 <&3`, address, port))
	return err == nil
}

// publish runs a web server for each port.
func (s *server) publish(ports ...int) {
	s.t.Helper()
	binary := filepath.Join(s.t.TempDir(), "answer")
	build := exec.CommandContext(s.ctx, "go", "build", "-o", binary, "../hosts/testdata/answer")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	docker(s.t, "cp", binary, s.Name+":/root/answer")
	s.exec(`tar -C /root -c answer | docker import --change 'ENTRYPOINT ["/answer"]' - answer`)
	for _, port := range ports {
		s.exec(fmt.Sprintf("docker run --detach --restart always --name s%d --publish %d:3000 answer :3000", port, port))
		harness.Eventually(s.t, time.Minute, func() error {
			if !s.reaches("127.0.0.1", port) {
				return fmt.Errorf("nothing answers at port %d", port)
			}
			return nil
		})
	}
}
