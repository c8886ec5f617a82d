package typed

import (
	"errors"
	"strings"
	"testing"
)

func TestValueOfAPipe(t *testing.T) {
	for text, want := range map[string]string{
		"s3cret":            "s3cret",
		"s3cret\n":          "s3cret",
		"s3cret\r\n":        "s3cret",
		"s3cret\n\n":        "s3cret\n",
		"two\nlines\n":      "two\nlines",
		" spaces stay \n":   " spaces stay ",
		"\n\n":              "\n",
		"tabs\tand \x00 go": "tabs\tand \x00 go",
	} {
		got, err := Value(t.Context(), strings.NewReader(text), nil, "A")
		if err != nil || got.Reveal() != want {
			t.Errorf("%q: got %q, %v, want %q", text, got.Reveal(), err, want)
		}
	}
	for _, text := range []string{"", "\n", "\r\n"} {
		if _, err := Value(t.Context(), strings.NewReader(text), nil, "A"); !errors.Is(err, ErrEmpty) {
			t.Errorf("%q: got %v, want ErrEmpty", text, err)
		}
	}
}

func TestValueIsBounded(t *testing.T) {
	if _, err := All(strings.NewReader(strings.Repeat("x", MaxBytes) + "\n")); err != nil {
		t.Errorf("the largest value is refused: %v", err)
	}
	if _, err := All(strings.NewReader(strings.Repeat("x", MaxBytes+1))); err == nil {
		t.Error("a value that is too large is taken")
	}
}
