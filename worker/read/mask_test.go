package read

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities/engine"
	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/internal/secret"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// secretive is a world in which the shop runs on web-1 with secrets, whose workers have their state in a folder.
func secretive(t *testing.T) (w *memory.World, r *reader, state string) {
	t.Helper()
	w, state = memory.New("web-1"), t.TempDir()
	w.Keys(state)
	w.Secret("TOKEN", "correct horse")
	w.Secret("CERT", "-----BEGIN-----\nbattery staple\n-----END-----\n")
	spec := w.Shop("aaa", "web-1")
	spec.Secrets = []app.Secret{{Name: "CERT"}, {Name: "TOKEN"}}
	for i := range spec.Services {
		spec.Services[i].Container.Secrets = []app.ServiceSecret{{Name: "CERT", Target: app.SecretsFolder + "/CERT"}, {Name: "TOKEN", Env: "TOKEN"}}
	}
	run := &memory.Run{World: w, ID: "one"}
	if ended := run.Do(t, workflows.Deploy, workflows.DeployInput{Spec: spec}); ended.Result.Outcome != app.Succeeded {
		t.Fatal(ended.Err)
	}
	r = &reader{request: inspect.Request{Site: spec.Site, Hosts: spec.Hosts, Logs: inspect.LogOptions{Tail: -1, Services: []string{"web"}}}, hosts: w.Opener()}
	return w, r, state
}

func logs(t *testing.T, r *reader) string {
	t.Helper()
	var text bytes.Buffer
	r.out = &lines{out: &text}
	if err := r.logs(t.Context()); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestLogsAreMasked(t *testing.T) {
	w, r, state := secretive(t)
	const container = "shop-production-web-1-aaa-1"
	for _, line := range []string{"token=correct horse", `{"token":"Y29ycmVjdCBob3JzZQ=="}`, "got battery staple", "nothing"} {
		w.Machine("web-1").Print(container, line, false)
	}
	w.Machine("web-1").Print(container, "denied: correct%20horse", true)
	var err error
	if r.veil, err = newVeil(state, &secret.Masker{}); err != nil {
		t.Fatal(err)
	}
	got := logs(t, r)
	for _, line := range []string{"token=***\n", `{"token":"***"}` + "\n", "got ***\n", "nothing\n", "denied: ***\n"} {
		if !strings.Contains(got, line) {
			t.Errorf("%q is not in %q", line, got)
		}
	}
	if strings.Contains(got, "not masked") {
		t.Errorf("%q", got)
	}
}

// A value that lies across the place where a line is cut is not shown by halves.
func TestLongLinesAreMasked(t *testing.T) {
	var masker secret.Masker
	masker.Learn(secret.New("correct horse battery staple"))
	var out bytes.Buffer
	p := &prefixed{prefix: "web | ", masker: &masker, out: &out}
	before := strings.Repeat("x", longestLine-14)
	for _, text := range []string{before, "correct horse ", "battery", " staple and more\n\nnext", " line\nlast"} {
		if n, err := p.Write([]byte(text)); n != len(text) || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := p.flush(); err != nil {
		t.Fatal(err)
	}
	if want := "web | " + before + "***\nweb | \nweb | next line\nweb | last\n"; out.String() != want {
		t.Errorf("got …%q", out.String()[len("web | ")+len(before):])
	}
}

// Logs are for the worst hour as well: they are shown where nothing can be masked, and say so.
func TestLogsSayWhatIsNotMasked(t *testing.T) {
	w, r, state := secretive(t)
	w.Machine("web-1").Print("shop-production-web-1-aaa-1", "token=correct horse", false)
	for name, test := range map[string]struct {
		arrange func(t *testing.T, state string)
		word    string
	}{
		"no key ring here":  {func(*testing.T, string) {}, "has not the key ring"},
		"another key ring":  {func(t *testing.T, state string) { _, err := keyring.Open(engine.KeyRingPath(state)); fatal(t, err) }, "copy the key ring"},
		"the same key ring": {func(t *testing.T, to string) { copyRing(t, state, to) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			here := t.TempDir()
			test.arrange(t, here)
			var err error
			if r.veil, err = newVeil(here, &secret.Masker{}); err != nil {
				t.Fatal(err)
			}
			got := logs(t, r)
			first, rest, _ := strings.Cut(got, "\n")
			switch {
			case test.word == "" && !strings.HasPrefix(got, "web-1 web.1 | token=***"):
				t.Errorf("%q", got)
			case test.word != "" && (!strings.Contains(first, "not masked") || !strings.Contains(first, test.word) || !strings.Contains(rest, "token=correct horse")):
				t.Errorf("%q", got)
			}
			if entries, err := os.ReadDir(here); err != nil || (name == "no key ring here" && len(entries) != 0) {
				t.Errorf("a read has made %v, %v", entries, err)
			}
		})
	}
}

func copyRing(t *testing.T, from, to string) {
	data, err := os.ReadFile(filepath.Join(from, "keys.json"))
	fatal(t, err)
	fatal(t, os.WriteFile(engine.KeyRingPath(to), data, 0o600))
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
