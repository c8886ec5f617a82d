// Package sealed carries secret values through places that keep what they are given, such as a run's history and a
// release's record: as text that only the workers' key ring opens. It must not know where the values come from.
package sealed

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/internal/secret"
)

// Sealer seals and opens with a key ring. It is safe for concurrent use.
type Sealer struct{ Ring *keyring.Ring }

// ErrForm says that a text is not a sealed value.
var ErrForm = errors.New("it is not a sealed value")

// contextOf ties a sealed value to the name that it was sealed for.
func contextOf(name string) []byte { return []byte("longshore secret " + name) }

// Seal answers "<key id>.<base64>" for a value of a name.
func (s Sealer) Seal(name string, value secret.String) (string, error) {
	id, text, err := s.Ring.Seal([]byte(value.Reveal()), contextOf(name))
	if err != nil {
		return "", fmt.Errorf("seal %s: %w", name, err)
	}
	return id + "." + base64.RawURLEncoding.EncodeToString(text), nil
}

// Open answers the value of what Seal made for the same name. Its errors are ErrForm and those of keyring.Ring.Unseal.
func (s Sealer) Open(name, text string) (secret.String, error) {
	id, encoded, ok := strings.Cut(text, ".")
	if !ok {
		return secret.String{}, fmt.Errorf("open %s: %w", name, ErrForm)
	}
	data, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return secret.String{}, fmt.Errorf("open %s: %w", name, ErrForm)
	}
	plain, err := s.Ring.Unseal(id, data, contextOf(name))
	if err != nil {
		return secret.String{}, fmt.Errorf("open %s: %w", name, err)
	}
	return secret.New(string(plain)), nil
}

// Version is the name of a value's version where its source has none: equal for equal values of a name, and of no use to
// who guesses them without the key ring.
func (s Sealer) Version(name string, value secret.String) string {
	mac := s.Ring.MAC(contextOf(name), []byte(value.Reveal()))
	return "h" + hex.EncodeToString(mac[:6])
}
