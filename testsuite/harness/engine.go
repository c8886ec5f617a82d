package harness

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/activities/engine"
)

// Engine is Temporal's dev server with its data in the world's state folder, so that a restart loses nothing.
type Engine struct {
	*Process
	// Address is where clients dial.
	Address string
	// UI is the web UI's base URL.
	UI string

	world *World
}

// StartEngine starts an engine, waits until it answers, and makes it the one of the world's workers and CLI: they find
// it by the state folder, as they find the one that `longshore up` starts.
func (w *World) StartEngine() *Engine {
	w.t.Helper()
	ports := w.freePorts(5)
	e := &Engine{
		Address: fmt.Sprintf("127.0.0.1:%d", ports[0]),
		UI:      fmt.Sprintf("http://127.0.0.1:%d", ports[1]),
		world:   w,
	}
	endpoints := engine.Endpoints{Engine: e.Address, UI: e.UI, Codec: fmt.Sprintf("http://127.0.0.1:%d", ports[2])}
	if err := endpoints.Write(w.State); err != nil {
		w.t.Fatal(err)
	}
	args := append([]string{
		"server", "start-dev",
		"--db-filename", filepath.Join(w.State, "engine.db"), "--sqlite-pragma", "journal_mode=wal",
		"--ip", "127.0.0.1", "--port", strconv.Itoa(ports[0]), "--ui-port", strconv.Itoa(ports[1]),
		"--http-port", strconv.Itoa(ports[3]), "--metrics-port", strconv.Itoa(ports[4]),
		"--ui-codec-endpoint", endpoints.Codec, "--log-level", "warn",
	}, engine.DevServer()...)
	e.Process = w.process("engine", filepath.Join(w.bin, "temporal"), w.env, args...)
	e.WaitReady()
	return e
}

// Restart kills the engine where it runs, starts it again and waits until it answers.
func (e *Engine) Restart() {
	e.t.Helper()
	e.Process.Restart()
	e.WaitReady()
}

// WaitReady waits until the engine answers and knows Longshore's search attributes. One that ends by itself is started
// again, as `longshore up` does: it picks ports for its own parts, and another program may be faster to take one.
func (e *Engine) WaitReady() {
	e.t.Helper()
	Eventually(e.t, time.Minute, func() error {
		if !e.Alive() {
			said := e.Tail(20)
			return errors.Join(fmt.Errorf("the engine ended: %s", said), e.start())
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		c, err := e.world.dial(ctx)
		if err != nil {
			return err
		}
		defer c.Close()
		_, err = engine.Prepare(ctx, c, client.DefaultNamespace)
		return err
	})
}

func (w *World) dial(ctx context.Context) (client.Client, error) {
	return engine.Dial(ctx, engine.Settings{State: w.State, Embedded: true})
}

// Client is a client of the world's engine that reads encrypted payloads. It is closed at the test's end.
func (w *World) Client() client.Client {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second)
	defer cancel()
	c, err := w.dial(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(c.Close)
	return c
}

// freePorts picks ports below those that the kernel gives to outgoing connections: nothing takes one while the engine
// restarts.
func (w *World) freePorts(n int) []int {
	w.t.Helper()
	var ports []int
	// Tests that run at once look at different places.
	for _, offset := range rand.Perm(8000) {
		port := 12000 + offset
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		listener.Close()
		if ports = append(ports, port); len(ports) == n {
			return ports
		}
	}
	w.t.Fatal("no free ports between 12000 and 20000")
	return nil
}

// StartWorker starts a worker on the world's engine. Names tell workers and their logs apart.
func (w *World) StartWorker(name string) *Process {
	w.t.Helper()
	for _, r := range name {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-", r) {
			w.t.Fatalf("%q is no name for a worker", name)
		}
	}
	return w.process(name, filepath.Join(w.bin, "longshore-worker"), w.env)
}
