package transfer

import (
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// A worker without room is no host without room, and is not tried again and again.
func TestABundleThatCannotBeMade(t *testing.T) {
	u := upload{shipment: &shipment{in: activities.TransferInput{
		Target: activities.Target{Host: app.Host{Name: "web-1"}}, Service: "web",
	}}}
	full := u.making(fmt.Errorf("write new-1.tmp: %w", syscall.ENOSPC))
	if f := activities.FailureOf(full); f.Kind != app.KindDisk || !strings.Contains(f.Message, "the worker's own disk") || f.Advice == "" {
		t.Errorf("the failure is %+v", f)
	}
	if f := activities.FailureOf(u.making(io.ErrUnexpectedEOF)); f.Kind == app.KindDisk || !strings.Contains(f.Message, "web-1") {
		t.Errorf("the failure is %+v", f)
	}
}
