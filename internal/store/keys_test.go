package store

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestAllWhoEnsureGetOneIdentity(t *testing.T) {
	keys := Keys{Path: filepath.Join(t.TempDir(), "deep", "identity.txt")}
	got := make([]string, 8)
	var all sync.WaitGroup
	for i := range got {
		all.Go(func() {
			var err error
			if got[i], err = keys.Ensure(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if slices.Sort(got); got[0] != got[7] || !strings.HasPrefix(got[0], "age1") {
		t.Error(got)
	}
	info, err := os.Stat(keys.Path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestRotateKeepsTheOldOnes(t *testing.T) {
	m := newMachine(t, t.TempDir())
	add(t, m.project, "X", "value")
	old, err := m.keys.Ensure()
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := m.keys.Rotate()
	if err != nil {
		t.Fatal(err)
	}
	if own, err := m.keys.Recipients(); err != nil || !slices.Equal(own, []string{fresh, old}) {
		t.Errorf("%v %v", own, err)
	}
	wantValue(t, m.project, "X", 0, "value")
	if n, err := m.readers().Change([]Recipient{{Key: fresh}}, []string{old}); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	wantValue(t, m.project, "X", 0, "value")
	// With the old identity alone it is closed by now.
	stale := newMachine(t, t.TempDir())
	if _, err := stale.keys.Ensure(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(m.keys.Path)
	if err != nil {
		t.Fatal(err)
	}
	_, last, _ := strings.Cut(string(text[1:]), "# created")
	if err := os.WriteFile(stale.keys.Path, []byte("#"+last), 0o600); err != nil {
		t.Fatal(err)
	}
	if own, err := stale.keys.Recipients(); err != nil || !slices.Equal(own, []string{old}) {
		t.Fatalf("%v %v", own, err)
	}
	closed := m.project
	closed.Keys = stale.keys
	var none *NoIdentityError
	if _, _, err := closed.Value("X", 0); !errors.As(err, &none) || none.Recipients != 1 || none.Recipient != old {
		t.Error(err)
	}
}

func TestKeysThatCannotBeUsed(t *testing.T) {
	m := newMachine(t, t.TempDir())
	add(t, m.project, "X", "value")
	good, err := os.ReadFile(m.keys.Path)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(m.project.path("X"))
	if err != nil {
		t.Fatal(err)
	}
	key := strings.TrimSpace(string(good[strings.Index(string(good), "AGE-SECRET-KEY"):]))
	for name, test := range map[string]struct {
		text string
		mode os.FileMode
		says string
	}{
		"group":    {string(good), 0o640, "chmod 600"},
		"world":    {string(good), 0o604, "chmod 600"},
		"empty":    {"", 0o600, "backup"},
		"cut off":  {key[:40], 0o600, "backup"},
		"changed":  {key[:40] + "A" + key[41:] + "A", 0o600, "backup"},
		"not keys": {"hunter2hunter2\n", 0o600, "backup"},
	} {
		if err := os.WriteFile(m.keys.Path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(m.keys.Path, test.mode); err != nil {
			t.Fatal(err)
		}
		_, ensured := m.keys.Ensure()
		_, rotated := m.keys.Rotate()
		_, listed := m.keys.Identities()
		_, _, read := m.project.Value("X", 0)
		_, added := m.project.Add("X", NewVersion{Value: secretOf("other")})
		_, changed := m.readers().Reencrypt()
		if changed != nil { // nothing to do
			t.Errorf("%s: reencrypt: %v", name, changed)
		}
		for what, err := range map[string]error{"ensure": ensured, "rotate": rotated, "list": listed, "read": read, "add": added} {
			var keys *KeysError
			if !errors.As(err, &keys) || keys.Missing || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), m.keys.Path) {
				t.Errorf("%s: %s: %v", name, what, err)
			}
			if err != nil && (strings.Contains(err.Error(), key[20:30]) || strings.Contains(err.Error(), "hunter")) {
				t.Errorf("%s: %s shows the key: %v", name, what, err)
			}
		}
		if text, _ := os.ReadFile(m.keys.Path); string(text) != test.text {
			t.Errorf("%s: the file was changed", name)
		}
	}
	if after, _ := os.ReadFile(m.project.path("X")); string(after) != string(before) {
		t.Error("the secret was changed")
	}
}

func TestLostKeys(t *testing.T) {
	m := newMachine(t, t.TempDir())
	add(t, m.project, "X", "value")
	if err := os.Remove(m.keys.Path); err != nil {
		t.Fatal(err)
	}
	var keys *KeysError
	if _, err := m.keys.Identities(); !errors.As(err, &keys) || !keys.Missing {
		t.Error(err)
	}
	if _, err := m.keys.Rotate(); !errors.As(err, &keys) || !keys.Missing {
		t.Error(err)
	}
	var none *NoIdentityError
	if _, _, err := m.project.Value("X", 0); !errors.As(err, &none) || none.Recipient != "" || none.Recipients != 1 || !strings.Contains(err.Error(), m.keys.Path) {
		t.Error(err)
	}
	// To set takes the recipients alone.
	if v := add(t, m.project, "X", "blind"); v.Number != 2 {
		t.Errorf("%+v", v)
	}
	if _, err := os.Stat(m.keys.Path); err == nil {
		t.Error("a new identity was made, which opens nothing")
	}
}
