package hosts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// docker runs the Docker client against the local engine and returns what it printed to standard output.
func docker(ctx context.Context, stdin io.Reader, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "docker", args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	err := cmd.Run()
	if err == nil {
		return strings.TrimSpace(stdout.String()), nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	said := strings.TrimSpace(stderr.String())
	if said == "" {
		said = strings.TrimSpace(stdout.String())
	}
	return strings.TrimSpace(stdout.String()), &commandError{what: "docker " + args[0], said: said, err: err}
}

// commandError is a client that ran and failed, with what it said.
type commandError struct {
	what string
	said string
	err  error
}

func (e *commandError) Error() string {
	if e.said == "" {
		return fmt.Sprintf("%s: %v", e.what, e.err)
	}
	return fmt.Sprintf("%s: %v: %s", e.what, e.err, e.said)
}

func (e *commandError) Unwrap() error { return e.err }

// said is what a failed client printed; empty where err is none.
func said(err error) string {
	var failed *commandError
	if errors.As(err, &failed) {
		return failed.said
	}
	return ""
}
