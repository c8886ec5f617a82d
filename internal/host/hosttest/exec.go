package hosttest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/host"
)

// The words that World.Program knows as its first argument.
const (
	ExecCopy  = "copy"  // its input goes to its output
	ExecFail  = "fail"  // "o" to its output, "e" to its standard error, and it ends with code 3
	ExecFlood = "flood" // 200,000 bytes and "end" to its output
	ExecHang  = "hang"  // it does not end before its input does
)

func testExec(t *testing.T, engine host.Engine, world World) {
	ctx := bounded(t)
	id := create(ctx, t, engine, unique("exec"), world.Runs)
	run := func(ctx context.Context, stdin string, word string) (host.Output, error) {
		cmd := host.ExecCommand{Args: append(slices.Clone(world.Program), word)}
		if stdin != "" {
			cmd.Stdin = strings.NewReader(stdin)
		}
		return engine.ContainerExec(ctx, id, cmd)
	}
	var exit *host.ExitError
	if _, err := run(ctx, "", ExecCopy); err == nil || errors.As(err, &exit) {
		t.Errorf("in a container that does not run: %v, want an error that is no exit", err)
	}
	must(t, engine.ContainerStart(ctx, id))

	long := strings.Repeat("it's \"$HOME\" \\ * \r\n;\x00", 2000)
	for name, test := range map[string]struct {
		word, stdin, stdout, stderr string
		code                        int
	}{
		"standard input":    {word: ExecCopy, stdin: "in", stdout: "in"},
		"much of it":        {word: ExecCopy, stdin: long, stdout: long},
		"no standard input": {word: ExecCopy},
		"input not read":    {word: ExecFail, stdin: strings.Repeat("x", 1<<20), stdout: "o\n", stderr: "e\n", code: 3},
		"a failure":         {word: ExecFail, stdout: "o\n", stderr: "e\n", code: 3},
	} {
		out, err := run(ctx, test.stdin, test.word)
		if string(out.Stdout) != test.stdout || string(out.Stderr) != test.stderr {
			t.Errorf("%s: %d bytes of output, want %d; standard error %q, want %q", name, len(out.Stdout), len(test.stdout), out.Stderr, test.stderr)
		}
		switch {
		case test.code == 0 && err != nil:
			t.Errorf("%s: %v", name, err)
		case test.code != 0 && (!errors.As(err, &exit) || exit.Code != test.code || exit.Stderr != strings.TrimSpace(test.stderr)):
			t.Errorf("%s: %v, want an ExitError of code %d", name, err, test.code)
		}
	}
	out, err := run(ctx, "", ExecFlood)
	if err != nil || len(out.Stdout) != host.OutputLimit || !bytes.HasSuffix(out.Stdout, []byte("xend\n")) {
		t.Errorf("%d bytes of a long output are kept, %v", len(out.Stdout), err)
	}
	if _, err := engine.ContainerExec(ctx, id, host.ExecCommand{Args: []string{"/no/such/program"}}); !errors.As(err, &exit) || exit.Code != 126 && exit.Code != 127 {
		t.Errorf("a program that is missing: %v, want an ExitError of code 126 or 127", err)
	}
	if _, err := engine.ContainerExec(ctx, id, host.ExecCommand{}); err == nil {
		t.Error("a command without a program runs")
	}
	if _, err := engine.ContainerExec(ctx, unique("none"), host.ExecCommand{Args: world.Program}); !errors.Is(err, host.ErrNotFound) {
		t.Errorf("in a missing container: %v, want ErrNotFound", err)
	}
	testExecEnds(ctx, t, engine, id, world)
}

// testExecEnds wants the end of its context to end a call, and the container's end to end what runs in it.
func testExecEnds(ctx context.Context, t *testing.T, engine host.Engine, id string, world World) {
	hang := func(ctx context.Context) error {
		_, err := engine.ContainerExec(ctx, id, host.ExecCommand{Args: append(slices.Clone(world.Program), ExecHang), Stdin: endless{ctx}})
		return err
	}
	short, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := hang(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a command that outlasts its deadline gives %v", err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it ends %s late", took)
	}
	var group sync.WaitGroup
	for range 5 {
		group.Go(func() {
			if out, err := engine.ContainerExec(ctx, id, host.ExecCommand{Args: append(slices.Clone(world.Program), ExecCopy), Stdin: strings.NewReader("in")}); err != nil || string(out.Stdout) != "in" {
				t.Errorf("several at once: %q, %v", out.Stdout, err)
			}
		})
	}
	group.Wait()
	ended := make(chan error, 1)
	go func() { ended <- hang(ctx) }()
	must(t, engine.ContainerKill(ctx, id, "SIGKILL"))
	select {
	case err := <-ended:
		if err == nil {
			t.Error("a command that its container's end has ended gives no error")
		}
	case <-ctx.Done():
		t.Error("a command outlives its container")
	}
}

// endless is an input that ends with its context.
type endless struct{ ctx context.Context }

func (e endless) Read([]byte) (int, error) {
	<-e.ctx.Done()
	return 0, e.ctx.Err()
}
