package exit

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
)

func TestOutcomes(t *testing.T) {
	want := map[app.Outcome]Code{
		app.Succeeded: 0, app.Unchanged: 0, app.FailedClean: 3, app.Cancelled: 3, app.FailedDirty: 4, app.Refused: 5, "": 1,
		app.Partial: 0, app.Superseded: 5,
	}
	for outcome, code := range want {
		if got := ForOutcome(outcome); got != code {
			t.Errorf("%q ends with %d, want %d", outcome, got, code)
		}
	}
}

func TestErrors(t *testing.T) {
	plain := errors.New("no")
	tests := map[string]struct {
		err     error
		code    Code
		message string
	}{
		"no error":     {nil, OK, ""},
		"plain":        {plain, Failure, "no"},
		"with a code":  {fmt.Errorf("wrapped: %w", With(Usage, plain)), Usage, "wrapped: no"},
		"quiet":        {Quiet(Clean), Clean, ""},
		"quiet and OK": {Quiet(OK), OK, ""},
		"coded nil":    {With(Usage, nil), OK, ""},
		"interrupted":  {fmt.Errorf("ask: %w", context.Canceled), Interrupted, "interrupted"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Of(test.err); got != test.code {
				t.Errorf("code %d, want %d", got, test.code)
			}
			if test.err != nil && Message(test.err) != test.message {
				t.Errorf("message %q, want %q", Message(test.err), test.message)
			}
		})
	}
}
