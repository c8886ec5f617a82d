package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/internal/store"
	"github.com/longshore-dev/longshore/starter/exit"
)

// publicKey is this machine's.
func (s *shop) publicKey() string {
	s.t.Helper()
	keys, err := store.Keys{Path: filepath.Join(s.state(), "identity.txt")}.Recipients()
	if err != nil {
		s.t.Fatal(err)
	}
	return keys[0]
}

// recipients are the keys in the project's list.
func (s *shop) recipients() []string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "secrets", "recipients.txt"))
	if err != nil {
		s.t.Fatal(err)
	}
	return regexp.MustCompile(`(?m)^age1\w+`).FindAllString(string(text), -1)
}

func filled(t *testing.T) *shop {
	t.Helper()
	s := newShop(t)
	s.must("one", "secret set A")
	s.must("two", "secret set A --site staging")
	s.must("three", "secret set A --scope organization")
	return s
}

// readable fails where one of the values cannot be read.
func (s *shop) readable() {
	s.t.Helper()
	for args, want := range map[string]string{"--scope project": "one", "--site staging": "two", "--scope organization": "three"} {
		if got := s.must("", "secret show A "+args); got != want {
			s.t.Errorf("%s: %q, want %q", args, got, want)
		}
	}
}

func TestKeyRotate(t *testing.T) {
	s := filled(t)
	old := s.publicKey()
	ring, err := keyring.Open(filepath.Join(s.state(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	oldID, sealed, err := ring.Seal([]byte("a run's words"), nil)
	if err != nil {
		t.Fatal(err)
	}
	out := s.must("", "key rotate")
	if !strings.Contains(out, "encrypted anew 3 files") {
		t.Errorf("got %s, want the files of the project, the site and the organization", out)
	}
	if got := s.recipients(); len(got) != 1 || got[0] == old || got[0] != s.publicKey() {
		t.Errorf("the recipients are %v, want the new key alone", got)
	}
	s.readable()
	if plain, err := ring.Unseal(oldID, sealed, nil); err != nil || string(plain) != "a run's words" {
		t.Errorf("what an old run has written reads %q, %v", plain, err)
	}
	if newID, _, err := ring.Seal([]byte("x"), nil); err != nil || newID == oldID {
		t.Errorf("runs are encrypted with %s, %v: want another key than %s", newID, err, oldID)
	}
}

func TestKeyRotateGoesOnWhereItWasCut(t *testing.T) {
	s := filled(t)
	old := s.publicKey()
	// As after a cut between the new identity and the first file.
	if _, err := (store.Keys{Path: filepath.Join(s.state(), "identity.txt")}).Rotate(); err != nil {
		t.Fatal(err)
	}
	next := s.publicKey()
	out := s.must("", "key rotate -o json")
	var got struct {
		PublicKey string `json:"public_key"`
		Continued bool
		Files     int
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || !got.Continued || got.Files != 3 {
		t.Errorf("got %s, %v: want the rotation that was begun to be finished", out, err)
	}
	if s.publicKey() != next || s.recipients()[0] != next || next == old {
		t.Error("a third key is made")
	}
	s.readable()
}

func TestRecipients(t *testing.T) {
	s := filled(t)
	mine, home, elsewhere := s.publicKey(), s.home, t.TempDir()
	// Another machine with the same files, as from the repository.
	s.home = elsewhere
	s.must("", "key show")
	other := s.publicKey()
	s.refused("", "secret show A --scope project", exit.Failure, "longshore key recipient add age1KEY")
	if out := s.must("", "secret ls --site production"); !strings.Contains(out, "A project default/shop 1") {
		t.Errorf("a list takes a key: %s", out)
	}
	s.must("four", "secret set B") // nor does setting one
	s.home = home
	if out := s.must("", "key recipient add "+other+" --note CI"); !strings.Contains(out, "2 recipients") || !strings.Contains(out, "encrypted anew: 3 files") {
		t.Error(out)
	}
	if out := s.must("", "key recipient ls"); !strings.Contains(out, "age1KEY this machine") || !strings.Contains(out, "age1KEY CI") {
		t.Error(out)
	}
	s.home = elsewhere
	if got := s.must("", "secret show A --scope project"); got != "one" {
		t.Errorf("the new recipient reads %q", got)
	}
	s.home = home
	if out := s.must("", "key recipient rm "+other); !strings.Contains(out, "rotate those that matter") {
		t.Error(out)
	}
	if got := s.recipients(); len(got) != 1 || got[0] != mine {
		t.Errorf("the recipients are %v, want this machine", got)
	}
	s.refused("", "key recipient rm "+mine, exit.Failure, "")
	s.readable()
	s.home = elsewhere
	s.refused("", "secret show A --scope project", exit.Failure, "none is this machine")
}
