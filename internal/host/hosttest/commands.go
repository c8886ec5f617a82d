package hosttest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/host"
)

func testCommands(t *testing.T, open func(t *testing.T) host.Host, world World) {
	ctx := bounded(t)
	h := open(t)
	awkward := "it's \"$HOME\" `id` \\ * \n;"
	for name, test := range map[string]struct {
		cmd            host.Command
		stdout, stderr string
		code           int
	}{
		"arguments are not read by a shell": {cmd: host.Command{Args: []string{"printf", "%s|%s", awkward, ""}}, stdout: awkward + "|"},
		"standard input":                    {cmd: host.Command{Args: []string{"cat"}, Stdin: strings.NewReader("in")}, stdout: "in"},
		"no standard input":                 {cmd: host.Command{Args: []string{"cat"}}},
		"a failure":                         {cmd: host.Command{Args: []string{"sh", "-c", "echo o; echo e >&2; exit 3"}}, stdout: "o\n", stderr: "e\n", code: 3},
		"no such program":                   {cmd: host.Command{Args: []string{"/no/such/program"}}, code: 127},
	} {
		out, err := h.Run(ctx, test.cmd)
		if string(out.Stdout) != test.stdout {
			t.Errorf("%s: prints %q, want %q", name, out.Stdout, test.stdout)
		}
		if test.stderr != "" && string(out.Stderr) != test.stderr {
			t.Errorf("%s: says %q, want %q", name, out.Stderr, test.stderr)
		}
		var exit *host.ExitError
		switch {
		case test.code == 0 && err != nil:
			t.Errorf("%s: %v", name, err)
		case test.code != 0 && (!errors.As(err, &exit) || exit.Code != test.code):
			t.Errorf("%s: %v, want an ExitError of code %d", name, err, test.code)
		case test.code != 0 && strings.Contains(exit.Command, "/"):
			t.Errorf("%s: the error names %q, want the program alone", name, exit.Command)
		}
	}
	out, err := h.Run(ctx, host.Command{Args: []string{"id", "-u"}, Root: true})
	if world.NoRoot {
		if !errors.Is(err, host.ErrRights) {
			t.Errorf("a login that cannot become root gets %v, want ErrRights", err)
		}
	} else if err != nil || string(out.Stdout) != "0\n" {
		t.Errorf("as root, the user is %q, %v", out.Stdout, err)
	}
	if _, err := h.Run(ctx, host.Command{}); err == nil {
		t.Error("a command without a program runs")
	}

	out, err = h.Run(ctx, host.Command{Args: []string{"sh", "-c", "head -c 200000 /dev/zero | tr '\\0' x; echo end"}})
	must(t, err)
	if len(out.Stdout) != host.OutputLimit || !bytes.HasSuffix(out.Stdout, []byte("xend\n")) {
		t.Errorf("%d bytes of a long output are kept", len(out.Stdout))
	}

	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := h.Run(short, host.Command{Args: []string{"sleep", "60"}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a command that outlasts its deadline gives %v", err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it ends %s late", took)
	}

	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := h.Run(ctx, host.Command{Args: []string{"true"}}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func testDial(t *testing.T, open func(t *testing.T) host.Host, world World) {
	ctx := bounded(t)
	h := open(t)
	var group sync.WaitGroup
	for range 5 {
		group.Go(func() {
			conn, err := h.Dial(ctx, "unix", world.Socket)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			sent := bytes.Repeat([]byte("0123456789"), 20_000)
			go func() { _, _ = conn.Write(sent) }()
			got := make([]byte, len(sent))
			if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("what comes back is not what was sent: %v", err)
			}
		})
	}
	group.Wait()
	if conn, err := h.Dial(ctx, "unix", "/no/such/socket"); !errors.Is(err, host.ErrNotFound) {
		t.Errorf("dialling a missing socket gives %v, %v, want ErrNotFound", conn, err)
	}
	if _, err := h.Dial(ctx, "tcp", "127.0.0.1:1"); err == nil || errors.Is(err, host.ErrUnreachable) {
		t.Errorf("a port that nothing listens on gives %v: the host itself can be reached", err)
	}
	if _, err := h.Dial(ctx, "udp", "127.0.0.1:1"); err == nil {
		t.Error("a network that is neither unix nor tcp is dialled")
	}
}

func testClose(t *testing.T, open func(t *testing.T) host.Host, world World) {
	ctx := bounded(t)
	h := open(t)
	_, err := h.Run(ctx, host.Command{Args: []string{"true"}})
	must(t, err)
	must(t, h.Close())
	must(t, h.Close())
	if _, err := h.Run(ctx, host.Command{Args: []string{"true"}}); err == nil {
		t.Error("a closed host runs commands")
	}
	if _, err := h.Dial(ctx, "unix", world.Socket); err == nil {
		t.Error("a closed host dials")
	}
	if _, err := h.Files().List(ctx, "."); err == nil {
		t.Error("a closed host lists files")
	}
}

// testCut expects what is under way to fail soon, and the host to be usable again.
func testCut(t *testing.T, open func(t *testing.T) host.Host, world World) {
	ctx := bounded(t)
	h, other := open(t), open(t)
	folder := unique("cut")
	cleanup(t, func(ctx context.Context) error { return h.Files().Remove(ctx, folder) })
	lost, _, err := h.Files().Lock(ctx, folder+"/lock", false)
	must(t, err)
	conn, err := h.Dial(ctx, "unix", world.Socket)
	must(t, err)
	failed := make(chan error, 2)
	started := make(chan struct{})
	go func() {
		_, err := h.Run(ctx, host.Command{Args: []string{"sh", "-c", "cat; sleep 60"}, Stdin: &signal{started: started}})
		failed <- err
	}()
	go func() {
		_, err := conn.Read(make([]byte, 1))
		failed <- err
	}()
	<-started
	world.Cut()
	for range 2 {
		select {
		case err := <-failed:
			if !errors.Is(err, host.ErrUnreachable) {
				t.Errorf("what was under way ends with %v, want ErrUnreachable", err)
			}
		case <-time.After(30 * time.Second):
			t.Fatal("what was under way outlives its connection")
		}
	}
	eventually(ctx, t, "the next call dials again", func() bool {
		_, err := h.Run(ctx, host.Command{Args: []string{"true"}})
		return err == nil
	})
	// The lock went with the connection, and says so.
	select {
	case <-lost:
	case <-time.After(30 * time.Second):
		t.Error("the loss of a lock is not told")
	}
	eventually(ctx, t, "the host can be reached", func() bool {
		_, unlock, err := other.Files().Lock(ctx, folder+"/lock", false)
		if err != nil {
			return false
		}
		unlock()
		return true
	})
}

// signal tells that a command has begun to read its input.
type signal struct {
	once    sync.Once
	started chan struct{}
}

func (s *signal) Read([]byte) (int, error) {
	s.once.Do(func() { close(s.started) })
	return 0, io.EOF
}
