// Package reader asks hosts through longshore-worker, as a child process: the CLI itself cannot reach a host, and the
// child needs neither the engine nor a running worker. It must not know what the answers mean.
package reader

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/longshore-dev/longshore/activities/inspect"
)

// grace is how long the child may take to end once it is asked to.
const grace = 3 * time.Second

// maxComplaint bounds what is kept of the child's standard error, in bytes.
const maxComplaint = 8 << 10

// Reader runs the worker's program.
type Reader struct {
	Program string // path of longshore-worker
}

// Each asks and calls got with the answer of each host, as they come.
func Each[T any](ctx context.Context, r Reader, request inspect.Request, got func(T) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	read, write := io.Pipe()
	failed := make(chan error, 1)
	go func() {
		err := decodeEach(read, got)
		if err != nil {
			cancel()
		}
		_ = read.CloseWithError(err)
		failed <- err
	}()
	err := r.run(ctx, request, write)
	_ = write.Close()
	if decoding := <-failed; decoding != nil {
		return decoding
	}
	return err
}

func decodeEach[T any](from io.Reader, got func(T) error) error {
	decoder := json.NewDecoder(from)
	for {
		var answer T
		err := decoder.Decode(&answer)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the answer of longshore-worker: %w (are both programs of the same version?)", err)
		}
		if err := got(answer); err != nil {
			return err
		}
	}
}

// Stream asks and copies the raw answer to w.
func (r Reader) Stream(ctx context.Context, request inspect.Request, w io.Writer) error {
	return r.run(ctx, request, w)
}

func (r Reader) run(ctx context.Context, request inspect.Request, w io.Writer) error {
	input, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("ask longshore-worker: %w", err)
	}
	complaint := &tail{max: maxComplaint}
	cmd := exec.CommandContext(ctx, r.Program, "read", string(request.Op))
	cmd.Env = os.Environ()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), w, complaint
	// A terminal's Ctrl-C reaches this process alone, which then asks the child to end.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = grace
	err = cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		return nil
	}
	if text := strings.TrimSpace(complaint.String()); text != "" {
		return errors.New(text)
	}
	return fmt.Errorf("run %s: %w", r.Program, err)
}

// tail keeps the end of what is written to it.
type tail struct {
	max  int
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if extra := len(t.text) - t.max; extra > 0 {
		t.text = t.text[extra:]
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.text) }
