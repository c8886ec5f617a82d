// Package audit keeps a line of everything that people do to secrets on this machine: who, when, why, which version. The
// secrets' own files tell who has set them; who has read them is told here alone. It must not know a secret's value, nor
// where it is kept.
package audit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Entry is one deed.
type Entry struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	Did  string    `json:"did"` // one of the Did constants
	Why  string    `json:"why,omitempty"`
	Name string    `json:"name"`
	// Scope is an app.Scope constant, and Of whose it is, such as "acme/shop".
	Scope string `json:"scope"`
	Of    string `json:"of"`
	// Version is what the deed was about or has made; 0 for all of them, or where there is none yet.
	Version int `json:"version,omitempty"`
}

// What is done to secrets.
const (
	DidRead   = "read"
	DidSet    = "set"
	DidRemove = "removed"
	DidRotate = "asked for a rotation"
	DidCancel = "asked to cancel the rotation"
)

// Log is the file of a state folder. It is safe for concurrent use, also by other processes.
type Log struct{ Path string }

// In is the log of a state folder, which need not exist.
func In(state string) Log { return Log{filepath.Join(state, "audit.jsonl")} }

// Add appends entries, and returns once they are on the disk.
func (l Log) Add(entries ...Entry) error {
	var text []byte
	for _, e := range entries {
		line, err := json.Marshal(e)
		if err != nil {
			return l.failed("write", err)
		}
		text = append(append(text, line...), '\n')
	}
	if err := os.MkdirAll(filepath.Dir(l.Path), 0o700); err != nil {
		return l.failed("write", err)
	}
	f, err := os.OpenFile(l.Path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return l.failed("write", err)
	}
	defer func() { _ = f.Close() }() // releases the lock; what was written is synced before
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return l.failed("lock", err)
	}
	torn, err := endsTorn(f)
	if torn {
		text = append([]byte{'\n'}, text...)
	}
	if err == nil {
		_, err = f.Write(text)
	}
	if err == nil {
		err = f.Sync()
	}
	return l.failed("write", err)
}

// endsTorn says whether the file's last line has no end, since whoever wrote it was killed.
func endsTorn(f *os.File) (bool, error) {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return false, err
	}
	last := make([]byte, 1)
	_, err = f.ReadAt(last, info.Size()-1)
	return err == nil && last[0] != '\n', err
}

// Read calls each with every entry, the oldest first, and counts the lines that are none. A log that does not exist has
// no entry.
func (l Log) Read(each func(Entry)) (broken int, err error) {
	f, err := os.Open(l.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, l.failed("read", err)
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return broken, l.failed("read", err)
		}
		if len(line) > 1 {
			var e Entry
			if json.Unmarshal(line, &e) == nil {
				each(e)
			} else {
				broken++
			}
		}
		if err != nil {
			return broken, nil
		}
	}
}

func (l Log) failed(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s the record of who has read and changed secrets, %s: %w", what, l.Path, err)
}
