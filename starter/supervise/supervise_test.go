package supervise

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities/engine"
)

// asHolder has the test's own binary hold a state folder's lock: a process does not conflict with itself.
const asHolder = "LONGSHORE_TEST_HOLD"

func TestMain(m *testing.M) {
	if state := os.Getenv(asHolder); state != "" {
		l, err := takeLock(state)
		if err == nil {
			err = l.write(os.Getenv(asHolder+"_READY") != "")
		}
		fmt.Println("held", err)
		_, _ = os.Stdin.Read(make([]byte, 1)) // until the test ends it
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// hold starts a process that holds the lock, and waits until it does.
func hold(t *testing.T, state string, ready bool) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asHolder+"="+state)
	if ready {
		cmd.Env = append(cmd.Env, asHolder+"_READY=1")
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	line := make([]byte, 64)
	n, err := stdout.Read(line)
	if err != nil || string(line[:n]) != "held <nil>\n" {
		t.Fatalf("the holder says %q (%v)", line[:n], err)
	}
	return cmd
}

func TestLockTellsWhoHoldsIt(t *testing.T) {
	state := t.TempDir()
	if got, err := Read(state); err != nil || got != (Status{}) {
		t.Fatalf("an empty folder: %+v, %v", got, err)
	}
	holder := hold(t, state, true)
	if got, err := Read(state); err != nil || got != (Status{PID: holder.Process.Pid, Ready: true}) {
		t.Errorf("while held: %+v, %v, want process %d", got, err, holder.Process.Pid)
	}
	if _, err := takeLock(state); !errors.Is(err, errHeld) {
		t.Errorf("taking it twice gives %v", err)
	}
	if err := Run(t.Context(), state, Ports{}, func(string) {}, nil); !errors.Is(err, ErrRunning) {
		t.Errorf("a second supervisor gives %v", err)
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait()
	// The file still names the process that was killed: it counts for nothing.
	if got, err := Read(state); err != nil || got != (Status{}) {
		t.Errorf("after kill -9: %+v, %v", got, err)
	}
	l, err := takeLock(state)
	if err != nil {
		t.Fatalf("after kill -9: %v", err)
	}
	if err := l.release(); err != nil {
		t.Fatal(err)
	}
}

func TestLockTrustsOnlyItsHoldersNote(t *testing.T) {
	state := t.TempDir()
	holder := hold(t, state, true)
	if err := os.WriteFile(filepath.Join(state, lockFile), []byte(`{"pid":1,"ready":true}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(state); err != nil || got != (Status{PID: holder.Process.Pid}) {
		t.Errorf("got %+v, %v, want process %d and not ready", got, err, holder.Process.Pid)
	}
}

func TestStopEndsTheHolder(t *testing.T) {
	state := t.TempDir()
	if ran, err := Stop(t.Context(), state); ran || err != nil {
		t.Errorf("with none: %t, %v", ran, err)
	}
	holder := hold(t, state, true)
	if ran, err := Stop(t.Context(), state); !ran || err != nil {
		t.Errorf("with one: %t, %v", ran, err)
	}
	if err := holder.Wait(); err == nil || !strings.Contains(err.Error(), "terminated") {
		t.Errorf("the holder ended with %v, want SIGTERM", err)
	}
}

func TestLogIsBounded(t *testing.T) {
	path := LogPath(t.TempDir(), "engine")
	for range 2 { // the second time it is there already
		l, err := openLog(path, 100)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			if _, err := fmt.Fprintf(l, "line %02d\n", i); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{path, path + ".1"} {
		info, err := os.Stat(file)
		if err != nil || info.Size() > 100 {
			t.Errorf("%s: %v, %v", file, info, err)
		}
	}
	if text := lastLines(path, 8); !strings.HasSuffix(text, "line 49\n") {
		t.Errorf("the end is %q", text)
	}
}

func TestPorts(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	taken := busy.Addr().(*net.TCPAddr).Port
	free, err := anyFree(map[int]bool{taken: true})
	if err != nil {
		t.Fatal(err)
	}
	saved := engine.Endpoints{Engine: "127.0.0.1:" + strconv.Itoa(free), UI: "http://127.0.0.1:" + strconv.Itoa(taken), Codec: "http://127.0.0.1:" + strconv.Itoa(free)}
	got, err := choosePorts(t.Context(), 0, Ports{}, saved)
	if err != nil {
		t.Fatal(err)
	}
	if got.Engine != saved.Engine {
		t.Errorf("a port of before that is free is not kept: %s", got.Engine)
	}
	if portOf(got.UI) == taken || portOf(got.Codec) == free || portOf(got.UI) == portOf(got.Codec) {
		t.Errorf("a port is used twice: %+v, %d is taken", got, taken)
	}
	if _, err := choosePorts(t.Context(), 0, Ports{Engine: taken}, engine.Endpoints{}); err == nil || !strings.Contains(err.Error(), strconv.Itoa(taken)) {
		t.Errorf("a port asked for that is taken gives %v", err)
	}
	if got, err := choosePorts(t.Context(), 0, Ports{Engine: free}, saved); err != nil || portOf(got.Engine) != free {
		t.Errorf("a port asked for: %+v, %v", got, err)
	}
}

func TestPortWaitsForAnOldChildToGo(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := busy.Addr().String()
	time.AfterFunc(100*time.Millisecond, func() { _ = busy.Close() })
	got, err := choosePorts(t.Context(), portPatience, Ports{}, engine.Endpoints{Engine: address})
	if err != nil || got.Engine != address {
		t.Errorf("got %s, %v, want %s", got.Engine, err, address)
	}
}

func TestDatabaseThatNeverServedIsMadeAnew(t *testing.T) {
	state := t.TempDir()
	database := filepath.Join(state, databaseFile)
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(database, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := func() {
		t.Helper()
		if err := clearUnborn(state); err != nil {
			t.Fatal(err)
		}
	}
	again()
	write("half made")
	again()
	if _, err := os.Stat(database); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the half-made database is kept (%v)", err)
	}
	write("served")
	if err := markBorn(state); err != nil {
		t.Fatal(err)
	}
	again()
	if text, err := os.ReadFile(database); err != nil || string(text) != "served" {
		t.Errorf("a database that served is gone: %q, %v", text, err)
	}
}

func TestFindTemporal(t *testing.T) {
	state, path := t.TempDir(), t.TempDir()
	t.Setenv("PATH", path)
	t.Setenv(TemporalVariable, "")
	if _, err := FindTemporal(state); err == nil || !strings.Contains(err.Error(), "make tools") {
		t.Errorf("with none: %v, want what to do", err)
	}
	inState, onPath, named := filepath.Join(state, "bin", "temporal"), filepath.Join(path, "temporal"), filepath.Join(state, "mine")
	for _, file := range []string{inState, onPath, named} {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if file == onPath {
			if got, err := FindTemporal(state); err != nil || got != inState {
				t.Errorf("got %s, %v, want %s", got, err, inState)
			}
		}
		if err := os.WriteFile(file, nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := FindTemporal(state); err != nil || got != onPath {
		t.Errorf("got %s, %v, want %s", got, err, onPath)
	}
	t.Setenv(TemporalVariable, named)
	if got, err := FindTemporal(state); err != nil || got != named {
		t.Errorf("got %s, %v, want %s", got, err, named)
	}
	t.Setenv(TemporalVariable, filepath.Join(state, "nothing"))
	if _, err := FindTemporal(state); err == nil || !strings.Contains(err.Error(), TemporalVariable) {
		t.Errorf("a variable that names nothing: %v", err)
	}
}

func TestKeepStartsAgainAndStopsInOrder(t *testing.T) {
	var log bytes.Buffer
	said := make(chan string, 16)
	p := &program{
		name: "thing", path: "/bin/sh", grace: 5 * time.Second, log: &log,
		args: []string{"-c", "trap 'echo bye; exit 0' TERM; echo hello; while :; do sleep 0.05; done"},
		say:  func(format string, a ...any) { said <- fmt.Sprintf(format, a...) },
	}
	stop := start(context.Background(), p)
	defer stop()
	next := func(want string) string {
		t.Helper()
		select {
		case line := <-said:
			if !strings.Contains(line, want) {
				t.Fatalf("says %q, want %q", line, want)
			}
			return line
		case <-time.After(10 * time.Second):
			t.Fatalf("does not say %q", want)
			return ""
		}
	}
	var pid int
	if _, err := fmt.Sscanf(next("runs"), "the thing runs (process %d)", &pid); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	next("signal: killed")
	next("runs")
	if p.deaths.Load() != 1 || p.started.Load() == nil {
		t.Errorf("%d deaths, started %v", p.deaths.Load(), p.started.Load())
	}
	// The shell has set its trap once it has said hello again.
	stop()
	if syscall.Kill(pid, 0) == nil {
		t.Error("the first process is still there")
	}
	if strings.Contains(log.String(), "hello\nhello") && !strings.HasSuffix(log.String(), "bye\n") {
		t.Errorf("was not asked to stop: %q", log.String())
	}
}
