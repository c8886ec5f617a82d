package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/longshore-dev/longshore/internal/host"
)

// killGrace is how long a killed command's children may keep its output open.
const killGrace = time.Second

// Run runs a command on this machine. When ctx ends, it and its children are killed.
func (h *Host) Run(ctx context.Context, cmd host.Command) (host.Output, error) {
	if h.closed.Load() {
		return host.Output{}, errClosed
	}
	if len(cmd.Args) == 0 || cmd.Args[0] == "" {
		return host.Output{}, errors.New("a command needs a program")
	}
	ctx, cancel := host.Bounded(ctx, host.RunLimit)
	defer cancel()
	program := filepath.Base(cmd.Args[0])
	args := cmd.Args
	if cmd.Root && os.Geteuid() != 0 {
		args = append([]string{"sudo", "-n", "--"}, args...)
	}
	stdout, stderr := host.NewTail(host.OutputLimit), host.NewTail(host.OutputLimit)
	process := exec.CommandContext(ctx, args[0], args[1:]...)
	process.Stdin, process.Stdout, process.Stderr = cmd.Stdin, stdout, stderr
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	process.Cancel = func() error { return syscall.Kill(-process.Process.Pid, syscall.SIGKILL) }
	process.WaitDelay = killGrace
	err := process.Run()
	output := host.Output{Stdout: stdout.Bytes(), Stderr: stderr.Bytes()}
	if ctx.Err() != nil {
		return output, fmt.Errorf("run %s on %s: %w", program, h.name, context.Cause(ctx))
	}
	return output, h.outcome(program, args[0] == "sudo" && cmd.Root, err, output)
}

func (h *Host) outcome(program string, sudo bool, err error, output host.Output) error {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit):
		said := host.Last(output.Stderr, host.StderrLimit)
		if sudo && strings.HasPrefix(said, "sudo: ") {
			return fmt.Errorf("%w: %s: %s; run the worker as root, or allow its user sudo without a password", host.ErrRights, h.name, said)
		}
		code := exit.ExitCode()
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			code = 128 + int(status.Signal())
		}
		return &host.ExitError{Command: program, Code: code, Stderr: said}
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		// A shell answers 127 for what it does not find, and so do the hosts that are reached through one.
		return &host.ExitError{Command: program, Code: 127, Stderr: "command not found"}
	default:
		return fmt.Errorf("run %s on %s: %w", program, h.name, err)
	}
}
