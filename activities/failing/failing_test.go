package failing_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
	"github.com/longshore-dev/longshore/internal/host"
)

var at = app.Host{Name: "web-1"}

func TestClasses(t *testing.T) {
	for _, c := range []struct {
		err       error
		kind      string
		permanent bool
	}{
		{host.ErrHostKey, app.KindHostKey, true},
		{host.ErrRefused, app.KindRefused, true},
		{host.ErrSecret, app.KindSecret, true},
		{host.ErrRights, app.KindRefused, true},
		{host.ErrUnreachable, app.KindUnreachable, false},
		{host.ErrNoDocker, app.KindNoDocker, false},
		{host.ErrPortTaken, app.KindPort, true},
		{host.ErrDiskFull, app.KindDisk, true},
		{host.ErrInvalid, app.KindSpec, true},
		{host.ErrSettings, app.KindSpec, true},
		{edge.ErrInvalid, app.KindSpec, true},
		{edge.ErrFenced, app.KindFenced, true},
		{&edge.ConflictError{Host: "a.example.com", Path: "/", Owner: "default/blog/production"}, app.KindRoute, true},
		{edge.ErrSuperseded, app.KindInternal, false},
		{host.ErrNotFound, app.KindInternal, false},
		{context.DeadlineExceeded, app.KindInternal, false},
		{errors.New("anything"), app.KindInternal, false},
	} {
		err := failing.On(at, fmt.Errorf("do something: %w", c.err))
		f := activities.FailureOf(err)
		var classed *temporal.ApplicationError
		if !errors.As(err, &classed) {
			t.Errorf("%v is no error of the contract", err)
			continue
		}
		if f.Kind != c.kind || classed.Type() != c.kind || classed.NonRetryable() != c.permanent || f.Host != "web-1" {
			t.Errorf("%v: %+v, permanent %v", c.err, f, classed.NonRetryable())
		}
		if c.kind != app.KindInternal && c.kind != app.KindSpec && f.Advice == "" {
			t.Errorf("%v: no advice", c.err)
		}
	}
}

func TestWhatIsClassedStaysSo(t *testing.T) {
	if err := failing.On(at, nil); err != nil {
		t.Error(err)
	}
	if err := failing.On(at, fmt.Errorf("wait: %w", context.Canceled)); !errors.Is(err, context.Canceled) || activities.FailureOf(err).Kind != app.KindInternal {
		t.Errorf("a cancellation became %v", err)
	}
	first := failing.With(app.Failure{Kind: app.KindExited, Host: "web-2", Message: "ended"}, nil)
	// The engine looks at the outermost type alone: an error around it would be retried.
	outer := failing.On(at, fmt.Errorf("start web: %w", first))
	if _, ok := outer.(*temporal.ApplicationError); !ok || activities.FailureOf(outer).Host != "web-2" {
		t.Errorf("%T: %v", outer, outer)
	}
}
