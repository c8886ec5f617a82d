package queue

import (
	"errors"
	"testing"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
)

func TestExplain(t *testing.T) {
	other := errors.New("another error")
	for name, test := range map[string]struct{ err, want error }{
		"the engine gives up before the deadline": {client.NewWorkflowUpdateServiceTimeoutOrCanceledError(errors.New("stream ended")), ErrNoWorker},
		"the site is not known":                   {serviceerror.NewNotFound("no workflow"), ErrNone},
		"another":                                 {other, other},
	} {
		if err := (Queue{}).explain(t.Context(), t.Context(), test.err); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
