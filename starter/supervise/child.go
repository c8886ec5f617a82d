package supervise

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// The waits between a program's death and its next start. A program that lasted steady begins again with the first.
const (
	firstWait = 200 * time.Millisecond
	lastWait  = 10 * time.Second
	steady    = 30 * time.Second
)

// program is a child that is kept running.
type program struct {
	name string
	path string
	args []string
	env  []string
	dir  string
	// before, which may be nil, is called before each start.
	before func() error
	// grace is how long it may take to stop before it is killed.
	grace time.Duration
	log   io.Writer
	say   func(format string, a ...any)

	started atomic.Pointer[time.Time] // of the process that runs now
	pid     atomic.Int64              // of the newest process; 0 before the first
	deaths  atomic.Int32              // since it last was steady
}

// keep runs the program until ctx ends, and starts it again whenever it ends by itself. It returns once it is stopped.
func (p *program) keep(ctx context.Context) {
	wait := firstWait
	for ctx.Err() == nil {
		begin := time.Now()
		err := p.once(ctx)
		if ctx.Err() != nil {
			return
		}
		p.deaths.Add(1)
		if time.Since(begin) >= steady {
			wait = firstWait
			p.deaths.Store(0)
		}
		p.say("the %s ended (%s); starting it again in %s", p.name, ending(err), wait)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		wait = min(wait*2, lastWait)
	}
}

// once runs the program to its end.
func (p *program) once(ctx context.Context) error {
	// The signal for a parent's death is tied to the thread that started the child: the thread has to live as long.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if p.before != nil {
		if err := p.before(); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, p.path, p.args...)
	cmd.Env, cmd.Dir = p.env, p.dir
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.SysProcAttr = childAttributes()
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = p.grace
	if err := cmd.Start(); err != nil {
		return err
	}
	now := time.Now()
	p.started.Store(&now)
	p.pid.Store(int64(cmd.Process.Pid))
	p.say("the %s runs (process %d)", p.name, cmd.Process.Pid)
	return cmd.Wait()
}

func ending(err error) string {
	if err == nil {
		return "exit code 0"
	}
	return err.Error()
}

// lastLines is the end of a log, for a message.
func lastLines(path string, bytes int64) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	text := make([]byte, min(bytes, info.Size()))
	if _, err := f.ReadAt(text, info.Size()-int64(len(text))); err != nil {
		return ""
	}
	return fmt.Sprintf("\n--- the end of %s:\n%s", path, text)
}
