package supervise

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

const lockFile = "up.lock"

// lock is the right to be the state folder's supervisor. It is a POSIX record lock: the kernel drops it however the
// process ends, and says which process holds it, so that a process id left in a file is never trusted.
type lock struct{ file *os.File }

// Status is what is known of the state folder's supervisor.
type Status struct {
	// PID is the supervisor's process; 0 where none runs.
	PID int
	// Ready says that the engine answered and the worker polled.
	Ready bool
}

// note is what the holder writes into the lock's file.
type note struct {
	PID   int  `json:"pid"`
	Ready bool `json:"ready"`
}

// errHeld says that another process holds the lock.
var errHeld = errors.New("held by another process")

// takeLock takes the lock or fails with errHeld. The process must not open the file again: closing any of its
// descriptors would drop the lock.
func takeLock(state string) (*lock, error) {
	path := filepath.Join(state, lockFile)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("take the supervisor's lock: %w", err)
	}
	request := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &request); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
			return nil, errHeld
		}
		return nil, fmt.Errorf("take the supervisor's lock %s: %w", path, err)
	}
	l := &lock{file: f}
	if err := l.write(false); err != nil {
		_ = f.Close()
		return nil, err
	}
	return l, nil
}

// write says how far the supervisor is.
func (l *lock) write(ready bool) error {
	data, err := json.Marshal(note{PID: os.Getpid(), Ready: ready})
	if err == nil {
		err = l.file.Truncate(0)
	}
	if err == nil {
		_, err = l.file.WriteAt(data, 0)
	}
	if err != nil {
		return fmt.Errorf("write the supervisor's lock: %w", err)
	}
	return nil
}

func (l *lock) release() error { return l.file.Close() }

// Read says whether a supervisor runs. It must not be called by the supervisor itself.
func Read(state string) (Status, error) {
	path := filepath.Join(state, lockFile)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return Status{}, nil
	}
	if err != nil {
		return Status{}, fmt.Errorf("look for the supervisor: %w", err)
	}
	defer func() { _ = f.Close() }()
	holder := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &holder); err != nil {
		return Status{}, fmt.Errorf("look for the supervisor in %s: %w", path, err)
	}
	if holder.Type == syscall.F_UNLCK {
		return Status{}, nil
	}
	// What the file says counts only if its writer is the one that holds the lock: it may be left from an earlier one.
	var n note
	data, err := io.ReadAll(f)
	if err == nil && json.Unmarshal(data, &n) == nil && n.PID == int(holder.Pid) {
		return Status(n), nil
	}
	return Status{PID: int(holder.Pid)}, nil
}
