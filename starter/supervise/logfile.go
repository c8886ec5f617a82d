package supervise

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// maxLog bounds a log file, in bytes. One older file of the same size is kept beside it.
const maxLog = 8 << 20

const logsFolder = "logs"

// LogPath is where the supervisor keeps what a program prints: "engine", "worker", or its own, "supervisor".
func LogPath(state, name string) string { return filepath.Join(state, logsFolder, name+".log") }

// logFile is a log of bounded size. It is safe for concurrent use.
type logFile struct {
	path string
	max  int64

	mu   sync.Mutex
	file *os.File
	size int64
}

func openLog(path string, bound int64) (*logFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open a log: %w", err)
	}
	l := &logFile{path: path, max: bound}
	if err := l.open(); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *logFile) open() error {
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open a log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return fmt.Errorf("open a log: %w", err)
	}
	l.file, l.size = f, info.Size()
	return nil
}

// Write never fails: a full disk must not stop the program whose output it is.
func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size+int64(len(p)) > l.max && l.size > 0 {
		l.turn()
	}
	n, _ := l.file.Write(p)
	l.size += int64(n)
	return len(p), nil
}

// turn puts the full file aside. Where that fails, the full file is emptied: the bound holds.
func (l *logFile) turn() {
	if os.Rename(l.path, l.path+".1") != nil {
		_ = l.file.Truncate(0)
		l.size = 0
		return
	}
	full := l.file
	if l.open() == nil {
		_ = full.Close()
	}
}

func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}
