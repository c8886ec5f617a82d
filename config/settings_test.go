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

const oneService = "services:\n  web: {image: app:1}\n"

// TestLayers sets one key in ever more layers: the last one wins, and is named as its origin.
func TestLayers(t *testing.T) {
	home := t.TempDir()
	user := filepath.Join(home, ".config", "longshore", "config.yml")
	if err := os.MkdirAll(filepath.Dir(user), 0o755); err != nil {
		t.Fatal(err)
	}
	projectFile := "keep: 2\nsites:\n  production: {hosts: [local]}\n"
	siteFile := "keep: 2\nsites:\n  production:\n    hosts: [local]\n    keep: 3\n"
	for _, step := range []struct {
		name, user, project string
		environ             []string
		flags               map[string]string
		want                Origin
	}{
		{name: "default", project: "hosts: {local: }\n", want: Origin{Value: app.DefaultKeep, Layer: layerDefault}},
		{name: "user", user: "keep: 1\n", project: "hosts: {local: }\n", want: Origin{Value: 1, Layer: layerUser, Where: user + ":1"}},
		{name: "project", user: "keep: 1\n", project: projectFile, want: Origin{Value: 2, Layer: layerProject, Where: "longshore.yml:1"}},
		{name: "site", user: "keep: 1\n", project: siteFile, want: Origin{Value: 3, Layer: layerSite, Where: "longshore.yml:5"}},
		{name: "environment", user: "keep: 1\n", project: siteFile, environ: []string{"LONGSHORE_KEEP=4"},
			want: Origin{Value: 4, Layer: layerEnvironment, Where: "LONGSHORE_KEEP"}},
		{name: "flag", user: "keep: 1\n", project: siteFile, environ: []string{"LONGSHORE_KEEP=4"}, flags: map[string]string{"keep": "6"},
			want: Origin{Value: 6, Layer: layerFlag, Where: "--keep"}},
	} {
		t.Run(step.name, func(t *testing.T) {
			if err := os.WriteFile(user, []byte(step.user), 0o644); err != nil {
				t.Fatal(err)
			}
			dir := write(t, map[string]string{"compose.yaml": oneService, "longshore.yml": step.project})
			p := load(t, dir, Options{Environ: append(step.environ, "HOME="+home), Overrides: step.flags})
			step.want.Key = keyKeep
			for _, got := range p.Origins {
				if got.Key == keyKeep {
					if diff := cmp.Diff(step.want, got); diff != "" {
						t.Errorf("origin (-want +got):\n%s", diff)
					}
				}
			}
			if p.Spec.Keep != step.want.Value || p.Settings.Keep != step.want.Value {
				t.Errorf("keep %d and %d, want %v", p.Spec.Keep, p.Settings.Keep, step.want.Value)
			}
		})
	}
}

func TestSiteAndHosts(t *testing.T) {
	const two = `hosts:
  web-1: {address: "deploy@192.0.2.1:2222", jump: bastion.example.com, identity_file: /k, docker_socket: /run/d.sock, state_dir: /srv/l, edge: {http: 8080, mode: bridge}}
  web-2: {address: web-2.example.com}
sites:
  production: {hosts: [web-2, web-1], build_host: web-2}
  staging: {hosts: [web-1, local], compose: other.yaml, profiles: extra}
`
	files := map[string]string{"compose.yaml": "name: Named\n" + oneService,
		"other.yaml": "services:\n  other: {image: a}\n  extra: {image: a, profiles: [extra]}\n"}
	local := app.Host{Name: "local", Address: "local"}
	web1 := app.Host{Name: "web-1", Address: "deploy@192.0.2.1:2222", Jump: "bastion.example.com", IdentityFile: "/k",
		DockerSocket: "/run/d.sock", StateDir: "/srv/l", Edge: app.Edge{HTTP: 8080, Mode: app.EdgeBridge}}
	web2 := app.Host{Name: "web-2", Address: "web-2.example.com"}
	for _, c := range []struct {
		name, project string
		o             Options
		site          string
		hosts         []app.Host
		services      []string
	}{
		{"a site", two, Options{Site: "production"}, "default/named/production", []app.Host{web2, web1}, []string{"web"}},
		{"another site", two, Options{Site: "staging"}, "default/shop/staging", []app.Host{web1, local}, []string{"extra", "other"}},
		{"the site by variable", two, Options{Environ: []string{"LONGSHORE_SITE=staging", "LONGSHORE_ORG=acme", "LONGSHORE_PROFILES=none"}},
			"acme/shop/staging", []app.Host{web1, local}, []string{"other"}},
		{"the site by file", "site: production\norg: acme\nproject: books\n" + two, Options{}, "acme/books/production", []app.Host{web2, web1}, []string{"web"}},
		{"a host by name", two, Options{Site: "production", Host: "web-1", Overrides: map[string]string{"build_host": "web-1"}}, "default/named/production", []app.Host{web1}, []string{"web"}},
		{"the only site", "sites: {blue: {hosts: [local]}}\n", Options{}, "default/named/blue", []app.Host{local}, []string{"web"}},
		{"hosts without sites", "hosts: {web-2: {address: web-2.example.com}, local: {edge: {http: 81}}}\n", Options{}, "default/named/production",
			[]app.Host{{Name: "local", Address: "local", Edge: app.Edge{HTTP: 81}}, web2}, []string{"web"}},
		{"no file", "", Options{Host: "deploy@203.0.113.10:22"}, "default/named/production",
			[]app.Host{{Name: "203.0.113.10", Address: "deploy@203.0.113.10:22"}}, []string{"web"}},
		{"no file, an IPv6 address", "", Options{Host: "deploy@[2001:db8::1]:22"}, "default/named/production",
			[]app.Host{{Name: "2001-db8--1", Address: "deploy@[2001:db8::1]:22"}}, []string{"web"}},
		{"no file, this machine", "", Options{Host: "local", Site: "test"}, "default/named/test", []app.Host{local}, []string{"web"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := write(t, files)
			if c.project != "" {
				if err := os.WriteFile(filepath.Join(dir, "longshore.yml"), []byte(c.project), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			c.o.Environ = environ(t, c.o.Environ...)
			p := load(t, dir, c.o)
			if p.Spec.Site.String() != c.site {
				t.Errorf("site %s, want %s", p.Spec.Site, c.site)
			}
			if diff := cmp.Diff(c.hosts, p.Spec.Hosts); diff != "" {
				t.Errorf("hosts (-want +got):\n%s", diff)
			}
			var services []string
			for _, s := range p.Spec.Services {
				services = append(services, s.Name)
			}
			if diff := cmp.Diff(c.services, services); diff != "" {
				t.Errorf("services (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSettingsProblems(t *testing.T) {
	for _, c := range []struct {
		name, project string
		o             Options
		want          []string
	}{
		{"no host", "", Options{}, []string{`there is no host; name one by --host user@server (or --host local for this machine), or define it under hosts: in longshore.yml`}},
		{"keys and types", "projct: shop\nkeep: many\nstate: /x\nhosts:\n  Web: {adress: a, edge: {http: 0, mod: host}}\n  local: {jump: b, state_dir: rel}\n" +
			"  bad: {address: 'ssh://a', jump: '-oProxyCommand=x'}\n  none: {}\nsites:\n  production: {host: [local], keep: 0}\n  empty: {hosts: []}\n  list: []\n", Options{}, []string{
			`longshore.yml:1:1: projct: unknown key; did you mean "project"?`,
			`longshore.yml:2:1: keep: must be a whole number, not the text "many"`,
			`longshore.yml:3:1: state: is a setting of this machine, not of the project; put it into your own settings, or set LONGSHORE_STATE`,
			`longshore.yml:5:3: hosts.Web: is not a name for a host; names are made of lower case letters, digits, dashes and underscores, and begin with a letter or digit; hosts may have dots`,
			`longshore.yml:5:3: hosts.Web: the host has no address; write user@name:port, or local for the engine of this machine`,
			`longshore.yml:5:9: hosts.Web.adress: unknown key; did you mean "address"?`,
			`longshore.yml:5:27: hosts.Web.edge.http: must be from 1 to 65535, not 0`,
			`longshore.yml:5:36: hosts.Web.edge.mod: unknown key; did you mean "mode"?`,
			`longshore.yml:6:3: hosts.local: jump, identity_file and identity_secret have no meaning for the engine of this machine; remove them`,
			`longshore.yml:6:20: hosts.local.state_dir: must be an absolute path of the host`,
			`longshore.yml:7:9: hosts.bad.address: is an address without a scheme; write user@name:port, or local for the engine of this machine`,
			`longshore.yml:7:29: hosts.bad.jump: is not an address; write user@name:port`,
			`longshore.yml:8:3: hosts.none: the host has no address; write user@name:port, or local for the engine of this machine`,
			`longshore.yml:10:16: sites.production.host: unknown key; did you mean "hosts"?`,
			`longshore.yml:10:31: sites.production.keep: must be from 1 to 1000, not 0`,
			`longshore.yml:11:11: sites.empty.hosts: names no host; name one that hosts defines`,
			`longshore.yml:12:3: sites.list: must be a mapping, not a list`,
		}},
		{"a host that is not defined", "hosts: {web-1: {address: a}}\nsites:\n  production:\n    hosts: [web-11, elsewhere, web-1, web-1]\n", Options{}, []string{
			`longshore.yml:4:13: sites.production.hosts[0]: there is no host "web-11"; did you mean "web-1"?`,
			`longshore.yml:4:21: sites.production.hosts[1]: there is no host "elsewhere"; define it under hosts:`,
			`longshore.yml:4:39: sites.production.hosts[3]: the host "web-1" is named twice; remove one`,
		}},
		{"a site without hosts", "sites: {production: {keep: 3}}\n", Options{}, []string{
			`longshore.yml:1:9: sites.production: the site production has no hosts; name one by --host user@server (or --host local for this machine), or define it under hosts: in longshore.yml`}},
		{"a site that is not there", "sites: {production: {hosts: [local]}}\n", Options{Site: "prodction"}, []string{
			`longshore.yml: sites: there is no site "prodction" (from --site); did you mean "production"?`}},
		{"several sites", "sites: {a: {hosts: [local]}, b: {hosts: [local]}}\n", Options{}, []string{
			`longshore.yml: sites: there are several sites and none is named: a, b; name one by --site, or set site: in longshore.yml`}},
		{"a build host elsewhere", "build_host: web-2\nhosts: {web-1: {address: a}, web-2: {address: b}}\nsites: {x: {hosts: [web-1]}}\n", Options{}, []string{
			`build_host: the host "web-2" is not one of the site's (from longshore.yml:1); add it to the site's hosts`}},
		{"flags", "", Options{Host: "a b"}, []string{`--host: a b holds a character that an address cannot have; write user@name:port, local, or the name of a host in longshore.yml`}},
		{"a host's name mistyped", "hosts: {server-1: {address: a}}\n", Options{Host: "sevrer-1"}, []string{`--host: sevrer-1 is no host of this project; did you mean "server-1"?`}},
		{"variables", "", Options{Host: "local", Environ: []string{"LONGSHORE_KEEP=x"}, Overrides: map[string]string{"engine.port": "0"}}, []string{
			`--engine-port: must be a whole number from 1, not "0"`, `LONGSHORE_KEEP: must be a whole number from 1, not "x"`}},
		{"two documents", "hosts: {}\n---\nhosts: {}\n", Options{}, []string{`longshore.yml:3: holds more than one YAML document; keep one`}},
		{"a file that is not there", "", Options{File: "other.yml", Host: "local"}, []string{`other.yml: cannot be read: no such file or directory`}},
		{"a compose file that is not there", "", Options{Compose: []string{"other.yaml"}, Host: "local"}, []string{`other.yaml: cannot be read: no such file or directory`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{"compose.yaml": oneService}
			if c.project != "" {
				files["longshore.yml"] = c.project
			}
			c.o.Environ = environ(t, c.o.Environ...)
			_, err := tryLoad(t, write(t, files), c.o)
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(c.want, strings.Split(problems.Error(), "\n")); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNoComposeFile(t *testing.T) {
	_, err := tryLoad(t, write(t, nil), Options{Host: "local"})
	if err == nil || !strings.Contains(err.Error(), "no compose file") || !strings.Contains(err.Error(), "longshore init") {
		t.Errorf("got %v", err)
	}
}

func TestLoadTool(t *testing.T) {
	home := t.TempDir()
	got, err := LoadTool([]string{"HOME=" + home}, nil)
	want := Tool{StateDir: filepath.Join(home, ".local", "state", "longshore"), EnginePort: 7233, UIPort: 8233, CodecPort: 8234}
	if err != nil || got != want {
		t.Errorf("defaults: %+v, %v", got, err)
	}
	xdg := t.TempDir()
	if err := os.MkdirAll(filepath.Join(xdg, "longshore"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(xdg, "longshore", "config.yml")
	if err := os.WriteFile(file, []byte("engine: {port: 1, ui_port: 2}\nhosts: {mine: {address: local}}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	environ := []string{"HOME=" + home, "XDG_CONFIG_HOME=" + xdg, "XDG_STATE_HOME=" + xdg, "LONGSHORE_ENGINE_UI_PORT=3"}
	got, err = LoadTool(environ, map[string]string{"engine.codec_port": "4"})
	want = Tool{StateDir: filepath.Join(xdg, "longshore"), EnginePort: 1, UIPort: 3, CodecPort: 4}
	if err != nil || got != want {
		t.Errorf("layers: %+v, %v", got, err)
	}
	if err := os.WriteFile(file, []byte("engine: {prt: 1}\nsites: {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = LoadTool(environ, nil)
	wantText := file + `:1:10: engine.prt: unknown key; did you mean "port"?` + "\n" +
		file + `:2:1: sites: is a setting of a project; put it into the project's longshore.yml`
	if err == nil || err.Error() != wantText {
		t.Errorf("got  %v\nwant %s", err, wantText)
	}
	if _, err := LoadTool([]string{"A=b"}, nil); err == nil {
		t.Error("no home is no error")
	}
}

// TestUserHosts lets the user's own hosts serve every project.
func TestUserHosts(t *testing.T) {
	xdg := t.TempDir()
	if err := os.MkdirAll(filepath.Join(xdg, "longshore"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(xdg, "longshore", "config.yml"), []byte("hosts: {mine: {address: me@192.0.2.7, identity_file: ~/.ssh/key}}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := write(t, map[string]string{"compose.yaml": oneService, "longshore.yml": "sites: {x: {hosts: [mine]}}\n"})
	p := load(t, dir, Options{Environ: []string{"HOME=/home/me", "XDG_CONFIG_HOME=" + xdg}})
	if len(p.Spec.Hosts) != 1 || p.Spec.Hosts[0].Address != "me@192.0.2.7" || p.Spec.Hosts[0].IdentityFile != "/home/me/.ssh/key" {
		t.Errorf("hosts %v", p.Spec.Hosts)
	}
	if !strings.Contains(strings.Join(p.Files, " "), "config.yml") {
		t.Errorf("files %v", p.Files)
	}
}
