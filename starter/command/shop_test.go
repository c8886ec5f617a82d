package command

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/starter/exit"
)

// shop is a project with secrets, on a machine of its own.
type shop struct {
	t *testing.T
	// dir is the project's folder, and home the machine's.
	dir, home string
	out       bytes.Buffer // all that was said, but for values that were asked for
}

const shopCompose = `
services:
  web:
    image: example.com/web:1
    x-longshore: { route: { hosts: [shop.example.com], port: 3000 }, secrets: [DATABASE_URL, TOKEN] }
    secrets: [tls_key]
secrets:
  tls_key: { external: true, name: TLS_KEY }
`

const shopSettings = `
project: shop
hosts: { web-1: { address: deploy@203.0.113.10 } }
sites: { production: { hosts: [web-1] }, staging: { hosts: [web-1] } }
secrets:
  TOKEN: { from: env }
  PIN: { rotate: { with: value, length: 8, alphabet: digits, soak: 1h } }
  DATABASE_URL: { rotate: { with: postgres, service: web, users: [a, b], template: "postgres://{user}:{password}@db/shop" } }
`

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t, dir: filepath.Join(t.TempDir(), "shop"), home: t.TempDir()}
	s.write("compose.yaml", shopCompose)
	s.write("longshore.yml", shopSettings)
	return s
}

func (s *shop) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// state is the machine's state folder.
func (s *shop) state() string { return filepath.Join(s.home, "state") }

// run runs the program in the project's folder; args are a command as one would type it, and more are further arguments.
func (s *shop) run(stdin, args string, more ...string) (code exit.Code, out, message string) {
	s.t.Helper()
	s.t.Setenv("LONGSHORE_STATE", s.state())
	s.t.Setenv("XDG_CONFIG_HOME", s.home)
	s.t.Setenv("TEMPORAL_CONFIG_FILE", filepath.Join(s.home, "temporal.toml"))
	s.t.Chdir(s.dir)
	var stdout, stderr bytes.Buffer
	code = Main(s.t.Context(), append(strings.Fields(args), more...), Streams{In: strings.NewReader(stdin), Out: &stdout, Err: &stderr})
	if !strings.HasPrefix(args, "secret show") {
		s.out.Write(stdout.Bytes())
	}
	s.out.Write(stderr.Bytes())
	return code, s.known(stdout.String()), s.known(stderr.String())
}

// known makes what differs from one run to the next the same.
func (s *shop) known(text string) string {
	text = strings.ReplaceAll(text, operator(), "ann@desk")
	text = strings.ReplaceAll(text, s.home, "HOME")
	text = regexp.MustCompile(`\b\d+s ago`).ReplaceAllString(text, "AGO")
	text = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`).ReplaceAllString(text, "WHEN")
	text = regexp.MustCompile(`age1[0-9a-z]{58}`).ReplaceAllString(text, "age1KEY")
	return regexp.MustCompile(` +`).ReplaceAllString(text, " ")
}

// must is run for a command that has to go well.
func (s *shop) must(stdin, args string) (out string) {
	s.t.Helper()
	code, out, message := s.run(stdin, args)
	if code != exit.OK {
		s.t.Fatalf("longshore %s: %d, %s%s", args, code, out, message)
	}
	return out
}

// refused is run for a command that has to fail with a code and a message.
func (s *shop) refused(stdin, args string, code exit.Code, says string) {
	s.t.Helper()
	got, out, message := s.run(stdin, args)
	if got != code || !strings.Contains(message, says) {
		s.t.Errorf("longshore %s: %d, %q %q, want %d with %q", args, got, out, message, code, says)
	}
}
