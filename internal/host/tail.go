package host

import (
	"bytes"
	"fmt"
	"sync"
)

// The bounds of what is kept of a command's output, in bytes.
const (
	OutputLimit = 64 << 10 // of each part of an Output
	StderrLimit = 4 << 10  // of an ExitError
)

// Tail is a writer that keeps the last bytes written to it. It never fails and is safe for concurrent use: a command
// that was given up may still write while its output is read.
type Tail struct {
	mu    sync.Mutex
	limit int
	kept  []byte
}

// NewTail keeps the last limit bytes.
func NewTail(limit int) *Tail { return &Tail{limit: limit} }

// Write keeps the end of p.
func (t *Tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	// Trimmed only at twice the limit, so that many small writes do not each move the whole buffer.
	if len(t.kept) > 2*t.limit {
		t.kept = append(t.kept[:0], t.kept[len(t.kept)-t.limit:]...)
	}
	return len(p), nil
}

// Bytes returns a copy of what is kept.
func (t *Tail) Bytes() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	start := max(0, len(t.kept)-t.limit)
	return append([]byte(nil), t.kept[start:]...)
}

// Last returns the last lines of p as text, n bytes at most, without the spaces around them. A line whose beginning is
// not among these bytes is left out: it could be a part of a secret value, which nothing would know for one. Where no
// other line is left, it says so.
func Last(p []byte, n int) string {
	if len(p) < n {
		return string(bytes.TrimSpace(p))
	}
	_, whole, _ := bytes.Cut(p[len(p)-n:], []byte("\n"))
	if whole = bytes.TrimSpace(whole); len(whole) > 0 {
		return string(whole)
	}
	return fmt.Sprintf("(its last line has %d bytes or more, and is left out)", n)
}
