//go:build e2e

package bootstrap

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/bootstrap"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// forwarded puts a forwarder in front of sshd, which then neither knows nor says on which port it is reached. That is how
// rules which keep all of sshd's own ports open lock everybody out.
const forwarded = `
echo 'Port 2222' > /etc/ssh/sshd_config.d/10-port.conf
proxy=$(ls /lib/systemd/systemd-socket-proxyd)
printf '[Socket]\nListenStream=22\n[Install]\nWantedBy=sockets.target\n' > /etc/systemd/system/forward.socket
printf '[Service]\nExecStart=%s 127.0.0.1:2222\n' "$proxy" > /etc/systemd/system/forward.service
systemctl daemon-reload
systemctl restart ssh
systemctl enable --quiet --now forward.socket`

// Whatever a change of the firewall cuts comes back: at once where the connection is there still, and by itself where it is
// lost or the worker has died. The same goes for sshd. Nothing of it is there after a reboot.
func TestLockOutGuard(t *testing.T) {
	t.Parallel()
	s := newServer(t, app.Bootstrap{}, hosts.Bare(), hosts.Installed("nftables"))
	s.exec(forwarded)
	must(t, s.WaitSSH(s.ctx))
	s.use(app.Bootstrap{}, s.fresh)

	t.Run("logins by password stay while no key opens the one that deploys", func(t *testing.T) {
		s := s.in(t)
		const foreign = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0xLYJmFk8mTmJvSgkT9sLr3Wc5uK4rXc5m3o7n0a1b nobody"
		s.use(app.Bootstrap{User: "deploy", PublicKeys: []string{foreign}}, s.fresh)
		s.settle(false, "user")
		if _, err := bootstrap.Settle(s.ctx, s.machine, "ssh", false); !errors.Is(err, bootstrap.ErrUnproven) {
			t.Errorf("%v", err)
		}
		if got := s.exec("sshd -T | grep ^passwordauthentication"); got != "passwordauthentication yes" {
			t.Errorf("%s", got)
		}
	})
	t.Run("rules that cut SSH are undone at once", func(t *testing.T) {
		s := s.in(t)
		before := s.exec("nft list ruleset")
		_, err := bootstrap.Settle(s.ctx, s.machine, "firewall", false)
		if !errors.Is(err, bootstrap.ErrLockedOut) {
			t.Fatalf("%v", err)
		}
		if after := s.exec("nft list ruleset"); after != before {
			t.Errorf("left behind:\n%s", after)
		}
		must(t, s.WaitSSH(s.ctx))
	})
	t.Run("what nobody is left to confirm undoes itself", func(t *testing.T) {
		s := s.in(t)
		const settings = "cat /etc/ssh/sshd_config; ls /etc/ssh/sshd_config.d"
		before := s.exec(settings)
		s.leave("ssh")
		if s.exec("sshd -T | grep ^passwordauthentication") != "passwordauthentication no" {
			t.Fatal("sshd was not changed, so that it is undone shows nothing")
		}
		s.Link.Restore()
		s.use(app.Bootstrap{}, s.fresh)
		s.leave("firewall")
		if s.greets() {
			t.Fatal("the rules do not cut SSH, so that they are undone shows nothing")
		}
		s.Link.Restore()
		s.comesBack("ssh", "firewall")
		if after := s.exec(settings); after != before {
			t.Errorf("it was\n%s\nand is\n%s", before, after)
		}
		if after := s.exec("nft list tables"); strings.Contains(after, "longshore") {
			t.Errorf("left behind: %s", after)
		}
	})
	t.Run("a reboot undoes what nobody has confirmed", func(t *testing.T) {
		s := s.in(t)
		s.use(app.Bootstrap{}, s.fresh)
		s.leave("ssh")
		s.Link.Restore()
		must(t, s.Reboot(s.ctx))
		if s.exec("sshd -T | grep ^passwordauthentication") != "passwordauthentication yes" {
			t.Error("what nobody has confirmed is in force")
		}
		s.use(app.Bootstrap{}, s.fresh)
		if item := s.settle(false, "ssh")[0]; !item.Changed {
			t.Errorf("%+v", item)
		}
	})
}

// leave begins a change, and is gone with the connection before it confirms anything.
func (s *server) leave(item string) {
	s.t.Helper()
	ctx, die := context.WithCancel(s.ctx)
	defer die()
	logins := 0
	s.use(s.machine.Settings, func(ctx context.Context, at app.Host) (host.Host, error) {
		if logins++; logins > 1 {
			s.Link.Cut()
			die()
			return nil, errors.New("nobody is left")
		}
		return s.fresh(ctx, at)
	})
	if _, err := bootstrap.Settle(ctx, s.machine, item, false); err == nil {
		s.t.Fatal("a change that nobody has confirmed went through")
	}
}

// comesBack waits for the guards of items to undo their changes by themselves.
func (s *server) comesBack(items ...string) {
	s.t.Helper()
	for _, item := range items {
		s.until(90*time.Second, "! test -e /run/longshore-guard-"+item+"/armed")
	}
	must(s.t, s.WaitSSH(s.ctx))
}

// greets says whether SSH answers from outside.
func (s *server) greets() bool { return tcp(s.address(4), 22) }

// tcp says whether something answers this process's connection to a port.
func tcp(address string, port int) bool {
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(address, strconv.Itoa(port)), 2*time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return false
	}
	if _, err := conn.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
		return false
	}
	_, err = conn.Read(make([]byte, 1))
	return err == nil
}
