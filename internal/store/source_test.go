package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/store"
	"github.com/longshore-dev/longshore/internal/store/storetest"
)

const (
	sourceValue = "k4-%7 hush\n\\\"x"
	tooMuch     = 5000 // of it
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEnv(t *testing.T) {
	t.Setenv("STORE_TEST_HAS", sourceValue)
	t.Setenv("STORE_TEST_EMPTY", "")
	t.Setenv("STORE_TEST_LARGE", strings.Repeat(sourceValue, tooMuch))
	of := func(variable string) app.Secret {
		return app.Secret{Name: "TOKEN", Source: app.SecretSource{From: app.FromEnv, Variable: variable}}
	}
	storetest.Run(t, storetest.Subject{
		Source: store.Env{}, Has: of("STORE_TEST_HAS"), Value: sourceValue,
		Absent:   []app.Secret{of("STORE_TEST_NONE")},
		Unusable: map[string]app.Secret{"empty": of("STORE_TEST_EMPTY"), "too large": of("STORE_TEST_LARGE")},
	})
}

func TestFile(t *testing.T) {
	of := func(path string) app.Secret {
		return app.Secret{Name: "TOKEN", Source: app.SecretSource{From: app.FromFile, File: path}}
	}
	const value = sourceValue + "\n"
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	storetest.Run(t, storetest.Subject{
		Source: store.File{}, Has: of(write(t, "has", value)), Value: value,
		Absent: []app.Secret{of(filepath.Join(t.TempDir(), "none"))},
		Unusable: map[string]app.Secret{
			"empty": of(write(t, "empty", "")), "too large": of(write(t, "large", strings.Repeat(value, tooMuch))), "a folder": of(t.TempDir()), "a pipe": of(pipe),
		},
	})
}

func TestCommand(t *testing.T) {
	of := func(script string) app.Secret {
		return app.Secret{Name: "TOKEN", Source: app.SecretSource{From: app.FromCommand, Command: []string{"/bin/sh", "-c", script}}}
	}
	has := write(t, "has", sourceValue+"\n")
	slow := of("echo '" + sourceValue + "'; exec sleep 600")
	storetest.Run(t, storetest.Subject{
		Source: store.Command{}, Has: of("echo noise >&2; cat " + has), Value: sourceValue,
		Unusable: map[string]app.Secret{
			"empty":      of("echo"),
			"too large":  of("yes '" + sourceValue + "'"),
			"failing":    of("cat " + has + " >&2; cat " + has + "; exit 3"),
			"no command": {Name: "TOKEN", Source: app.SecretSource{From: app.FromCommand}},
			"no program": {Name: "TOKEN", Source: app.SecretSource{From: app.FromCommand, Command: []string{"/none/such", sourceValue}}},
		},
		Slow: &slow,
	})
}
