package harness

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is a program that runs beside the test. Its methods are safe for concurrent use.
type Process struct {
	name string
	path string
	args []string
	env  []string
	log  string // both streams of all its lives
	t    testing.TB

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{} // closed when cmd has ended
}

// process starts a program that is killed at the test's end.
func (w *World) process(name, path string, env []string, args ...string) *Process {
	w.t.Helper()
	p := &Process{
		name: name, path: path, args: args, env: env, t: w.t,
		log: filepath.Join(w.logs, name+".log"),
	}
	if err := p.start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := p.Stop(30 * time.Second); err != nil {
			w.t.Error(err)
		}
		if w.t.Failed() {
			w.t.Logf("log of %s:\n%s", name, p.Tail(100))
		}
	})
	return p
}

func (p *Process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(p.path, p.args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, log, log
	// The kernel kills it when the test is killed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	p.cmd, p.ended = cmd, make(chan struct{})
	go func(ended chan struct{}) {
		defer close(ended)
		_ = cmd.Wait() // how it ended is in cmd.ProcessState
	}(p.ended)
	return nil
}

// current is the process of this life, and its end.
func (p *Process) current() (*exec.Cmd, chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd, p.ended
}

// PID is the process id of its current life, or its last one.
func (p *Process) PID() int {
	cmd, _ := p.current()
	return cmd.Process.Pid
}

// Alive says whether it runs.
func (p *Process) Alive() bool {
	_, ended := p.current()
	select {
	case <-ended:
		return false
	default:
		return true
	}
}

// Signal sends a signal; to a process that has ended it is no error.
func (p *Process) Signal(signal os.Signal) error {
	cmd, _ := p.current()
	if err := cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s: %w", p.name, err)
	}
	return nil
}

// Kill is kill -9. It returns when the process is gone.
func (p *Process) Kill() {
	p.t.Helper()
	if err := p.Signal(syscall.SIGKILL); err != nil {
		p.t.Error(err)
	}
	_, ended := p.current()
	<-ended
}

// Stop is SIGTERM, and SIGKILL after grace, which is an error.
func (p *Process) Stop(grace time.Duration) error {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	cmd, ended := p.current()
	select {
	case <-ended:
		return nil
	case <-time.After(grace):
	}
	_ = cmd.Process.Kill()
	<-ended
	return fmt.Errorf("%s did not end %s after SIGTERM", p.name, grace)
}

// Restart starts it again with the same arguments; it kills it first where it runs.
func (p *Process) Restart() {
	p.t.Helper()
	p.Kill()
	if err := p.start(); err != nil {
		p.t.Fatal(err)
	}
}

// Log is everything it has printed in all its lives.
func (p *Process) Log() string {
	content, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(content)
}

// Tail is the last n lines of Log.
func (p *Process) Tail(n int) string {
	lines := strings.Split(strings.TrimRight(p.Log(), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
