// Package exit decides how the program ends: which exit code stands for which outcome or error. It is the only place
// that knows the numbers, and must not know how anything is printed.
package exit

import (
	"context"
	"errors"

	"github.com/longshore-dev/longshore/internal/app"
)

// Code is a process's exit code.
type Code int

// The exit codes. They are part of the CLI's interface, for scripts.
const (
	OK          Code = 0   // done, nothing to do, or done but for hosts that may be left behind
	Failure     Code = 1   // an error that is none of the others
	Usage       Code = 2   // wrong arguments or an invalid file: nothing was tried
	Clean       Code = 3   // the run failed and left nothing behind, or was cancelled
	Dirty       Code = 4   // the run failed and left something behind
	Refused     Code = 5   // frozen, rejected, superseded or denied: nothing was tried
	Interrupted Code = 130 // Ctrl-C; what runs on the engine goes on
)

// ForOutcome is the code of a run that has ended.
func ForOutcome(o app.Outcome) Code {
	switch o {
	case app.Succeeded, app.Unchanged, app.Partial:
		return OK
	case app.FailedClean, app.Cancelled:
		return Clean
	case app.FailedDirty:
		return Dirty
	case app.Refused, app.Superseded:
		return Refused
	}
	return Failure
}

// Error is an error that ends the program with a code of its own.
type Error struct {
	Code Code
	// Err is what to print; nil where all has been said.
	Err error
}

func (e *Error) Error() string {
	if e.Err == nil {
		return "the run did not succeed"
	}
	return e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// With gives an error a code; a nil error stays nil.
func With(code Code, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Code: code, Err: err}
}

// Quiet ends the program with a code and no further word; OK is nil.
func Quiet(code Code) error {
	if code == OK {
		return nil
	}
	return &Error{Code: code}
}

// Of is the code for what a command returned.
func Of(err error) Code {
	if err == nil {
		return OK
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	if errors.Is(err, context.Canceled) {
		return Interrupted
	}
	return Failure
}

// Message is what is left to print of an error; empty where all has been said.
func Message(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Err == nil {
		return ""
	}
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	return err.Error()
}
