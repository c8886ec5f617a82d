// Package hosttest is the contract that every host.Host keeps, as tests. It must not know which implementation it is
// run on; what differs is in World.
package hosttest

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// World is what the contract needs of the host that it is run on. Of the engine's part, Runs and Exits name images that
// the host holds.
type World struct {
	// Engine says that the host has a Docker engine; without it, that part is left out.
	Engine bool
	// Runs stays up, and prints "out" to its standard output and "err" to its standard error.
	Runs app.Container
	// Exits prints "bye" and ends at once with code 3.
	Exits app.Container
	// Program is, in the containers of Runs, a program that does what its first argument says; see ExecCopy.
	Program []string
	// Socket is a Unix socket on the host that echoes what it is sent.
	Socket string
	// NoRoot says that the login cannot become root.
	NoRoot bool
	// Cut breaks the connection to the host once; nil where there is none to break.
	Cut func()
}

// limit bounds each test.
const limit = 2 * time.Minute

// Run runs the contract. open makes a new host each time, all of them of the same machine.
func Run(t *testing.T, open func(t *testing.T) host.Host, world World) {
	t.Run("files", func(t *testing.T) { testFiles(t, open) })
	t.Run("put", func(t *testing.T) { testPut(t, open, world) })
	t.Run("locks", func(t *testing.T) { testLocks(t, open) })
	t.Run("state", func(t *testing.T) { testState(t, open, world) })
	t.Run("commands", func(t *testing.T) { testCommands(t, open, world) })
	t.Run("dial", func(t *testing.T) { testDial(t, open, world) })
	t.Run("close", func(t *testing.T) { testClose(t, open, world) })
	if world.Engine {
		t.Run("images", func(t *testing.T) { testImages(t, open, world) })
		t.Run("containers", func(t *testing.T) { testContainers(t, open, world) })
		t.Run("networks", func(t *testing.T) { testNetworks(t, open, world) })
		t.Run("volumes", func(t *testing.T) { testVolumes(t, open, world) })
	}
	if world.Cut != nil {
		t.Run("cut", func(t *testing.T) { testCut(t, open, world) })
	}
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// unique names a thing of one test.
func unique(word string) string { return "hosttest-" + word + "-" + strings.ToLower(rand.Text()[:8]) }

// cleanup undoes something after the test, when its own context has ended.
func cleanup(t *testing.T, undo func(ctx context.Context) error) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		if err := undo(ctx); err != nil {
			t.Errorf("clean up: %v", err)
		}
	})
}

// eventually polls until check answers true.
func eventually(ctx context.Context, t *testing.T, what string, check func() bool) {
	t.Helper()
	for !check() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
