package memory_test

import (
	"context"
	"errors"
	"testing"

	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/memory"
)

func TestStopping(t *testing.T) {
	says := func(text string, code int) func(context.Context, host.Command) (host.Output, error) {
		return func(context.Context, host.Command) (host.Output, error) {
			var err error
			if code != 0 {
				err = &host.ExitError{Command: "systemctl", Code: code}
			}
			return host.Output{Stdout: []byte(text)}, err
		}
	}
	tests := map[string]struct {
		run  func(context.Context, host.Command) (host.Output, error)
		want bool
	}{
		"running":         {says("running\n", 0), false},
		"degraded":        {says("degraded\n", 1), false},
		"on its way down": {says("stopping\n", 1), true},
		"no systemd":      {says("", 127), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := memory.New("web-1")
			m.OnRun(test.run)
			if err := host.Stopping(t.Context(), m.Host()); errors.Is(err, host.ErrUnreachable) != test.want {
				t.Errorf("%v", err)
			}
		})
	}
	m := memory.New("web-1")
	m.Unreachable(true)
	if err := host.Stopping(t.Context(), m.Host()); !errors.Is(err, host.ErrUnreachable) {
		t.Errorf("a host that is away: %v", err)
	}
}
