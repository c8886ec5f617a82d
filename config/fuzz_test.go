package config

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// FuzzLoad feeds the loader, and all that finds places in files, with YAML that may be anything: whatever it says, the
// answer is a project or an error.
func FuzzLoad(f *testing.F) {
	inputs, err := filepath.Glob("testdata/services/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, input := range inputs {
		text, err := os.ReadFile(input)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), "hosts: {a: {address: local}}\n")
	}
	for _, seed := range []string{
		"a: &a [*a]\n", "services: &s {<<: *s}\n", "services: {web: &w {extends: *w, x-longshore: *w}}\n",
		"include: &i [{path: *i}]\nservices: {}\n", "services: {web: {extends: web, x-longshore: {route: [[], {}, 3]}}}\n",
		"services: {web: {image: a, networks: [1], volumes: [{}], ports: [{}], configs: [{}], depends_on: [[]]}}\n",
		"services: {web: {image: a, ulimits: {a: {soft: x}}, environment: [{}], healthcheck: {test: [1]}}}\n",
		"services: {web: {image: a, x-longshore: {health: {within: 99999999999999999999s}}}}\nnetworks: {a: {ipam: {config: [null]}}}\n",
		"? [a]\n: b\n", "1: 2\n", "services: !reset null\n", "services: {web: !override {image: a}}\n", "---\n---\n", "\x00", "name: [x]\nservices: {}\n",
		"services: {a: {image: a, secrets: [s, {source: s, target: /}, [], {}], x-longshore: {secrets: [s, 1, {}], on_change: {signal: []}}}}\nsecrets: {s: {external: {name: x}}, t: {external: true, file: .}}\n",
		"services: {a: {build: {secrets: [{}], ssh: [{}], args: [1]}}}\nsecrets: {a: null}\nconfigs: {a: null}\nvolumes: {a: []}\n",
	} {
		f.Add(seed, seed)
	}
	for _, seed := range []string{
		"secret_store: {folder: [], organization: ~/}\nsecrets: {A: {from: sops, file: ../x, rotate: {with: mysql, users: [a, 1]}}, '': x}\n",
		"secrets: &s {A: {rotate: &r {with: postgres, service: web, users: [a, b], template: '{user}{password}', soak: 1h}}}\nsites: {a: {hosts: [local], secrets: *s}}\n",
	} {
		f.Add(oneService, seed)
	}
	f.Fuzz(func(t *testing.T, compose, project string) {
		dir := write(t, map[string]string{"compose.yaml": compose, "longshore.yml": project})
		_, err := tryLoad(t, dir, Options{Environ: []string{"HOME=" + dir}})
		checkFuzzed(t, err)
		_, err = tryLoad(t, dir, Options{Environ: []string{"HOME=" + dir}, File: filepath.Join(dir, "compose.yaml"), Host: "local"})
		checkFuzzed(t, err)
		_, err = LoadSecretStore(Options{Dir: dir, Environ: []string{"HOME=" + dir}})
		checkFuzzed(t, err)
		_, err = LoadSites(Options{Dir: dir, Environ: []string{"HOME=" + dir}})
		checkFuzzed(t, err)
		if err := os.Remove(filepath.Join(dir, "longshore.yml")); err != nil {
			t.Fatal(err)
		}
		_, err = tryLoad(t, dir, Options{Environ: []string{"HOME=" + dir}, Host: "local"})
		checkFuzzed(t, err)
	})
}

// checkFuzzed wants an error to say something, and no place that cannot be.
func checkFuzzed(t *testing.T, err error) {
	t.Helper()
	var problems Problems
	if !errors.As(err, &problems) {
		return
	}
	for _, p := range problems {
		if p.Message == "" || p.Line < 0 || p.Column < 0 || p.Line == 0 && p.Column > 0 {
			t.Errorf("problem %+v", p)
		}
	}
}
