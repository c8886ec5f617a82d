package proxy

import (
	"context"
	"net"
	"path/filepath"
	"testing"

	"github.com/longshore-dev/longshore/internal/edge"
	"github.com/longshore-dev/longshore/internal/edge/edgetest"
)

func TestEdgeKeepsTheContract(t *testing.T) {
	e := start(t, t.TempDir())
	edgetest.Contract(t, func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(e.dir, edge.Socket))
	}, backend(t, named("web")))
}
