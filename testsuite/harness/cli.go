package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Output is what a run of the CLI gave.
type Output struct {
	Code   int
	Stdout string
	Stderr string
	Took   time.Duration
}

func (o Output) String() string {
	return fmt.Sprintf("exit code %d after %s\nstdout:\n%s\nstderr:\n%s", o.Code, o.Took.Round(time.Millisecond), o.Stdout, o.Stderr)
}

// Result decodes the last line of standard output, which with -o json is the result, into v.
func (o Output) Result(v any) error {
	lines := strings.Split(strings.TrimSpace(o.Stdout), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), v); err != nil {
		return fmt.Errorf("read the result: %w in\n%s", err, o)
	}
	return nil
}

// Command is a run of the CLI that may still be under way.
type Command struct {
	cmd    *exec.Cmd
	stdout safeBuffer
	stderr safeBuffer
	began  time.Time
	took   time.Duration
	ended  chan struct{}
}

// Start runs longshore in a folder without waiting for it. It is killed at the test's end.
func (w *World) Start(dir string, args ...string) *Command {
	w.t.Helper()
	return w.start(dir, nil, args)
}

func (w *World) start(dir string, stdin io.Reader, args []string) *Command {
	w.t.Helper()
	c := &Command{cmd: exec.Command(filepath.Join(w.bin, "longshore"), args...), began: time.Now(), ended: make(chan struct{})}
	c.cmd.Dir, c.cmd.Env, c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = dir, w.env, stdin, &c.stdout, &c.stderr
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	// What it leaves in the background keeps its streams open.
	c.cmd.WaitDelay = time.Second
	if err := c.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() {
		defer close(c.ended)
		_ = c.cmd.Wait() // how it ended is in ProcessState
		c.took = time.Since(c.began)
	}()
	w.t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		<-c.ended
		if w.t.Failed() {
			w.t.Logf("longshore %s: %s", strings.Join(args, " "), c.output())
		}
	})
	return c
}

// Run runs longshore in a folder and waits for it, at most until ctx ends.
func (w *World) Run(ctx context.Context, dir string, args ...string) Output {
	w.t.Helper()
	return w.Feed(ctx, dir, "", args...)
}

// Feed is Run with a standard input.
func (w *World) Feed(ctx context.Context, dir, input string, args ...string) Output {
	w.t.Helper()
	out, err := w.start(dir, strings.NewReader(input), args).Wait(ctx)
	if err != nil {
		w.t.Fatalf("longshore %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// Wait waits until it has ended. When ctx ends sooner it is killed, and the error says so.
func (c *Command) Wait(ctx context.Context) (Output, error) {
	select {
	case <-c.ended:
		return c.output(), nil
	case <-ctx.Done():
		_ = c.cmd.Process.Kill()
		<-c.ended
		return c.output(), fmt.Errorf("it did not end in time: %w", ctx.Err())
	}
}

// Interrupt is Ctrl-C.
func (c *Command) Interrupt() error { return c.cmd.Process.Signal(syscall.SIGINT) }

// Stdout is what it has printed so far.
func (c *Command) Stdout() string { return c.stdout.String() }

// Stderr is what it has printed to standard error so far.
func (c *Command) Stderr() string { return c.stderr.String() }

// output is for a command that has ended.
func (c *Command) output() Output {
	return Output{Code: c.cmd.ProcessState.ExitCode(), Stdout: c.Stdout(), Stderr: c.Stderr(), Took: c.took}
}

// Up runs `longshore up -d` and, at the test's end, `longshore down`: the engine and the worker as users have them.
func (w *World) Up(ctx context.Context) {
	w.t.Helper()
	w.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if out := w.Run(ctx, w.Home, "down"); out.Code != 0 {
			w.t.Errorf("longshore down: %s", out)
		}
	})
	if out := w.Run(ctx, w.Home, "up", "-d"); out.Code != 0 {
		w.t.Fatalf("longshore up: %s", out)
	}
}

// safeBuffer is a bytes.Buffer for a writer and readers at once.
type safeBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
