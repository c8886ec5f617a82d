// Package typed gets a secret's value from a person or a pipe. A value never comes as an argument, which the process
// table shows to everybody. It must not know what the value is for.
package typed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/longshore-dev/longshore/internal/secret"
)

// MaxBytes is how large a value may be, as the file store has it.
const MaxBytes = 64 << 10

// ErrEmpty says that nothing was given.
var ErrEmpty = errors.New("the value is empty")

// errDiffer says that a value was typed in two ways.
var errDiffer = errors.New("the two values differ: nothing was done")

// Value reads the value of what name names. On a terminal it is typed twice, unseen, after prompts on out. Elsewhere it is
// all of the input, but for one line break at its end.
func Value(ctx context.Context, in io.Reader, out io.Writer, name string) (secret.String, error) {
	terminal, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return All(in)
	}
	first, err := hidden(ctx, terminal, out, "value of "+name+" (it is not shown): ")
	if err == nil && first == "" {
		err = ErrEmpty
	}
	if err != nil {
		return secret.String{}, err
	}
	second, err := hidden(ctx, terminal, out, "once more: ")
	if err == nil && first != second {
		err = errDiffer
	}
	return secret.New(first), err
}

// All reads a value that is all of the input, but for one line break at its end.
func All(in io.Reader) (secret.String, error) {
	data, err := io.ReadAll(io.LimitReader(in, MaxBytes+2))
	if err != nil {
		return secret.String{}, fmt.Errorf("read the value from standard input: %w", err)
	}
	text := cutBreak(string(data))
	switch {
	case len(text) > MaxBytes:
		return secret.String{}, fmt.Errorf("the value is larger than %d bytes", MaxBytes)
	case text == "":
		return secret.String{}, ErrEmpty
	}
	return secret.New(text), nil
}

// cutBreak is a text without the one line break at its end.
func cutBreak(text string) string {
	if cut, ok := strings.CutSuffix(text, "\r\n"); ok {
		return cut
	}
	return strings.TrimSuffix(text, "\n")
}

// hidden reads a line that the terminal does not show. Where ctx ends first, the terminal is as it was before.
func hidden(ctx context.Context, terminal *os.File, out io.Writer, prompt string) (string, error) {
	fd := int(terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("ask on the terminal: %w", err)
	}
	if _, err := io.WriteString(out, prompt); err != nil {
		return "", fmt.Errorf("ask on the terminal: %w", err)
	}
	type answer struct {
		text []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		answers <- answer{text, err}
	}()
	defer func() { _, _ = io.WriteString(out, "\n") }() // the one that was typed is not shown either
	select {
	case a := <-answers:
		if a.err != nil {
			return "", fmt.Errorf("read from the terminal: %w", a.err)
		}
		return string(a.text), nil
	case <-ctx.Done():
		return "", errors.Join(ctx.Err(), term.Restore(fd, before))
	}
}
