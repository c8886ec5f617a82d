package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
)

const (
	// commandWithin is how long a program may take to tell a password.
	commandWithin = 30 * time.Second
	// maxPassword bounds a password, in bytes: tokens are long, and a file may be the wrong one.
	maxPassword = 64 << 10
)

// placeOf names the place of a password for a person. Of a command it is the program alone: arguments may be secret.
func placeOf(r app.Registry) string {
	switch {
	case r.PasswordEnv != "":
		return "the variable " + r.PasswordEnv
	case r.PasswordFile != "":
		return "the file " + r.PasswordFile
	case len(r.PasswordCommand) > 0:
		return "the command " + r.PasswordCommand[0]
	case r.PasswordSecret != "":
		return "the secret " + r.PasswordSecret
	}
	return "nowhere"
}

func passwordOf(ctx context.Context, r app.Registry, open Open) (secret.String, error) {
	text, err := readPassword(ctx, r, open)
	if err != nil {
		return secret.String{}, err
	}
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	switch {
	case text == "":
		return secret.String{}, errors.New(placeOf(r) + " is empty")
	case len(text) > maxPassword:
		return secret.String{}, fmt.Errorf("%s holds more than %d bytes", placeOf(r), maxPassword)
	}
	return secret.New(text), nil
}

func readPassword(ctx context.Context, r app.Registry, open Open) (string, error) {
	switch {
	case r.PasswordEnv != "":
		text, ok := os.LookupEnv(r.PasswordEnv)
		if !ok {
			return "", fmt.Errorf("the variable %s is not set for the worker", r.PasswordEnv)
		}
		return text, nil
	case r.PasswordFile != "":
		text, err := os.ReadFile(r.PasswordFile)
		if errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("the file %s is not on the worker's machine", r.PasswordFile)
		}
		return string(text), err
	case len(r.PasswordCommand) > 0:
		return runCommand(ctx, r.PasswordCommand)
	case r.PasswordSecret != "":
		value, err := open(r.PasswordSecret, r.PasswordSealed)
		return value.Reveal(), err
	}
	return "", errors.New("no place is named")
}

// runCommand answers what a command prints. What it says of a failure stays unseen: it may hold what was to be secret.
func runCommand(ctx context.Context, args []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout = &out
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return out.String(), nil
	case ctx.Err() != nil:
		return "", fmt.Errorf("the command %s was ended: %w", args[0], context.Cause(ctx))
	case errors.As(err, &exit):
		return "", fmt.Errorf("the command %s failed (%s): run it as the worker's user to see why", args[0], exit.ProcessState)
	}
	return "", fmt.Errorf("the command %s cannot be run: %w", args[0], err)
}
