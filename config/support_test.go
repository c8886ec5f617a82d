package config

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/schema"
	"github.com/compose-spec/compose-go/v2/tree"
	"github.com/google/go-cmp/cmp"
)

// TestEveryKeyIsDecided holds the specification's keys to those that were looked at: a key that compose-go learns is
// neither refused nor in the list, and fails here until it is honoured or refused.
func TestEveryKeyIsDecided(t *testing.T) {
	var rules [][]string
	for _, rule := range refusals() {
		if rule.only == nil {
			rules = append(rules, strings.Split(rule.pattern, "."))
		}
	}
	var honoured []string
	for _, path := range schema.AttributePaths() {
		parts := path.Parts()
		if len(parts) > 3 && parts[2] == "develop" {
			continue // no part of it concerns a deploy
		}
		refused := slices.ContainsFunc(rules, func(rule []string) bool {
			return len(parts) >= len(rule) && slices.Equal(parts[:len(rule)], rule)
		})
		if !refused {
			honoured = append(honoured, path.String())
		}
	}
	got := strings.Join(honoured, "\n") + "\n"
	const golden = "testdata/honoured.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("keys honoured (-want +got): honour or refuse each new one, then -update:\n%s", diff)
	}
}

// TestRefusalsNameRealKeys finds a rule that a rename in the specification left without effect.
func TestRefusalsNameRealKeys(t *testing.T) {
	for _, rule := range refusals() {
		pattern := strings.TrimSuffix(rule.pattern, ".[]")
		if !slices.ContainsFunc(schema.AttributePaths(), func(p tree.Path) bool { return p.String() == pattern }) {
			t.Errorf("%s is no key of the specification", rule.pattern)
		}
		if rule.message == "" {
			t.Errorf("%s is refused without a reason", rule.pattern)
		}
	}
}

const docsPath = "../docs/files.md"

func TestDocsListRefusedKeys(t *testing.T) {
	var table strings.Builder
	table.WriteString("\n| key | refused | because | instead |\n|---|---|---|---|\n")
	for _, rule := range refusals() {
		when := "always"
		if rule.only != nil {
			when = "some values"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", strings.ReplaceAll(rule.pattern, ".[]", "[]"), when, rule.message, rule.advice)
	}
	table.WriteString("\n")

	docs, err := os.ReadFile(docsPath)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "by `go test ./config -update` -->\n", "<!-- end of refused keys -->"
	before, rest, ok := strings.Cut(string(docs), begin)
	held, after, found := strings.Cut(rest, end)
	if !ok || !found {
		t.Fatalf("%s has lost its markers", docsPath)
	}
	if *update {
		held = table.String()
		if err := os.WriteFile(docsPath, []byte(before+begin+held+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(table.String(), held); diff != "" {
		t.Errorf("refused keys in %s (-want +got):\n%s", docsPath, diff)
	}
}

// TestDocsListKeys looks for a line on each key that the files may hold.
func TestDocsListKeys(t *testing.T) {
	text, err := os.ReadFile(docsPath)
	if err != nil {
		t.Fatal(err)
	}
	docs := string(text)
	r := &report{place: func(keyPath) (string, int, int) { return "", 0, 0 }}
	empty := func() *fields { return mapping(r, nil, map[string]any{}) }

	var keys []string
	for _, read := range []func(*fields){
		func(f *fields) { readRoute(f) }, func(f *fields) { readHealth(f) }, func(f *fields) { readHost(f, "x") }, func(f *fields) { readSite(f) },
		func(f *fields) { readShift(f) }, func(f *fields) { readCanary(f) },
		func(f *fields) { readSecret(f, "x") }, func(f *fields) { readRotation(f, "x") }, readStore,
		func(f *fields) { readBootstrap(f) }, func(f *fields) { readAllow(f) }, func(f *fields) { readRule(f) },
	} {
		f := empty()
		read(f)
		keys = append(keys, f.asked...)
	}
	keys = append(keys, "route", "health", "drain", "release", "transfer", "secrets", "on_change", "secret_store", "password_secret", "project", "org", "site", "hosts", "sites",
		"timeouts.dial", "timeouts.response", "edge.http", "edge.mode", "state", "engine.port", "engine.ui_port", "engine.codec_port")
	for variable := range variables() {
		keys = append(keys, variable)
	}
	for key := range reservedServiceKeys() {
		keys = append(keys, key)
	}
	for _, key := range keys {
		if key != "timeouts" && key != "edge" && !strings.Contains(docs, "`"+key+"`") {
			t.Errorf("%s says nothing of `%s`", docsPath, key)
		}
	}

	for _, key := range composeKeys(keyPath{"services", "web"}) {
		if !strings.Contains(docs, "`"+key+"`") && !strings.Contains(docs, "`services.*."+key+"`") && key != extensionKey {
			t.Errorf("%s neither honours nor refuses `%s` of a service", docsPath, key)
		}
	}
}

// TestRefusals holds each rule to a value that it refuses and, where it refuses only some, one that it lets through.
func TestRefusals(t *testing.T) {
	for _, c := range []struct{ key, refused, allowed string }{
		{"use_api_socket", "true", "false"},
		{"pull_policy", "daily", "always"},
		{"pull_policy", "every_12h", "never"},
		{"network_mode", "bridge", "none"},
		{"network_mode", "service:db", "host"},
		{"ipc", "service:db", "shareable"},
		{"pid", "service:db", "container:x"},
		{"uts", "private", "host"},
		{"volumes_from", "[db]", "['container:x:ro']"},
		{"volumes", "[{type: npipe, source: a, target: /a}]", "[{type: image, source: a, target: /a}]"},
		{"volumes", "[{type: volume, target: /a, volume: {labels: {a: b}}}]", "[{type: volume, target: /a, volume: {nocopy: true}}]"},
		{"deploy", "{mode: global}", "{mode: replicated}"},
		{"deploy", "{labels: {a: b}}", "{}"},
		{"deploy", "{rollback_config: {order: stop-first}}", "{update_config: {order: stop-first}}"},
		{"deploy", "{update_config: {parallelism: 2}}", "{update_config: {parallelism: 0}}"},
		{"deploy", "{update_config: {monitor: 1m, failure_action: ignore}}", "{update_config: {monitor: 1m, failure_action: pause}}"},
		{"deploy", "{restart_policy: {window: 1s}}", "{restart_policy: {condition: any}}"},
		{"deploy", "{resources: {reservations: {cpus: '1'}}}", "{resources: {reservations: {memory: 1m}}}"},
		{"build", "{context: ., additional_contexts: {a: 'service:db'}}", "{context: ., additional_contexts: {a: .}}"},
		{"build", "{context: ., privileged: true}", "{context: ., privileged: false}"},
		{"build", "{context: ., sbom: true}", "{context: ., sbom: false}"},
		{"build", "{context: ., provenance: mode=max}", "{context: ., provenance: false}"},
		{"build", "{context: ., tags: [a]}", "{context: ., target: a}"},
		{"networks", "{default: {interface_name: eth9}}", "{default: {aliases: [x]}}"},
	} {
		t.Run(c.key+" "+c.refused, func(t *testing.T) {
			file := func(value string) map[string]string {
				return map[string]string{"Dockerfile": "FROM scratch\n", "compose.yaml": "services:\n  db: {image: db, build: .}\n  web:\n    image: a\n    " +
					c.key + ": " + value + "\n"}
			}
			_, err := tryLoad(t, write(t, file(c.refused)), Options{Host: "local"})
			if err == nil || !strings.Contains(err.Error(), "services.web."+c.key) || !strings.Contains(err.Error(), "cannot be honoured") {
				t.Errorf("refused value: %v", err)
			}
			if _, err := tryLoad(t, write(t, file(c.allowed)), Options{Host: "local"}); err != nil && strings.Contains(err.Error(), "cannot be honoured") {
				t.Errorf("allowed value: %v", err)
			}
		})
	}
	for fragment, path := range map[string]string{
		"jobs: {a: {image: a, triggers: {manual: true}}}": "jobs",
		"networks: {n: {name: mine}}":                     "networks.n.name",
		"networks: {n: {ipam: {driver: other}}}":          "networks.n.ipam.driver",
		"networks: {n: {enable_ipv4: false}}":             "networks.n.enable_ipv4",
		"configs: {c: {content: a, name: x}}":             "configs.c.name",
		"configs: {c: {external: true}}":                  "configs.c.external",
		"secrets: {s: {file: ./s, labels: [a]}}":          "secrets.s.labels",
		"secrets: {s: {file: ./s, name: x}}":              "secrets.s.name",
		"models: {m: {model: ai/x}}":                      "models",
	} {
		_, err := tryLoad(t, write(t, map[string]string{"compose.yaml": oneService + fragment + "\n"}), Options{Host: "local"})
		if err == nil || !strings.Contains(err.Error(), ": "+path+": cannot be honoured") {
			t.Errorf("%s: %v", fragment, err)
		}
	}
	load(t, write(t, map[string]string{"compose.yaml": oneService + "networks: {n: {name: mine, external: true}}\n"}), Options{Host: "local"})
}
