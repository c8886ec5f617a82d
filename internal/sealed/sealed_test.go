package sealed

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/internal/secret"
)

func sealer(t *testing.T, path string) Sealer {
	t.Helper()
	ring, err := keyring.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return Sealer{Ring: ring}
}

func seal(t *testing.T, s Sealer, name, value string) string {
	t.Helper()
	text, err := s.Seal(name, secret.New(value))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	s := sealer(t, path)
	for _, value := range []string{"", "hunter2", "two\nlines", "\x00\xff binary", strings.Repeat("x", 64<<10)} {
		text := seal(t, s, "TOKEN", value)
		if value != "" && strings.Contains(text, value) {
			t.Error("the sealed text shows the value")
		}
		if again := seal(t, s, "TOKEN", value); again == text {
			t.Error("equal values have equal sealed texts")
		}
		if _, err := keyring.Rotate(path); err != nil {
			t.Fatal(err)
		}
		// Another process, such as the worker after a restart, has the same ring.
		got, err := sealer(t, path).Open("TOKEN", text)
		if err != nil || got.Reveal() != value {
			t.Errorf("%d bytes came back as %d, %v", len(value), len(got.Reveal()), err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	s, other := sealer(t, filepath.Join(dir, "keys.json")), sealer(t, filepath.Join(dir, "other.json"))
	text := seal(t, s, "TOKEN", "hunter2")
	id, encoded, _ := strings.Cut(text, ".")
	flipped := "A"
	if encoded[20] == 'A' {
		flipped = "B"
	}
	changed := id + "." + encoded[:20] + flipped + encoded[21:]
	wrong := func(err error) bool { return errors.Is(err, keyring.ErrWrongKey) }
	form := func(err error) bool { return errors.Is(err, ErrForm) }
	unknown := func(err error) bool {
		e, ok := errors.AsType[*keyring.UnknownKeyError](err)
		return ok && e.ID == id
	}
	for name, test := range map[string]struct {
		by         Sealer
		name, text string
		want       func(error) bool
	}{
		"another name":      {s, "OTHER", text, wrong},
		"changed text":      {s, "TOKEN", changed, wrong},
		"cut text":          {s, "TOKEN", text[:len(text)-3], wrong},
		"another ring":      {other, "TOKEN", text, unknown},
		"no key id":         {s, "TOKEN", encoded, form},
		"not base64":        {s, "TOKEN", id + ".%%%", form},
		"nothing":           {s, "TOKEN", "", form},
		"a plain value":     {s, "TOKEN", "hunter2", form},
		"a key id, no text": {s, "TOKEN", id + ".", wrong},
	} {
		t.Run(name, func(t *testing.T) {
			value, err := test.by.Open(test.name, test.text)
			if !test.want(err) || !value.Empty() {
				t.Errorf("got %v, empty: %v", err, value.Empty())
			}
			if err != nil && (!strings.Contains(err.Error(), test.name) || strings.Contains(err.Error(), "hunter2")) {
				t.Errorf("%v does not name the secret, or shows it", err)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	s := sealer(t, path)
	version := s.Version("TOKEN", secret.New("hunter2"))
	if !strings.HasPrefix(version, "h") || len(version) != 13 {
		t.Errorf("%q", version)
	}
	if _, err := keyring.Rotate(path); err != nil {
		t.Fatal(err)
	}
	if got := sealer(t, path).Version("TOKEN", secret.New("hunter2")); got != version {
		t.Errorf("%q after a rotation of the key ring, not %q", got, version)
	}
	for name, other := range map[string]string{
		"another value": s.Version("TOKEN", secret.New("hunter3")),
		"another name":  s.Version("OTHER", secret.New("hunter2")),
		"another ring":  sealer(t, filepath.Join(t.TempDir(), "keys.json")).Version("TOKEN", secret.New("hunter2")),
	} {
		if other == version {
			t.Errorf("%s has the same version", name)
		}
	}
}
