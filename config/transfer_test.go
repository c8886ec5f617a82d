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

func TestParseRate(t *testing.T) {
	for _, c := range []struct {
		value any
		want  int64 // -1: refused
	}{
		{"50MB/s", 50_000_000}, {"50MiB/s", 50 << 20}, {"400Mbit/s", 50_000_000}, {"1.5 GB/s", 1_500_000_000},
		{"8kbit/s", 1000}, {"2KiB/s", 2048}, {"100000B/s", 100_000}, {50_000_000, 50_000_000}, {"50000000", 50_000_000},
		{0, 0}, {"0", 0}, {"0MB/s", 0},
		{"50MB", -1}, {"50Mb/s", -1}, {"50mb/s", -1}, {"50", -1}, {50, -1}, {-1, -1}, {"-50MB/s", -1}, {"fast", -1}, {"", -1},
		{"MB/s", -1}, {1.5, -1}, {true, -1}, {"99999999999999GB/s", -1}, {"50iB/s", -1},
	} {
		got, ok := parseRate(c.value)
		if !ok {
			got = -1
		}
		if got != c.want {
			t.Errorf("%v: %d, not %d", c.value, got, c.want)
		}
	}
}

// TestTransferLayers has the nearest setting win, key by key.
func TestTransferLayers(t *testing.T) {
	const file = "transfer: {max_rate: 10MB/s, parallel: 3}\nsites:\n  production: {hosts: [local], transfer: {max_rate: 80Mbit/s}}\n  staging: {hosts: [local], transfer: {max_rate: 0}}\n"
	for _, c := range []struct {
		name, file string
		o          Options
		want       app.Transfer
	}{
		{"defaults", "hosts: {local: }\n", Options{}, app.Transfer{Parallel: app.DefaultParallel}},
		{"site", "x-note: none\n" + file, Options{Site: "production"}, app.Transfer{MaxRate: 10_000_000, Parallel: 3}},
		{"no limit", file, Options{Site: "staging"}, app.Transfer{Parallel: 3}},
		{"environment", file, Options{Site: "production", Environ: []string{"LONGSHORE_TRANSFER_MAX_RATE=1MiB/s", "LONGSHORE_TRANSFER_PARALLEL=1"}},
			app.Transfer{MaxRate: 1 << 20, Parallel: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Environ = environ(t, c.o.Environ...)
			p := load(t, write(t, map[string]string{"compose.yaml": oneService, "longshore.yml": c.file}), c.o)
			if p.Spec.Transfer != c.want || p.Settings.Transfer != c.want {
				t.Errorf("%+v and %+v, not %+v", p.Spec.Transfer, p.Settings.Transfer, c.want)
			}
		})
	}
	p := load(t, write(t, map[string]string{"compose.yaml": oneService, "longshore.yml": file}), Options{Site: "production", Environ: environ(t)})
	for _, o := range p.Origins {
		if o.Key == keyMaxRate && o.Where != "longshore.yml:3" {
			t.Errorf("max_rate is from %s", o.Where)
		}
	}
}

// TestRegistries has the nearest entry of a registry win, whole.
func TestRegistries(t *testing.T) {
	home := t.TempDir()
	user := filepath.Join(home, ".config", "longshore", "config.yml")
	if err := os.MkdirAll(filepath.Dir(user), 0o755); err != nil {
		t.Fatal(err)
	}
	text := "registries: {docker.io: {username: me, password_file: ~/hub}, ghcr.io: {username: me, password_env: MINE}}\n"
	if err := os.WriteFile(user, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	file := `registries:
  ghcr.io: { username: ci, password_env: GHCR_TOKEN }
  registry.example.com:5000: { username: ci, password_command: [pass, show, registry] }
sites:
  production: { hosts: [local] }
  staging:
    hosts: [local]
    registries:
      ghcr.io: { username: staging, password_file: /run/token }
`
	dir := write(t, map[string]string{"compose.yaml": oneService, "longshore.yml": file})
	hub := app.Registry{Name: "docker.io", Username: "me", PasswordFile: home + "/hub"}
	own := app.Registry{Name: "registry.example.com:5000", Username: "ci", PasswordCommand: []string{"pass", "show", "registry"}}
	for site, want := range map[string][]app.Registry{
		"production": {hub, {Name: "ghcr.io", Username: "ci", PasswordEnv: "GHCR_TOKEN"}, own},
		"staging":    {hub, {Name: "ghcr.io", Username: "staging", PasswordFile: "/run/token"}, own},
	} {
		p := load(t, dir, Options{Site: site, Environ: []string{"HOME=" + home}})
		if diff := cmp.Diff(want, p.Spec.Registries); diff != "" {
			t.Errorf("%s (-want +got):\n%s", site, diff)
		}
		origin := map[string]string{}
		for _, o := range p.Origins {
			origin[o.Key] = o.Where
		}
		place := map[string]string{"production": "longshore.yml:2", "staging": "longshore.yml:9"}[site]
		if got := origin["registries.ghcr.io"]; got != place {
			t.Errorf("%s: ghcr.io is from %s, not %s", site, got, place)
		}
	}
}

func TestTransferAndRegistryProblems(t *testing.T) {
	file := `transfer: {max_rate: 50, parallel: 0, paralel: 2}
registries:
  https://ghcr.io: {username: a, password_env: A}
  ghcr.io: {username: a, password: hunter2}
  a.example.com: {password_env: A, password_file: rel}
  b.example.com: {username: a, password_command: pass}
  c.example.com: {username: a}
  d.example.com: {username: a, password_command: []}
sites:
  production: {hosts: [local], transfer: push}
`
	want := []string{
		`longshore.yml:1:12: transfer.max_rate: must be a rate of at least 1kB/s, not the number 50; ` + rateAdvice,
		`longshore.yml:1:26: transfer.parallel: must be from 1 to 1000, not 0`,
		`longshore.yml:1:39: transfer.paralel: unknown key; did you mean "parallel"?`,
		`longshore.yml:3:3: registries.https://ghcr.io: is not a registry; ` + registryAdvice,
		`longshore.yml:4:26: registries.ghcr.io.password: is not kept in this file; name where it is found: password_env, password_file, password_command or password_secret`,
		`longshore.yml:5:3: registries.a.example.com: the password is in more than one place; keep one of password_env, password_file, password_command and password_secret`,
		`longshore.yml:5:3: registries.a.example.com: the registry has no username; add username`,
		`longshore.yml:5:36: registries.a.example.com.password_file: must be an absolute path, or begin with ~/`,
		`longshore.yml:6:32: registries.b.example.com.password_command: must be a list, not the text "pass"; write the program and its arguments, such as ["pass", "show", "registry"]`,
		`longshore.yml:7:3: registries.c.example.com: the registry has no password; name where it is found: password_env, password_file, password_command or password_secret`,
		`longshore.yml:8:32: registries.d.example.com.password_command: names no program`,
		`longshore.yml:10:32: sites.production.transfer: must be a mapping, not the text "push"`,
		`LONGSHORE_TRANSFER_MAX_RATE: must be a rate of at least 1kB/s, not "50MB"; ` + rateAdvice,
		`LONGSHORE_TRANSFER_PARALLEL: must be a whole number from 1 to 1000, not "all"`,
	}
	check := func(files map[string]string, want []string, variables ...string) {
		t.Helper()
		_, err := tryLoad(t, write(t, files), Options{Host: "local", Environ: environ(t, variables...)})
		var problems Problems
		if !errors.As(err, &problems) {
			t.Fatalf("got %v", err)
		}
		if diff := cmp.Diff(want, strings.Split(problems.Error(), "\n")); diff != "" {
			t.Errorf("problems (-want +got):\n%s", diff)
		}
	}
	check(map[string]string{"compose.yaml": oneService, "longshore.yml": file}, want[:12])
	check(map[string]string{"compose.yaml": oneService}, want[12:], "LONGSHORE_TRANSFER_MAX_RATE=50MB", "LONGSHORE_TRANSFER_PARALLEL=all")
}
