package harness

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// World is one test's machine: a home and a state folder, and the programs that run with them.
type World struct {
	// Home is $HOME of everything that runs.
	Home string
	// State is Longshore's state folder.
	State string

	t         testing.TB
	bin       string
	logs      string
	env       []string
	hostState string // of LocalHost
	projects  []string
}

// New makes a world in which nothing runs yet. Everything started in it ends with the test.
func New(t testing.TB) *World {
	t.Helper()
	bin, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	w := &World{
		Home:  filepath.Join(root, "home"),
		State: filepath.Join(root, "state"),
		t:     t,
		bin:   bin,
		logs:  filepath.Join(root, "logs"),

		hostState: filepath.Join(root, "host"),
	}
	for _, dir := range []string{w.Home, w.State, w.logs, filepath.Join(w.Home, ".ssh")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	w.env = append(isolated(os.Environ()),
		"HOME="+w.Home,
		"LONGSHORE_STATE="+w.State,
		"LONGSHORE_TEMPORAL_CLI="+filepath.Join(bin, "temporal"),
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Test", "GIT_AUTHOR_EMAIL=test@example.com",
		"GIT_COMMITTER_NAME=Test", "GIT_COMMITTER_EMAIL=test@example.com",
	)
	// Registered before anything is started, this runs after everything has ended.
	t.Cleanup(w.removeProjects)
	return w
}

// isolated drops what would let the user's own settings into the test.
func isolated(env []string) []string {
	var out []string
	for _, entry := range env {
		name, _, _ := strings.Cut(entry, "=")
		switch {
		case strings.HasPrefix(name, "LONGSHORE_"), strings.HasPrefix(name, "TEMPORAL_"),
			strings.HasPrefix(name, "XDG_"), strings.HasPrefix(name, "GIT_"),
			name == "HOME", name == "SSH_AUTH_SOCK", name == "NO_COLOR":
		default:
			out = append(out, entry)
		}
	}
	return out
}

// Setenv sets a variable for everything started from now on.
func (w *World) Setenv(name, value string) { w.env = append(w.env, name+"="+value) }

// Trust writes the hosts' keys to the world's known_hosts file, and their names to its SSH configuration, so that a
// host can be addressed by Host.Name as well as by Host.Address.
func (w *World) Trust(trusted ...*hosts.Host) {
	w.t.Helper()
	for _, h := range trusted {
		for from, to := range map[string]string{h.KnownHosts: "known_hosts", h.SSHConfig: "config"} {
			content, err := os.ReadFile(from)
			if err != nil {
				w.t.Fatal(err)
			}
			if to == "config" {
				// The key belongs to the user's own known_hosts, which Longshore reads and writes.
				content = without(content, "UserKnownHostsFile")
			}
			if err := appendFile(filepath.Join(w.Home, ".ssh", to), content); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

func without(content []byte, key string) []byte {
	var out strings.Builder
	for line := range strings.Lines(string(content)) {
		if !strings.Contains(line, key) {
			out.WriteString(line)
		}
	}
	return []byte(out.String())
}

func appendFile(path string, content []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Close())
}

// binaries is the folder bin of the repository.
func binaries() (string, error) {
	root, err := repository()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(root, "bin")
	for _, name := range []string{"longshore", "longshore-worker", "longshore-edge", "temporal"} {
		if _, err := os.Stat(filepath.Join(bin, name)); err != nil {
			return "", errors.New(filepath.Join(bin, name) + " is missing: run `make build tools`")
		}
	}
	return bin, nil
}

// repository is the folder of the module that the test belongs to.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("find the repository: no go.mod in this folder or above it")
		}
		dir = parent
	}
}
