package store

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
)

func TestRecipientsComeAndGo(t *testing.T) {
	shared := t.TempDir()
	ann, bob := newMachine(t, shared), newMachine(t, shared)
	add(t, ann.project, "X", "one")
	add(t, ann.project, "X", "two")
	add(t, ann.site, "Y", "site")
	annKey, err := ann.keys.Ensure()
	if err != nil {
		t.Fatal(err)
	}
	bobKey, err := bob.keys.Ensure()
	if err != nil {
		t.Fatal(err)
	}
	var none *NoIdentityError
	if _, _, err := bob.project.Value("X", 0); !errors.As(err, &none) || none.Recipient != bobKey || none.Recipients != 1 ||
		!strings.Contains(err.Error(), "longshore key recipient add "+bobKey) {
		t.Fatal(err)
	}
	if _, err := bob.readers().Change([]Recipient{{Key: bobKey}}, nil); !errors.As(err, &none) {
		t.Fatalf("who cannot read let himself in: %v", err)
	}
	// Who cannot read can set; all who can read, can read it.
	if v := add(t, bob.project, "X", "three, of bob"); v.Number != 3 {
		t.Fatalf("%+v", v)
	}
	wantValue(t, ann.project, "X", 0, "three, of bob")

	if n, err := ann.readers().Change([]Recipient{{Key: bobKey, Note: "bob\n# of sales"}}, nil); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	wantValue(t, bob.project, "X", 1, "one")
	wantValue(t, bob.project, "X", 3, "three, of bob")
	wantValue(t, bob.site, "Y", 0, "site")
	list, err := bob.readers().List()
	if err != nil || !slices.Equal(list, []Recipient{{annKey, "ann"}, {bobKey, "bob # of sales"}}) {
		t.Fatalf("%v %v", list, err)
	}
	// A repeat writes nothing.
	before := text(t, ann.project.path("X")) + text(t, ann.project.Scope.Recipients)
	if n, err := ann.readers().Change([]Recipient{{Key: bobKey}}, nil); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if text(t, ann.project.path("X"))+text(t, ann.project.Scope.Recipients) != before {
		t.Error("a repeat wrote")
	}
	if n, err := ann.readers().Change([]Recipient{{Key: bobKey, Note: "robert"}}, nil); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if list, _ := bob.readers().List(); list[1].Note != "robert" {
		t.Error(list)
	}

	for name, remove := range map[string][]string{"the last": {annKey, bobKey}, "this machine": {annKey}, "a stranger": {"age1none"}} {
		var refused *RecipientsError
		if _, err := ann.readers().Change(nil, remove); !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n, err := bob.readers().Change(nil, []string{annKey}); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	wantValue(t, bob.project, "X", 2, "two")
	for _, number := range []int{0, 1, 3} {
		if _, _, err := ann.project.Value("X", number); !errors.As(err, &none) {
			t.Errorf("who was removed still reads %d: %v", number, err)
		}
	}
}

func TestReencryptGoesOn(t *testing.T) {
	shared := t.TempDir()
	m, bob := newMachine(t, shared), newMachine(t, shared)
	for _, name := range []string{"A", "B", "C"} {
		add(t, m.project, name, "value of "+name)
	}
	if err := m.project.Remove("C", "ann", ""); err != nil {
		t.Fatal(err)
	}
	key, err := bob.keys.Ensure()
	if err != nil {
		t.Fatal(err)
	}
	// As if it had been cut off: the list is written, and one file.
	r := m.readers()
	to, err := r.changed(must(readRecipients(r.Path)), []Recipient{{Key: key}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := to.write(r.Path); err != nil {
		t.Fatal(err)
	}
	if changed, err := m.project.reencrypt("A", to); !changed || err != nil {
		t.Fatal(changed, err)
	}
	wantValue(t, bob.project, "A", 0, "value of A")
	var none *NoIdentityError
	if _, _, err := bob.project.Value("B", 0); !errors.As(err, &none) {
		t.Fatal(err)
	}
	// A new version is for the new list already, the one before not yet.
	add(t, m.project, "B", "newer")
	wantValue(t, bob.project, "B", 0, "newer")
	if _, _, err := bob.project.Value("B", 1); !errors.As(err, &none) {
		t.Fatal(err)
	}
	before := must(m.project.read("B")).Versions[1].Text
	if n, err := m.readers().Reencrypt(); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	if must(m.project.read("B")).Versions[1].Text != before {
		t.Error("what is for the list already was encrypted again")
	}
	wantValue(t, bob.project, "B", 1, "value of B")
	if n, err := m.readers().Reencrypt(); n != 0 || err != nil {
		t.Fatal(n, err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func text(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestListsThatCannotBeUsed(t *testing.T) {
	m := newMachine(t, t.TempDir())
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	key := identity.Recipient().String()
	for name, test := range map[string]struct{ list, says string }{
		"an identity": {"# ann\n" + identity.String() + "\n", "line 2: it is an identity"},
		"words":       {"\nhunter2\n", "line 2: it is not an age public key"},
		"twice":       {key + "\n" + key + "\n", "twice"},
	} {
		if err := os.MkdirAll(filepath.Dir(m.project.Scope.Recipients), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(m.project.Scope.Recipients, []byte(test.list), 0o644); err != nil {
			t.Fatal(err)
		}
		_, added := m.project.Add("X", NewVersion{Value: secretOf("value")})
		_, listed := m.readers().List()
		_, changed := m.readers().Change([]Recipient{{Key: key}}, nil)
		for what, err := range map[string]error{"add": added, "list": listed, "change": changed} {
			var list *RecipientsError
			if !errors.As(err, &list) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s: %s: %v", name, what, err)
			}
			if err != nil && (strings.Contains(err.Error(), identity.String()[20:30]) || strings.Contains(err.Error(), "hunter")) {
				t.Errorf("%s: %s shows it: %v", name, what, err)
			}
		}
	}
	if err := os.WriteFile(m.project.Scope.Recipients, []byte("# nobody\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{identity.String(), "age1x", ""} {
		var list *RecipientsError
		if _, err := m.readers().Change([]Recipient{{Key: bad}}, nil); !errors.As(err, &list) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	// A list by hand, with a text above, comments and blank lines.
	if err := os.WriteFile(m.project.Scope.Recipients, []byte("# The team\n\n# ann\r\n"+key+"\r\n\n  "+must(m.keys.Ensure())+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	list, err := m.readers().List()
	if err != nil || len(list) != 2 || list[0] != (Recipient{key, "ann"}) || list[1].Note != "" {
		t.Errorf("%v %v", list, err)
	}
}

func TestALostListIsNotMadeAnew(t *testing.T) {
	m := newMachine(t, t.TempDir())
	add(t, m.project, "X", "value")
	if err := os.Remove(m.project.Scope.Recipients); err != nil {
		t.Fatal(err)
	}
	for _, f := range []Folder{m.project, m.site} {
		var lost *RecipientsError
		if _, err := f.Add("X", NewVersion{Value: secretOf("value")}); !errors.As(err, &lost) {
			t.Error(err)
		}
	}
	if _, err := m.project.Settle("X", Settlement{Current: 1}); err == nil {
		t.Error("settled without recipients")
	}
	wantValue(t, m.project, "X", 0, "value")
	if n, err := m.readers().Change([]Recipient{{Key: must(m.keys.Ensure())}}, nil); n != 0 || err != nil {
		t.Error(n, err)
	}
	add(t, m.project, "X", "again")
}
