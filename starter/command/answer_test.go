package command

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestAnswer(t *testing.T) {
	if line, err := answer(t.Context(), strings.NewReader(" yes \nmore")); line != "yes" || err != nil {
		t.Errorf("got %q, %v", line, err)
	}
	if _, err := answer(t.Context(), strings.NewReader("yes")); !errors.Is(err, io.EOF) {
		t.Errorf("an input that ends: %v", err)
	}
	in, out := io.Pipe()
	defer func() { _ = out.Close() }()
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	if _, err := answer(ctx, in); !errors.Is(err, context.Canceled) {
		t.Errorf("Ctrl-C: %v", err)
	}
}
