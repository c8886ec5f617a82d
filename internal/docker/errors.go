package docker

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"

	cerrdefs "github.com/containerd/errdefs"

	"github.com/longshore-dev/longshore/internal/host"
)

// dialError is a failed dial on its way through the Docker client. It has no Unwrap: a socket that is not found must not
// pass for a container that is not found.
type dialError struct{ err error }

// Error avoids the phrases by which the Docker client knows a failed dial: it replaces such an error by one of its own
// and loses the cause.
func (e *dialError) Error() string {
	return strings.NewReplacer("connection refused", "refused", "dial unix", "dial").Replace(e.err.Error())
}

func (e *dialError) Is(target error) bool {
	return target != host.ErrNotFound && errors.Is(e.err, target)
}
func (e *dialError) As(target any) bool { return errors.As(e.err, target) }

// Error is an engine call that failed. errors.Is finds the kinds of package host in it.
type Error struct {
	Host string
	Op   string // what was tried: "create container shop-web-1"
	kind error  // nil where callers have nothing to tell apart
	err  error
}

func (e *Error) Error() string {
	text := "host " + e.Host + ": " + e.Op + ": "
	if dial := (*dialError)(nil); errors.As(e.err, &dial) {
		text += dial.err.Error()
	} else {
		text += strings.TrimPrefix(e.err.Error(), "Error response from daemon: ")
	}
	if e.kind != nil && !e.engineSays() {
		text += " (" + e.kind.Error() + ")"
	}
	return text
}

// engineSays says whether the engine's own words already tell what went wrong.
func (e *Error) engineSays() bool {
	switch e.kind {
	case host.ErrNotFound, host.ErrConflict, host.ErrPortTaken, host.ErrAddressTaken, host.ErrDiskFull, host.ErrInvalid, host.ErrDenied:
		return true
	}
	return errors.Is(e.err, e.kind)
}

func (e *Error) Unwrap() []error {
	if e.kind == nil {
		return []error{e.err}
	}
	return []error{e.kind, e.err}
}

// invalid is a request that we refuse before the engine sees it.
type invalid struct{ error }

// InvalidParameter is how errors of the Docker client say so.
func (invalid) InvalidParameter() {}

// fail classifies an error of the engine or of the way to it. It answers nil for nil.
func (e *Engine) fail(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	if speaksOtherVersion(err) {
		e.forget()
	}
	if errors.Is(err, context.DeadlineExceeded) && errors.Is(context.Cause(ctx), errNoAnswer) {
		err = errNoAnswer
	}
	return &Error{Host: e.name, Op: op, kind: kind(ctx, err), err: err}
}

// failMaking is fail for a call that makes or names something: there a conflict means that it is there already.
func (e *Engine) failMaking(ctx context.Context, op string, err error) error {
	failed := e.fail(ctx, op, err)
	if typed := (*Error)(nil); errors.As(failed, &typed) && typed.kind == nil && isConflict(err) {
		typed.kind = host.ErrConflict
	}
	return failed
}

// isConflict knows that a second endpoint is forbidden, where a second of anything else is a conflict.
func isConflict(err error) bool {
	return cerrdefs.IsConflict(err) ||
		cerrdefs.IsPermissionDenied(err) && strings.Contains(err.Error(), "already exists in network")
}

func kind(ctx context.Context, err error) error {
	text := err.Error()
	switch {
	case errors.Is(err, errNoAnswer):
		return host.ErrUnreachable
	case ctx.Err() != nil:
		return nil
	case errors.Is(err, errNotDocker):
		return host.ErrNoDocker
	case strings.Contains(text, "no space left on device"), strings.Contains(text, "disk quota exceeded"):
		return host.ErrDiskFull
	case strings.Contains(text, "port is already allocated"), strings.Contains(text, "bind: address already in use"),
		strings.Contains(text, "failed to bind host port") && strings.Contains(text, "address already in use"):
		return host.ErrPortTaken
	// The engine writes of an IP address with a capital letter, where the kernel writes of a port with a small one.
	case strings.Contains(text, "Address already in use"), strings.Contains(text, "Pool overlaps with other one"):
		return host.ErrAddressTaken
	case cerrdefs.IsNotFound(err):
		return host.ErrNotFound
	case cerrdefs.IsInvalidArgument(err) && !speaksOtherVersion(err):
		return host.ErrInvalid
	}
	return connectionKind(err)
}

// connectionKind classifies an error of the way to the engine; nil where the engine answered.
func connectionKind(err error) error {
	for _, known := range []error{host.ErrSettings, host.ErrRights, host.ErrRefused, host.ErrHostKey, host.ErrNoDocker, host.ErrUnreachable} {
		if errors.Is(err, known) {
			return known
		}
	}
	for _, code := range []error{syscall.ECONNREFUSED, syscall.ENOENT, syscall.EACCES, syscall.EPERM} {
		if errors.Is(err, code) {
			return host.ErrNoDocker
		}
	}
	if dial := (*dialError)(nil); errors.As(err, &dial) {
		return host.ErrUnreachable
	}
	for _, broken := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, broken) {
			return host.ErrUnreachable
		}
	}
	return nil
}

// speaksOtherVersion recognizes an engine that was upgraded, or downgraded, since the version was agreed on.
func speaksOtherVersion(err error) bool {
	text := err.Error()
	return strings.Contains(text, "client version") &&
		(strings.Contains(text, "is too old") || strings.Contains(text, "is too new"))
}
