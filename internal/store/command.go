package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// commandWithin is how long a program may take.
const commandWithin = 30 * time.Second

// Command is programs that print a value, such as a password manager's client.
type Command struct{}

// Find implements Source. One line break at the end is not part of the value. What the program says on standard error
// stays unseen, and so do its arguments: either may hold what is to be secret.
func (Command) Find(ctx context.Context, s app.Secret) (Found, error) {
	if len(s.Source.Command) == 0 {
		return Found{}, fmt.Errorf("the secret %s: no command is named", s.Name)
	}
	text, err := run(ctx, s.Source.Command)
	if err != nil {
		return Found{}, fmt.Errorf("the secret %s: %w", s.Name, err)
	}
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	return FoundIn(s.Name, "the command "+s.Source.Command[0], text)
}

func run(ctx context.Context, args []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.WaitDelay = time.Second
	var out bounded
	cmd.Stdout = &out
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case out.full: // the program may have died of that
		return "", fmt.Errorf("what the command %s prints: %w", args[0], errTooLarge)
	case err == nil:
		return out.text.String(), nil
	case ctx.Err() != nil:
		return "", fmt.Errorf("the command %s was ended: %w", args[0], context.Cause(ctx))
	case errors.As(err, &exit):
		return "", fmt.Errorf("the command %s failed (%s): run it as the worker's user to see why", args[0], exit.ProcessState)
	}
	return "", fmt.Errorf("the command %s cannot be run: %w", args[0], err)
}

// bounded keeps what is written while it can be a value.
type bounded struct {
	text bytes.Buffer
	full bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.text.Len()+len(p) > maxValue+len("\r\n") {
		b.full = true
		return 0, errTooLarge
	}
	return b.text.Write(p)
}
