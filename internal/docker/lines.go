package docker

import "bytes"

// maxLine is where a line is cut, in bytes.
const maxLine = 8 << 10

// lastLines keeps the last lines it is given.
type lastLines struct {
	limit int
	lines []string
}

func (l *lastLines) add(line string) {
	if len(l.lines) == l.limit {
		l.lines = append(l.lines[:0], l.lines[1:]...)
	}
	l.lines = append(l.lines, line)
}

// lineWriter cuts one stream into lines, without their ends.
type lineWriter struct {
	into    *lastLines
	partial []byte
}

func (w *lineWriter) Write(p []byte) (int, error) {
	written := len(p)
	for {
		line, rest, whole := bytes.Cut(p, []byte("\n"))
		room := maxLine - len(w.partial)
		w.partial = append(w.partial, line[:min(len(line), room)]...)
		if !whole {
			return written, nil
		}
		w.end()
		p = rest
	}
}

// flush ends a last line that has no line feed.
func (w *lineWriter) flush() {
	if len(w.partial) > 0 {
		w.end()
	}
}

func (w *lineWriter) end() {
	w.into.add(string(bytes.TrimSuffix(w.partial, []byte("\r"))))
	w.partial = w.partial[:0]
}
