package keyring

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestOpenMakesAPrivateFileOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "keys.json")
	first, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("mode is %o, want 600", mode)
	}
	second, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	roundTrip(t, first, second)
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 2 {
		t.Errorf("the folder holds %v (%v), want the ring and its mark alone", entries, err)
	}
}

func TestOpenAtOnceGivesOneRing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	rings := make([]*Ring, 16)
	errs := make([]error, len(rings))
	var wg sync.WaitGroup
	for i := range rings {
		wg.Go(func() { rings[i], errs[i] = Open(path) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for _, r := range rings[1:] {
		roundTrip(t, rings[0], r)
	}
}

func TestNewestKeyEncryptsAndAllDecrypt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	write(t, path, "old", 1)
	ring, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	oldID, oldText, err := ring.Seal([]byte("before"), nil)
	if err != nil || oldID != "old" {
		t.Fatalf("sealed with %q (%v), want old", oldID, err)
	}

	write(t, path, "new", 2, "old", 1)
	rotated, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := rotated.Unseal(oldID, oldText, nil); err != nil || string(plain) != "before" {
		t.Errorf("old text is %q (%v), want before", plain, err)
	}
	newID, newText, err := rotated.Seal([]byte("after"), nil)
	if err != nil || newID != "new" {
		t.Fatalf("sealed with %q (%v), want new", newID, err)
	}
	// The first ring was read before the new key was added, and finds it by itself.
	if plain, err := ring.Unseal(newID, newText, nil); err != nil || string(plain) != "after" {
		t.Errorf("new text is %q (%v), want after", plain, err)
	}
}

func TestUnsealRefuses(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "keys.json"), filepath.Join(dir, "other.json")
	write(t, path, "a", 1)
	write(t, other, "a", 9)
	ring, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	impostor, err := Open(other)
	if err != nil {
		t.Fatal(err)
	}
	id, sealed, err := ring.Seal([]byte("secret"), []byte("here"))
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1

	tests := map[string]func() ([]byte, error){
		"another ring's key of that id": func() ([]byte, error) { return impostor.Unseal(id, sealed, []byte("here")) },
		"changed text":                  func() ([]byte, error) { return ring.Unseal(id, changed, []byte("here")) },
		"another context":               func() ([]byte, error) { return ring.Unseal(id, sealed, []byte("there")) },
		"text cut short":                func() ([]byte, error) { return ring.Unseal(id, sealed[:5], []byte("here")) },
	}
	for name, unseal := range tests {
		t.Run(name, func(t *testing.T) {
			if plain, err := unseal(); !errors.Is(err, ErrWrongKey) {
				t.Errorf("got %q, %v, want ErrWrongKey", plain, err)
			}
		})
	}
	_, err = ring.Unseal("b", sealed, nil)
	if unknown, ok := errors.AsType[*UnknownKeyError](err); !ok || unknown.ID != "b" || unknown.Path != path {
		t.Errorf("an unknown key gives %v, want an UnknownKeyError of b in %s", err, path)
	}
}

func TestOpenRefusesABrokenFileWithoutQuotingIt(t *testing.T) {
	long := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, KeySize))
	tests := map[string]struct{ text, want string }{
		"empty file":  {"", "not valid JSON"},
		"no keys":     {`{"keys":[]}`, "has no key"},
		"cut short":   {`{"keys":[{"id":"a","key":"` + long, "not valid JSON"},
		"not base64":  {`{"keys":[{"id":"a","key":"` + long + `%"}]}`, "not valid JSON"},
		"short key":   {`{"keys":[{"id":"a","key":"AAAA"}]}`, "3 bytes, want 32"},
		"no id":       {`{"keys":[{"key":"` + long + `"}]}`, "no id"},
		"same id two": {`{"keys":[{"id":"a","key":"` + long + `"},{"id":"a","key":"` + long + `"}]}`, "two keys"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keys.json")
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Open(path)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Fatalf("got %v, want a message with %q and the path", err, test.want)
			}
			if strings.Contains(err.Error(), long[:20]) {
				t.Errorf("the message quotes the key: %v", err)
			}
		})
	}
}

func roundTrip(t *testing.T, from, to *Ring) {
	t.Helper()
	id, sealed, err := from.Seal([]byte("text"), []byte("context"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("text")) {
		t.Error("the sealed text shows the plain one")
	}
	plain, err := to.Unseal(id, sealed, []byte("context"))
	if err != nil || string(plain) != "text" {
		t.Errorf("got %q, %v, want text", plain, err)
	}
}

// write makes a ring's file of (id, byte) pairs, each key being that byte over and over.
func write(t *testing.T, path string, pairs ...any) {
	t.Helper()
	var keys []string
	for i := 0; i < len(pairs); i += 2 {
		text := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{byte(pairs[i+1].(int))}, KeySize))
		keys = append(keys, fmt.Sprintf(`{"id":%q,"key":%q}`, pairs[i], text))
	}
	if err := os.WriteFile(path, []byte(`{"keys":[`+strings.Join(keys, ",")+`]}`), 0o600); err != nil {
		t.Fatal(err)
	}
}
