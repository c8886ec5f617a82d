package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
)

const someKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ me@desk"

func tcp(port int, from ...string) app.FirewallRule {
	return app.FirewallRule{Port: port, Protocol: "tcp", From: from}
}

// TestBootstrapSettings holds what hosts are to become to what the files say of them.
func TestBootstrapSettings(t *testing.T) {
	const hosts = "hosts:\n  web-1: { address: root@192.0.2.1%s }\n  web-2: { address: root@192.0.2.2 }\n"
	with := func(own, rest string) string { return strings.Replace(hosts, "%s", own, 1) + rest }
	for _, c := range []struct {
		name  string
		files string
		want  app.Bootstrap // of web-1
	}{
		{"nothing said", with("", ""), app.Bootstrap{}},
		{"for all hosts", with("", "bootstrap: { docker: upstream, reboot_at: 04:00, swap: 2GB, skip: [swap, time] }\n"),
			app.Bootstrap{Docker: app.DockerUpstream, RebootAt: "04:00", Swap: 2 << 30, Skip: []string{"swap", "time"}}},
		{"the host's own keys win one by one", with(", bootstrap: { docker: distribution, reboot_at: never, swap: 0, skip: [] }", "bootstrap: { docker: upstream, reboot_at: \"04:00\", swap: 2GB, skip: [time], user: deploy, public_keys: '"+someKey+"' }\n"),
			app.Bootstrap{Docker: app.DockerDistribution, User: "deploy", PublicKeys: []string{someKey}, Skip: []string{}}},
		{"what firewalls allow adds up", with(", bootstrap: { firewall: { allow: [{ port: 2, from: [2001:db8::/32, 192.0.2.9] }] } }",
			"bootstrap: { firewall: { allow: [{ port: 1, protocol: udp }] } }\nsites:\n  a: { hosts: [web-1], firewall: { allow: [{ port: 3 }] } }\n  b: { hosts: [web-2], firewall: { allow: [{ port: 4 }] } }\n  c: { hosts: [web-1, web-2], firewall: { allow: [{ port: 3 }, { port: 5, from: 10.0.0.0/8 }] } }\n"),
			app.Bootstrap{Firewall: app.Firewall{Allow: []app.FirewallRule{
				{Port: 1, Protocol: "udp"}, tcp(2, "2001:db8::/32", "192.0.2.9/32"), tcp(3), tcp(5, "10.0.0.0/8"),
			}}}},
		{"off for one host", with(", bootstrap: { firewall: off }", "bootstrap: { firewall: { allow: [{ port: 1 }] } }\n"),
			app.Bootstrap{Firewall: app.Firewall{Off: true}}},
		{"off for all but one host", with(", bootstrap: { firewall: {} }", "bootstrap: { firewall: false }\n"), app.Bootstrap{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			fleet, err := LoadFleet(Options{Dir: write(t, map[string]string{"longshore.yml": c.files}), Environ: environ(t)}, []string{"web-1"})
			if err != nil {
				t.Fatal(err)
			}
			if len(fleet.Hosts) != 1 || fleet.Hosts[0].Address != "root@192.0.2.1" || !fleet.Hosts[0].Defined {
				t.Fatalf("hosts %+v", fleet.Hosts)
			}
			if diff := cmp.Diff(c.want, fleet.Hosts[0].Bootstrap); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFleetHosts looks at which hosts are meant.
func TestFleetHosts(t *testing.T) {
	const project = "hosts:\n  web-1: { address: root@192.0.2.1, bootstrap: { swap: 1 } }\n  web-2: { address: root@192.0.2.2 }\n" +
		"bootstrap: { reboot_at: \"04:00\" }\nsites:\n  a: { hosts: [web-1], firewall: { allow: [{ port: 3 }] } }\n  b: { hosts: [web-2] }\n"
	for _, c := range []struct {
		name    string
		project string
		o       Options
		names   []string
		want    []string // name=address
		ports   int      // that the first one's firewall allows
	}{
		{"the site's", project, Options{Site: "b"}, nil, []string{"web-2=root@192.0.2.2"}, 0},
		{"an address in place of the site's", project, Options{Site: "a", Host: "root@192.0.2.9"}, nil, []string{"192.0.2.9=root@192.0.2.9"}, 1},
		{"those named, of any site", project, Options{}, []string{"web-2", "web-1"}, []string{"web-2=root@192.0.2.2", "web-1=root@192.0.2.1"}, 0},
		{"a host by its address, and once", project, Options{}, []string{"root@192.0.2.1", "web-1"}, []string{"web-1=root@192.0.2.1"}, 1},
		{"a host by another login", project, Options{}, []string{"deploy@192.0.2.1:22"}, []string{"web-1=deploy@192.0.2.1:22"}, 1},
		{"an address without any file", "", Options{}, []string{"root@192.0.2.9:2222"}, []string{"192.0.2.9=root@192.0.2.9:2222"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{}
			if c.project != "" {
				files["longshore.yml"] = c.project
			}
			c.o.Dir, c.o.Environ = write(t, files), environ(t)
			fleet, err := LoadFleet(c.o, c.names)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, h := range fleet.Hosts {
				got = append(got, h.Name+"="+h.Address)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("hosts (-want +got):\n%s", diff)
			}
			if n := len(fleet.Hosts[0].Bootstrap.Firewall.Allow); n != c.ports {
				t.Errorf("%d ports are allowed, not %d", n, c.ports)
			}
		})
	}
}

func TestFleetOfNobody(t *testing.T) {
	_, err := LoadFleet(Options{Dir: t.TempDir(), Environ: environ(t)}, nil)
	if err == nil || !strings.Contains(err.Error(), "name one, such as root@server") {
		t.Errorf("got %v", err)
	}
}

func TestPublicKeys(t *testing.T) {
	home := t.TempDir()
	keep := func(name, text string) {
		path := filepath.Join(home, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	other := strings.Replace(someKey, "me@desk", "other", 1)
	keep(".ssh/id_ed25519.pub", someKey+"\n")
	keep("keys/own.pub", other+"\n")
	keep("keys/team", "# the team\n"+someKey+"\n\n"+other+"\n")
	keep("keys/own", "-----BEGIN OPENSSH PRIVATE KEY-----\n")
	for _, c := range []struct {
		name, host, bootstrap string
		want                  []string
		problem               string
	}{
		{name: "nobody's", bootstrap: "{}"},
		{name: "the usual one", bootstrap: "{ user: deploy }", want: []string{someKey}},
		{name: "that of the host's identity", host: ", identity_file: ~/keys/own", bootstrap: "{ user: deploy }", want: []string{other}},
		{name: "those of a file", bootstrap: "{ user: deploy, public_keys: [~/keys/team] }", want: []string{someKey, other}},
		{name: "one as it is", bootstrap: "{ user: deploy, public_keys: ['" + other + "'] }", want: []string{other}},
		{name: "none to be found", host: ", identity_file: ~/keys/none", bootstrap: "{ user: deploy }",
			problem: "bootstrap.public_keys: no public key of yours was found for the user of web-1 (looked for " + home + "/keys/none.pub); name one: public_keys: [~/.ssh/id_ed25519.pub]"},
		{name: "a file that is not there", bootstrap: "{ user: deploy, public_keys: [~/keys/none] }",
			problem: `longshore.yml:3:28: bootstrap.public_keys: ~/keys/none: cannot be read: no such file or directory; ` + keyAdvice},
		{name: "a private key", bootstrap: "{ user: deploy, public_keys: [~/keys/own] }",
			problem: `longshore.yml:3:28: bootstrap.public_keys: ~/keys/own: does not hold public keys; ` + keyAdvice},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := write(t, map[string]string{"longshore.yml": "hosts:\n  web-1: { address: root@192.0.2.1" + c.host + " }\nbootstrap: " + c.bootstrap + "\n"})
			fleet, err := LoadFleet(Options{Dir: dir, Environ: []string{"HOME=" + home}}, nil)
			if c.problem != "" {
				if err == nil || err.Error() != c.problem {
					t.Fatalf("got  %v\nwant %s", err, c.problem)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, fleet.Hosts[0].Bootstrap.PublicKeys); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
		})
	}
}

// TestBootstrapProblems holds wrong settings to all that is said about them.
func TestBootstrapProblems(t *testing.T) {
	dir := write(t, map[string]string{"longshore.yml": `hosts:
  web-1:
    address: root@192.0.2.1
    bootstrap: { firewall: on, skip: [firewal], public_keys: [AAAA] }
bootstrap:
  docker: upsteam
  user: De
  reboot_at: 25:00
  swap: much
  skp: []
  firewall:
    allow:
      - { port: 70000, protocol: icmp }
      - { from: [10.0.0.1/8, everybody] }
sites:
  production: { hosts: [web-1], firewall: { allow: 22, off: true } }
`})
	_, err := LoadFleet(Options{Dir: dir, Environ: environ(t)}, nil)
	want := []string{
		`longshore.yml:4:18: hosts.web-1.bootstrap.firewall: must be off or a mapping, not the text "on"; write firewall: off, or firewall: { allow: [{ port: 5432, from: [203.0.113.0/24] }] }`,
		`longshore.yml:4:39: hosts.web-1.bootstrap.skip[0]: there is no item "firewal"; did you mean "firewall"?`,
		`longshore.yml:4:63: hosts.web-1.bootstrap.public_keys[0]: is not a public key; ` + keyAdvice,
		`longshore.yml:6:3: bootstrap.docker: must be one of distribution, upstream; did you mean "upstream"?`,
		`longshore.yml:7:3: bootstrap.user: "De" is not a name for a login; logins are made of lower case letters, digits, dashes and underscores, and begin with a letter`,
		`longshore.yml:8:3: bootstrap.reboot_at: must be a time of day, not "25:00"; write it as "04:00", or "never"`,
		`longshore.yml:9:3: bootstrap.swap: must be a size, not the text "much"; write bytes, or a number with its unit, such as "10mb"`,
		`longshore.yml:10:3: bootstrap.skp: unknown key; did you mean "skip"?`,
		`longshore.yml:13:11: bootstrap.firewall.allow[0].port: must be from 1 to 65535, not 70000`,
		`longshore.yml:13:24: bootstrap.firewall.allow[0].protocol: must be one of tcp, udp`,
		`longshore.yml:14:9: bootstrap.firewall.allow[1]: the rule has no port; say which port of the host is reached: port: 5432`,
		`longshore.yml:14:18: bootstrap.firewall.allow[1].from[0]: 10.0.0.1/8 is an address in the range 10.0.0.0/8, not a range; write 10.0.0.0/8 for the range, or 10.0.0.1 for the address`,
		`longshore.yml:14:30: bootstrap.firewall.allow[1].from[1]: "everybody" is no range of addresses; write it as "203.0.113.0/24" or "2001:db8::/32", or one address alone`,
		`longshore.yml:16:45: sites.production.firewall.allow: must be a list, not the number 22; write allow: [{ port: 5432, from: [203.0.113.0/24] }]`,
		`longshore.yml:16:56: sites.production.firewall.off: unknown key`,
	}
	if err == nil {
		t.Fatal("no problem")
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestBootstrapOrigins(t *testing.T) {
	p := load(t, write(t, map[string]string{"compose.yaml": oneService, "longshore.yml": `bootstrap: { user: deploy, firewall: off }
hosts:
  web-1: { address: root@192.0.2.1, bootstrap: { swap: 0, firewall: { allow: [{ port: 5, from: 10.0.0.0/8 }] } } }
`}), Options{Environ: environ(t)})
	got := map[string]string{}
	for _, o := range p.Origins {
		if strings.Contains(o.Key, "bootstrap") {
			got[o.Key] = strings.TrimSpace(o.Layer + " " + o.Where)
		}
	}
	want := map[string]string{
		"bootstrap.user": "project file longshore.yml:1", "bootstrap.firewall": "project file longshore.yml:1",
		"hosts.web-1.bootstrap.swap": "project file longshore.yml:3", "hosts.web-1.bootstrap.firewall": "project file longshore.yml:3",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("origins (-want +got):\n%s", diff)
	}
}
