//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// Hosts that cannot be deployed to, each beside a good one on which the site serves: the deploy fails before anything
// is changed on either.
func TestBadHosts(t *testing.T) {
	s := newScene(t)
	bad := hosts.Start(t, hosts.Bare())
	x := s.newSite("shop")
	x.deploy(t).want(t, app.Succeeded, 0)
	load := x.traffic(t, s.host, 1)
	x.move("2", s.host.AppHost(), bad.AppHost())

	// reconnect ends the connections that the worker keeps.
	reconnect := func() {
		bad.Link.Cut()
		bad.Link.Restore()
	}
	// In this order: each fault stays.
	for _, test := range []struct {
		name  string
		make  func() error
		after func()
		flags []string
		kind  string
		says  []string
	}{
		{name: "an unknown key", kind: app.KindHostKey, says: []string{"is not among the known hosts", "--accept-new-host-keys"}},
		{name: "no Docker", flags: []string{"--accept-new-host-keys"}, kind: app.KindNoDocker, says: []string{"Docker", "longshore bootstrap"}},
		{name: "no Docker, and a key that is kept", kind: app.KindNoDocker, says: []string{"Docker", "longshore bootstrap"}},
		{name: "no connection", make: func() error { bad.Link.Cut(); return nil }, after: bad.Link.Restore,
			kind: app.KindUnreachable, says: []string{"cannot be reached", bad.Link.Addr()}},
		{name: "a refused key", make: func() error { return bad.RefuseKey(t.Context()) },
			kind: app.KindRefused, says: []string{"key", "identity_file"}},
		{name: "a changed host key", make: func() error { return bad.ChangeHostKey(t.Context()) },
			kind: app.KindHostKey, says: []string{"changed", "known_hosts"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := footprint(t, s.host)
			if test.make != nil {
				if err := test.make(); err != nil {
					t.Fatal(err)
				}
				if test.after == nil {
					reconnect()
				}
			}
			e := x.deploy(t, test.flags...)
			if test.after != nil {
				test.after()
			}
			x.hostFailed(t, e, bad.Name, test.kind, test.says...)
			same(t, before, footprint(t, s.host))
			load.flows(t)
		})
	}
	t.Run("a changed host key is not accepted on request", func(t *testing.T) {
		before := footprint(t, s.host)
		out := x.longshore(t, "deploy", "--accept-new-host-keys", "-o", "plain")
		if out.Code != 5 || !strings.Contains(out.Stderr, "changed") {
			t.Error(out)
		}
		same(t, before, footprint(t, s.host))
	})
	t.Run("no connection to the only host", func(t *testing.T) {
		x.move("3", s.host.AppHost())
		before := footprint(t, s.host)
		s.host.Link.Cut()
		e := x.deploy(t)
		s.host.Link.Restore()
		x.hostFailed(t, e, s.host.Name, app.KindUnreachable, "cannot be reached")
		same(t, before, footprint(t, s.host))
	})
	t.Run("a name that nobody has", func(t *testing.T) {
		x.move("4", app.Host{Name: "web-1", Address: "deploy@server.invalid"})
		x.hostFailed(t, x.deploy(t), "web-1", app.KindUnreachable, "server.invalid")
	})
	load.lossless(t, "1")
}

// move has the site deployed to other hosts, in another version.
func (x *site) move(version string, on ...app.Host) {
	x.Write("longshore.yml", harness.Files(x.project, x.route, on)["longshore.yml"])
	x.SetVersion(version)
}

// hostFailed checks that a deploy ended clean because of a host.
func (x *site) hostFailed(t *testing.T, e ended, host, kind string, says ...string) {
	t.Helper()
	e.want(t, app.FailedClean, 3)
	f := e.Failure
	if f == nil || f.Kind != kind || f.Host != host || f.Step != "observe" {
		t.Errorf("want %s of %s, but %+v", kind, host, f)
	}
	told := x.longshore(t, "watch", "-o", "plain")
	for _, want := range append(says, host, "nothing was changed") {
		if !strings.Contains(told.Stdout, want) {
			t.Errorf("%q is not in what a person is told: %s", want, told.Stdout)
		}
	}
}
