//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// A bare server becomes one that serves, in a single command, and stays so whatever else is asked of it: a second
// bootstrap, a check, what is broken by hand, a revert.
func TestBootstrapFromBare(t *testing.T) {
	s := newScene(t, hosts.Bare())
	keepPublicKey(t, s.host)
	x := s.newSite("bare")
	x.Write("longshore.yml", x.read(t, "longshore.yml")+"bootstrap: { user: deployer, firewall: { allow: [{ port: 5432, from: [192.0.2.0/24] }] } }\n")
	x.Commit("say what the host is to become")

	x.says(t, 1, []string{"fail", "longshore bootstrap"}, "doctor")
	if r := x.bootstrap(t, 1, "--check"); r.Changes() < 8 || !r.Check {
		t.Errorf("a bare server differs in %q", touched(r))
	}
	if _, err := s.host.Exec(t.Context(), "test", "-e", app.DefaultStateDir); err == nil {
		t.Error("the check made " + app.DefaultStateDir)
	}
	x.says(t, 0, []string{
		"changed " + s.host.Name, "firewall", "set hosts." + s.host.Name + ".address to deployer@", "succeeded " + x.full(),
	}, "deploy", "--bootstrap", "-o", "plain")
	load := x.traffic(t, s.host, 1)
	load.flows(t)
	if rules := on(t, s.host, "nft", "list", "table", "inet", "longshore"); !strings.Contains(rules, "5432") {
		t.Errorf("the firewall's rules:\n%s", rules)
	}

	x.says(t, 0, []string{"unchanged " + s.host.Name + ": no changes"}, "bootstrap", "-o", "plain")
	on(t, s.host, "rm", "/etc/fail2ban/jail.d/longshore.local")
	if diff := cmp.Diff([]string{"fail2ban"}, touched(x.bootstrap(t, 1, "--check", s.host.Name))); diff != "" {
		t.Errorf("the check finds (-want +got):\n%s", diff)
	}
	x.says(t, 0, []string{s.host.Name + ": checked", "differs: fail2ban"}, "status")
	if r := x.bootstrap(t, 0, "--revert", "firewall"); len(r.Items) != 1 || !r.Items[0].Changed {
		t.Errorf("the revert has %+v", r.Items)
	}
	if rules := on(t, s.host, "nft", "list", "ruleset"); strings.Contains(rules, "table inet longshore") {
		t.Errorf("the rules after the revert:\n%s", rules)
	}
	if r := x.bootstrap(t, 3, "--revert", "firewall"); r.Failure == nil || !strings.Contains(r.Failure.Message, "nothing to revert") {
		t.Errorf("the second revert has %+v", r.Failure)
	}
	if diff := cmp.Diff([]string{"firewall", "fail2ban"}, touched(x.bootstrap(t, 0))); diff != "" {
		t.Errorf("what was mended (-want +got):\n%s", diff)
	}

	// The login that was made does all that the first one did.
	root, deployer := s.host.Address(), strings.Replace(s.host.Address(), s.host.User+"@", "deployer@", 1)
	settings := x.read(t, "longshore.yml")
	x.Write("longshore.yml", strings.ReplaceAll(settings, root, deployer))
	x.SetVersion("2")
	x.deploy(t).want(t, app.Succeeded, 0)
	if r := x.bootstrap(t, 0); r.Changes() != 0 {
		t.Errorf("the deploying login changed %q", touched(r))
	}
	load.flows(t)
	load.lossless(t, "1", "2")
}

// read reads a file of the checkout.
func (x *site) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(x.Dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// says runs a command, and checks its exit code and what it says.
func (x *site) says(t *testing.T, code int, parts []string, args ...string) {
	t.Helper()
	out := x.longshore(t, args...)
	if out.Code != code {
		t.Fatalf("the exit code is not %d: %s", code, out)
	}
	for _, part := range parts {
		if !strings.Contains(out.Stdout, part) {
			t.Errorf("it does not say %q: %s", part, out)
		}
	}
}

// bootstrap bootstraps the site's only host, and answers the report.
func (x *site) bootstrap(t *testing.T, code int, args ...string) app.BootstrapReport {
	t.Helper()
	out := x.longshore(t, append([]string{"bootstrap", "-o", "json"}, args...)...)
	var report app.BootstrapReport
	if err := out.Result(&report); err != nil || out.Code != code {
		t.Fatalf("the exit code is not %d, or there is no report (%v): %s", code, err, out)
	}
	return report
}

// touched are the items that were changed, or would be.
func touched(r app.BootstrapReport) []string {
	var names []string
	for _, i := range r.Items {
		if i.Changed || i.Differs {
			names = append(names, i.Name)
		}
	}
	return names
}

// keepPublicKey writes the public half of the host's key beside it, as ssh-keygen does.
func keepPublicKey(t *testing.T, h *hosts.Host) {
	t.Helper()
	private, err := os.ReadFile(h.IdentityFile)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.ParsePrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(h.IdentityFile+".pub", ssh.MarshalAuthorizedKey(signer.PublicKey()), 0o600); err != nil {
		t.Fatal(err)
	}
}
