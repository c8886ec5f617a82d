package store

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
)

// three has a secret X with a revoked, a previous and a current version.
func three(t *testing.T, m machine) Folder {
	t.Helper()
	f := m.project
	for _, value := range []string{"one", "two", "three"} {
		add(t, f, "X", value)
	}
	if _, err := f.Settle("X", Settlement{Revoke: []int{1}, By: "ann"}); err != nil {
		t.Fatal(err)
	}
	return f
}

func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestEveryFlippedByteIsFoundOrHarmless(t *testing.T) {
	m := newMachine(t, t.TempDir())
	f := m.project
	add(t, f, "X", "one")
	good := []byte(text(t, f.path("X")))
	record, err := f.Read("X")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for i := range good {
		bad := append([]byte{}, good...)
		bad[i] ^= []byte{1, 0x20}[i%2] // other letters and digits, and other cases of a letter
		put(t, f.path("X"), bad)
		value, _, err := f.Value("X", 0)
		if err != nil {
			found++
			continue
		}
		after, err := f.Read("X")
		if err != nil || value.Reveal() != "one" || !reflect.DeepEqual(after, record) {
			t.Fatalf("byte %d (%q to %q) was not found: %q %+v %v", i, good[i], bad[i], value.Reveal(), after, err)
		}
	}
	if found < len(good)*3/4 {
		t.Errorf("only %d of %d flips were found", found, len(good))
	}
}

func TestEveryCutIsFound(t *testing.T) {
	m := newMachine(t, t.TempDir())
	f := m.project
	add(t, f, "X", "one")
	good := []byte(text(t, f.path("X")))
	for n := range len(good) - 1 { // without the line break at its end it is whole
		put(t, f.path("X"), good[:n])
		var tampered *TamperedError
		if _, _, err := f.Value("X", 0); !errors.As(err, &tampered) || tampered.File != f.path("X") {
			t.Fatalf("cut after %d: %v", n, err)
		}
		if _, err := f.Read("X"); !errors.As(err, &tampered) {
			t.Fatalf("cut after %d: %v", n, err)
		}
		if _, err := f.Add("X", NewVersion{Value: secretOf("two")}); !errors.As(err, &tampered) {
			t.Fatalf("cut after %d: %v", n, err)
		}
	}
}

func TestTampering(t *testing.T) {
	revive := func(d *document) {
		d.Versions[0].State = app.VersionCurrent
		d.Versions[0].Changes = nil
		d.Versions[2].State = app.VersionPrevious
		d.Versions[2].Changes = []Change{{State: app.VersionPrevious}}
	}
	for name, test := range map[string]struct {
		edit func(d *document)
		// form says that it is found without a key, too.
		form bool
	}{
		"swapped values": {edit: func(d *document) {
			d.Versions[1].ciphertext, d.Versions[2].ciphertext = d.Versions[2].ciphertext, d.Versions[1].ciphertext
		}},
		"an old value": {edit: func(d *document) { d.Versions[2].ciphertext = d.Versions[0].ciphertext }},
		"a state":      {edit: func(d *document) { d.Versions[0].State = app.VersionPrevious }, form: true},
		"a state and its changes": {edit: func(d *document) {
			d.Versions[0].State = app.VersionPrevious
			d.Versions[0].Changes = d.Versions[0].Changes[:1]
		}},
		"another current one":          {edit: revive},
		"two current ones":             {edit: func(d *document) { revive(d); d.Versions[2].State, d.Versions[2].Changes = app.VersionCurrent, nil }, form: true},
		"a state that is none":         {edit: func(d *document) { d.Versions[2].State = "best" }, form: true},
		"the last version taken out":   {edit: func(d *document) { d.Versions = d.Versions[:2] }},
		"the first version taken out":  {edit: func(d *document) { d.Versions = d.Versions[1:] }, form: true},
		"a version taken out, renamed": {edit: func(d *document) { d.Versions = d.Versions[1:]; d.Versions[0].Number, d.Versions[1].Number = 1, 2 }},
		"no versions":                  {edit: func(d *document) { d.Versions = nil }, form: true},
		"the order":                    {edit: func(d *document) { d.Versions[0], d.Versions[1] = d.Versions[1], d.Versions[0] }, form: true},
		"who":                          {edit: func(d *document) { d.Versions[2].By = "bob" }},
		"why of a change":              {edit: func(d *document) { d.Versions[0].Changes[1].Why = "for fun" }},
		"when":                         {edit: func(d *document) { d.Versions[2].At = d.Versions[2].At.AddDate(1, 0, 0) }},
		"a value dropped":              {edit: func(d *document) { d.Versions[0].ciphertext = ciphertext{} }},
		"the current value dropped":    {edit: func(d *document) { d.Versions[2].ciphertext = ciphertext{} }, form: true},
		"removed":                      {edit: func(d *document) { d.Removed = true }},
		"whom a value is for":          {edit: func(d *document) { d.Versions[1].For = "0" }},
		"no check":                     {edit: func(d *document) { d.Check = ciphertext{} }},
		"the value as the check":       {edit: func(d *document) { d.Check = d.Versions[2].ciphertext }},
		"the name":                     {edit: func(d *document) { d.Name = "Y" }, form: true},
		"the scope":                    {edit: func(d *document) { d.Of = "acme/other" }, form: true},
		"an older format":              {edit: func(d *document) { d.Format = 0 }, form: true},
	} {
		t.Run(name, func(t *testing.T) {
			f := three(t, newMachine(t, t.TempDir()))
			good := text(t, f.path("X"))
			d, err := f.read("X")
			if err != nil {
				t.Fatal(err)
			}
			test.edit(d)
			data, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			put(t, f.path("X"), data)
			var tampered *TamperedError
			for number := range 4 {
				if value, _, err := f.Value("X", number); !errors.As(err, &tampered) || tampered.File != f.path("X") {
					t.Errorf("version %d: %q %v", number, value.Reveal(), err)
				}
			}
			if _, err := f.Read("X"); test.form != errors.As(err, &tampered) {
				t.Errorf("without a key: %v", err)
			}
			// Nothing is built on it, and nothing is lost.
			if _, err := f.Add("X", NewVersion{Value: secretOf("four")}); !errors.As(err, &tampered) {
				t.Errorf("add: %v", err)
			}
			if _, err := f.Settle("X", Settlement{Revoke: []int{2}}); !errors.As(err, &tampered) {
				t.Errorf("settle: %v", err)
			}
			if err := f.Remove("X", "", ""); !errors.As(err, &tampered) {
				t.Errorf("remove: %v", err)
			}
			if text(t, f.path("X")) != string(data) {
				t.Error("it was written over")
			}
			put(t, f.path("X"), []byte(good))
			wantValue(t, f, "X", 0, "three")
		})
	}
}

// Who knows the recipients can make a check, but no text that says what it was not encrypted as.
func TestTamperingWithANewCheck(t *testing.T) {
	for name, edit := range map[string]func(d *document){
		"swapped values": func(d *document) {
			d.Versions[1].ciphertext, d.Versions[2].ciphertext = d.Versions[2].ciphertext, d.Versions[1].ciphertext
		},
		"an old value":  func(d *document) { d.Versions[2].ciphertext = d.Versions[0].ciphertext },
		"another name":  func(d *document) { d.Name = "Y" },
		"another scope": func(d *document) { d.Of = "acme/shop/production" },
	} {
		m := newMachine(t, t.TempDir())
		three(t, m)
		d, err := m.project.read("X")
		if err != nil {
			t.Fatal(err)
		}
		edit(d)
		f := m.project
		if d.Of != f.Scope.Of {
			f = m.site
		}
		if err := os.MkdirAll(f.Scope.Folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := d.write(f.path(d.Name), must(readRecipients(f.Scope.Recipients))); err != nil {
			t.Fatal(err)
		}
		var tampered *TamperedError
		if value, _, err := f.Value(d.Name, 0); !errors.As(err, &tampered) {
			t.Errorf("%s: %q %v", name, value.Reveal(), err)
		}
	}
}

func TestAFieldThatNobodyKnows(t *testing.T) {
	f := three(t, newMachine(t, t.TempDir()))
	put(t, f.path("X"), []byte(strings.Replace(text(t, f.path("X")), `"format": 1`, `"format": 1, "more": {}`, 1)))
	var tampered *TamperedError
	if _, err := f.Read("X"); !errors.As(err, &tampered) {
		t.Error(err)
	}
}

func TestFilesThatWereMoved(t *testing.T) {
	m := newMachine(t, t.TempDir())
	f := three(t, m)
	add(t, m.site, "X", "of the site")
	add(t, f, "Y", "of Y")
	for name, test := range map[string]struct {
		from, to string
		in       Folder
		secret   string
	}{
		"renamed":       {f.path("Y"), f.path("Z"), f, "Z"},
		"over another":  {f.path("Y"), f.path("X"), f, "X"},
		"another scope": {m.site.path("X"), f.path("X"), f, "X"},
		"up":            {f.path("X"), m.organization.path("X"), m.organization, "X"},
	} {
		if err := os.MkdirAll(filepath.Dir(test.to), 0o755); err != nil {
			t.Fatal(err)
		}
		put(t, test.to, []byte(text(t, test.from)))
		var tampered *TamperedError
		if _, _, err := test.in.Value(test.secret, 0); !errors.As(err, &tampered) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnOlderFileOfTheSameSecret(t *testing.T) {
	f := three(t, newMachine(t, t.TempDir()))
	old := text(t, f.path("X"))
	add(t, f, "X", "four")
	put(t, f.path("X"), []byte(old))
	// It is whole: what was, before. The repository's history tells.
	wantValue(t, f, "X", 0, "three")
}

func TestANewerFormat(t *testing.T) {
	f := three(t, newMachine(t, t.TempDir()))
	put(t, f.path("X"), []byte(strings.Replace(text(t, f.path("X")), `"format": 1`, `"format": 2, "more": {}`, 1)))
	var tampered *TamperedError
	if _, err := f.Read("X"); err == nil || errors.As(err, &tampered) || !strings.Contains(err.Error(), "newer") {
		t.Error(err)
	}
	if _, err := f.Add("X", NewVersion{Value: secretOf("v")}); err == nil {
		t.Error("it was written over")
	}
}

func TestADamagedTextOfThisMachineIsNoMissingIdentity(t *testing.T) {
	f := three(t, newMachine(t, t.TempDir()))
	d, err := f.read("X")
	if err != nil {
		t.Fatal(err)
	}
	// The text of another machine's file: age alone would say that no identity fits.
	other := three(t, newMachine(t, t.TempDir()))
	theirs, err := other.read("X")
	if err != nil {
		t.Fatal(err)
	}
	d.Check.Text = theirs.Check.Text
	put(t, f.path("X"), must(json.Marshal(d)))
	var tampered *TamperedError
	if _, _, err := f.Value("X", 0); !errors.As(err, &tampered) {
		t.Error(err)
	}
}
