package edit

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/secret"
)

// editor is a shell script that gets the file as $1.
func editor(t *testing.T, script string) (Editor, string) {
	t.Helper()
	memory, bin := t.TempDir(), filepath.Join(t.TempDir(), "an editor")
	if err := os.WriteFile(bin, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	return Editor{Command: "'" + bin + "' --wait", Folders: []string{filepath.Join(memory, "missing"), memory}, Out: &out, Err: &out}, memory
}

func TestEdit(t *testing.T) {
	for name, test := range map[string]struct{ script, value, want string }{
		"a new value, whose line the editor ends": {`printf 'new\n' > "$2"`, "old", "new"},
		"a value that ends a line":                {`printf 'new\n' > "$2"`, "old\n", "new\n"},
		"nothing changed":                         {`true`, "two\nlines", "two\nlines"},
		"a file that takes its place":             {`printf 'new' > "$2.new"; mv "$2.new" "$2"`, "old", "new"},
		"a file for its owner alone":              {`stat -c %a "$2" > "$2.mode"; cat "$2.mode" > "$2"`, "old", "600"},
	} {
		t.Run(name, func(t *testing.T) {
			e, memory := editor(t, test.script)
			got, err := e.Edit(t.Context(), "PASSWORD", secret.New(test.value))
			if err != nil || got.Reveal() != test.want {
				t.Errorf("got %q, %v, want %q", got.Reveal(), err, test.want)
			}
			if left, err := os.ReadDir(memory); err != nil || len(left) != 0 {
				t.Errorf("left over: %v, %v", left, err)
			}
		})
	}
}

func TestAnEditorThatFails(t *testing.T) {
	e, memory := editor(t, `cp "$2" "$2~"; exit 1`)
	_, err := e.Edit(t.Context(), "PASSWORD", secret.New("s3cret"))
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v, want an error without the value", err)
	}
	if left, err := os.ReadDir(memory); err != nil || len(left) != 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

func TestOverwriteLeavesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := overwrite(path); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(path); err != nil || !bytes.Equal(data, make([]byte, 6)) {
		t.Errorf("got %q, %v, want zeroes", data, err)
	}
}
