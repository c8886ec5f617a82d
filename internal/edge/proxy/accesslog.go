package proxy

import (
	"encoding/json"
	"io"
	"strconv"
	"sync"
	"time"
)

const (
	logFlushEvery = 200 * time.Millisecond
	// logBuffer bounds what waits for a reader that is slow, in bytes: requests are never held up by their log.
	logBuffer = 4 << 20
)

// accessLog writes one line of JSON for each request, in the background. Lines beyond logBuffer are left out, and a
// line says how many.
type accessLog struct {
	out io.Writer

	mu      sync.Mutex
	pending []byte
	dropped int
	wake    chan struct{}
	stop    chan struct{}
	stopped chan struct{}
}

// entry is one request.
type entry struct {
	start                  time.Time
	site, release, service string
	host, method, path     string
	proto, client          string
	status                 int
	bytes                  int64
	duration               time.Duration
}

func newAccessLog(out io.Writer) *accessLog {
	l := &accessLog{out: out, wake: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{})}
	go l.run()
	return l
}

func (l *accessLog) add(e *entry) {
	l.mu.Lock()
	if len(l.pending) > logBuffer {
		l.dropped++
	} else {
		l.pending = e.append(l.pending)
	}
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// close writes what is pending. Later lines are lost.
func (l *accessLog) close() {
	close(l.stop)
	<-l.stopped
}

func (l *accessLog) run() {
	defer close(l.stopped)
	var spare []byte
	for {
		select {
		case <-l.wake:
		case <-l.stop:
			l.flush(spare)
			return
		}
		timer := time.NewTimer(logFlushEvery)
		select {
		case <-timer.C:
		case <-l.stop:
			timer.Stop()
		}
		spare = l.flush(spare)
	}
}

func (l *accessLog) flush(spare []byte) []byte {
	l.mu.Lock()
	lines, dropped := l.pending, l.dropped
	l.pending, l.dropped = spare[:0], 0
	l.mu.Unlock()
	if dropped > 0 {
		lines = append(lines, `{"msg":"access log too slow","lines_left_out":`...)
		lines = append(strconv.AppendInt(lines, int64(dropped), 10), "}\n"...)
	}
	// Nobody is left to tell where the log itself cannot be written.
	_, _ = l.out.Write(lines)
	return lines[:0]
}

func (e *entry) append(b []byte) []byte {
	b = append(b, `{"ts":"`...)
	b = e.start.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(b, '"')
	b = appendField(b, "host", e.host)
	b = appendField(b, "site", e.site)
	b = appendField(b, "release", e.release)
	b = appendField(b, "service", e.service)
	b = appendField(b, "method", e.method)
	b = appendField(b, "path", e.path)
	b = appendField(b, "proto", e.proto)
	b = appendField(b, "client", e.client)
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(e.status), 10)
	b = append(b, `,"bytes":`...)
	b = strconv.AppendInt(b, e.bytes, 10)
	b = append(b, `,"duration_ms":`...)
	b = strconv.AppendFloat(b, float64(e.duration.Microseconds())/1e3, 'f', 3, 64)
	return append(b, "}\n"...)
}

func appendField(b []byte, name, value string) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	for i := range len(value) {
		if c := value[i]; c < ' ' || c == '"' || c == '\\' || c > '~' {
			quoted, err := json.Marshal(value)
			if err != nil {
				return append(b, `""`...)
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, value...)
	return append(b, '"')
}
