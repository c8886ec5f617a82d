//go:build e2e

package secrets

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// TestKeyOfAHost reaches a server by a key that is in the store alone: for reads by the CLI, and for runs by the worker. A key
// that is set counts for the next login, and what is wrong with one is told. The key is in no file and in no log.
func TestKeyOfAHost(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	w := harness.New(t)
	h := hosts.Start(t)
	w.Trust(h)
	key, err := os.ReadFile(h.IdentityFile)
	if err != nil {
		t.Fatal(err)
	}
	reached := h.AppHost()
	reached.IdentityFile = ""
	files := harness.Files(w.Project("sshkey"), routeHost, []app.Host{reached})
	without := files["longshore.yml"]
	files["longshore.yml"] = strings.Replace(without, "{ address:", "{ identity_secret: DEPLOY_KEY, address:", 1)
	a := w.NewApp(files)
	run := func(input string, args ...string) harness.Output { return w.Feed(ctx, a.Dir, input, args...) }
	ends := func(out harness.Output, code int, says ...string) {
		t.Helper()
		if out.Code != code {
			t.Errorf("the exit code is not %d: %s", code, out)
		}
		for _, text := range says {
			if !strings.Contains(out.Stdout+out.Stderr, text) {
				t.Errorf("it does not say %q: %s", text, out)
			}
		}
	}
	set := func(value string) {
		t.Helper()
		ends(run(value, "secret", "set", "DEPLOY_KEY"), 0)
		a.Commit("the key")
	}

	deploy := func(want app.Outcome) app.Result {
		t.Helper()
		var result app.Result
		out := run("", "deploy", "-o", "json")
		if err := out.Result(&result); err != nil || result.Outcome != want {
			t.Fatalf("%v: %s", err, out)
		}
		return result
	}
	w.StartEngine()
	worker := w.StartWorker("worker")

	set("no key at all")
	ends(run("", "ps"), 1, "the secret DEPLOY_KEY is not a private key", "longshore secret set")
	if f := deploy(app.FailedClean).Failure; f == nil || f.Kind != app.KindSecret || f.Host != h.Name || !strings.Contains(f.Message, "DEPLOY_KEY") {
		t.Errorf("%+v", f)
	}
	set(string(key))
	deploy(app.Succeeded)
	ends(run("", "ps"), 0, "web")

	set(otherKey(t))
	ends(run("", "ps"), 1, "offered the secret DEPLOY_KEY", "identity_secret")
	a.Write("longshore.yml", without)
	ends(run("", "ps"), 1, "no key was offered")

	line := strings.Split(string(key), "\n")[2]
	if len(line) < 40 {
		t.Fatal("the key has no such line to look for")
	}
	if strings.Contains(worker.Log(), line) {
		t.Error("the worker has logged the key")
	}
	for _, folder := range []string{w.State, w.Home, a.Dir} {
		for _, path := range holding(t, folder, line) {
			t.Errorf("%s holds the key", path)
		}
	}
}

// otherKey is a private key that no server knows.
func otherKey(t *testing.T) string {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}

// holding are the files of a folder and below it that a text is in.
func holding(t *testing.T, folder, text string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(text)) {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
