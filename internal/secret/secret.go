// Package secret holds values that must not be seen: whatever prints, logs or encodes one gets three stars. It must not
// know what the values are for.
package secret

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// shown stands for every value.
const shown = "***"

// String is a text that only Reveal shows. The zero value is empty. It may be copied and used concurrently.
type String struct {
	// A pointer, since fmt prints the fields of what holds a String without asking its methods where they are not exported:
	// all that it finds is an address.
	value *string
}

// New keeps a text.
func New(text string) String { return String{&text} }

// Reveal is the text itself: for the call that sends it where it belongs, and nothing else.
func (s String) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Empty says whether there is no text.
func (s String) Empty() bool { return s.Reveal() == "" }

// Mask replaces the secret wherever it is in text.
func (s String) Mask(text string) string {
	if s.Empty() {
		return text
	}
	return strings.ReplaceAll(text, s.Reveal(), shown)
}

// String implements fmt.Stringer, which zap asks as well.
func (s String) String() string { return shown }

// Format implements fmt.Formatter for every verb.
func (s String) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, shown) }

// MarshalText implements encoding.TextMarshaler, which JSON and YAML ask, for keys as well.
func (s String) MarshalText() ([]byte, error) { return []byte(shown), nil }

// LogValue implements slog.LogValuer.
func (s String) LogValue() slog.Value { return slog.StringValue(shown) }
