package masking

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

const value = "hunter2"

// known masks one value.
type known struct{}

func (known) Mask(text string) string { return strings.ReplaceAll(text, value, "***") }

func TestFailuresAreMasked(t *testing.T) {
	failure := app.Failure{
		Kind: app.KindExited, Host: "web-1", Service: "web", Message: "said hunter2", Exited: true, ExitCode: 3,
		Logs: []string{"one", "password=hunter2"}, Advice: "drop hunter2", Left: []string{"web-1: hunter2"},
	}
	want := failure
	want.Message, want.Advice = "said ***", "drop ***"
	want.Logs, want.Left = []string{"one", "password=***"}, []string{"web-1: ***"}
	cause := fmt.Errorf("run hunter2: %w", context.DeadlineExceeded)
	for name, given := range map[string]error{
		"the error itself":  activities.Fail(failure, cause),
		"around it":         fmt.Errorf("start hunter2: %w", activities.Fail(failure, cause)),
		"one of several":    errors.Join(errors.New("hunter2"), activities.Fail(failure, cause)),
		"only in its lines": activities.Fail(app.Failure{Kind: want.Kind, Host: "web-1", Service: "web", Message: want.Message, Exited: true, ExitCode: 3, Logs: failure.Logs, Advice: want.Advice, Left: want.Left}, cause),
	} {
		t.Run(name, func(t *testing.T) {
			got := Error(known{}, given)
			if f := activities.FailureOf(got); !reflect.DeepEqual(f, want) {
				t.Errorf("%+v", f)
			}
			for err := got; err != nil; err = errors.Unwrap(err) {
				if strings.Contains(err.Error(), value) {
					t.Errorf("%q shows the value", err)
				}
			}
			if !errors.Is(got, context.DeadlineExceeded) {
				t.Errorf("%v has lost its cause", got)
			}
			var application *temporal.ApplicationError
			if !errors.As(got, &application) || application.Type() != app.KindExited || !application.NonRetryable() {
				t.Errorf("%v has lost its class", got)
			}
			if strings.Contains(failure.Logs[1], "***") {
				t.Error("the failure that was given has changed")
			}
		})
	}
}

func TestTheWayOfRetryIsKept(t *testing.T) {
	given := temporal.NewApplicationErrorWithOptions("hunter2", "type", temporal.ApplicationErrorOptions{
		NextRetryDelay: time.Minute, Category: temporal.ApplicationErrorCategoryBenign, Details: []any{"kept"},
	})
	got := Error(known{}, given).(*temporal.ApplicationError)
	var detail string
	if got.Message() != "***" || got.NonRetryable() || got.NextRetryDelay() != time.Minute || got.Category() != temporal.ApplicationErrorCategoryBenign {
		t.Errorf("%+v", got)
	}
	if err := got.Details(&detail); err != nil || detail != "kept" {
		t.Errorf("%q, %v", detail, err)
	}
	if got := Error(known{}, temporal.NewApplicationError("plain", "type", "shows hunter2")).(*temporal.ApplicationError); got.HasDetails() {
		t.Error("details that show the value are left")
	}
}

func TestWhatShowsNothingStaysAsItIs(t *testing.T) {
	path := &fs.PathError{Op: "open", Path: "/x", Err: fs.ErrNotExist}
	for _, err := range []error{
		nil, context.Canceled, path, fmt.Errorf("x: %w", path), errors.Join(path, context.Canceled), temporal.NewCanceledError(),
		activities.Fail(app.Failure{Kind: app.KindExited, Message: "ended", Logs: []string{"x"}}, path),
	} {
		if got := Error(known{}, err); !reflect.DeepEqual(got, err) {
			t.Errorf("%#v became %#v", err, got)
		}
	}
	var found *fs.PathError
	if err := Error(known{}, fmt.Errorf("hunter2: %w", path)); !errors.As(err, &found) || found != path || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%#v", err)
	}
	if err := Error(known{}, &fs.PathError{Op: "open", Path: value, Err: fs.ErrNotExist}); !errors.Is(err, fs.ErrNotExist) || strings.Contains(fmt.Sprintf("%+v %#v", err, errors.Unwrap(err)), value) {
		t.Errorf("%#v", err)
	}
	if err := Error(known{}, errors.New(value)); err.Error() != "***" || errors.Unwrap(err) != nil {
		t.Errorf("%#v", err)
	}
}
