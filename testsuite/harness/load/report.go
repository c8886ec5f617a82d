package load

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxLosses bounds the losses that are kept in full; Lost counts all.
const maxLosses = 1000

// Report is what a load has seen.
type Report struct {
	Made   int64 // requests and messages that have finished, lost ones included
	Lost   int64
	ByKind map[Kind]Count
	// ByVersion counts the answers by the version that gave them: the header App-Version, or where there is none the
	// answer's first line.
	ByVersion map[string]int64
	// Losses are the first thousand, oldest first.
	Losses []Loss
	// Took is the span from the first request's start to the last one's end.
	Took      time.Duration
	durations []time.Duration // of Get and Post, sorted
}

// Count is one kind's part.
type Count struct{ Made, Lost int64 }

// Loss is a request or message that was not answered as it should have been.
type Loss struct {
	At      time.Time // when it was sent
	Kind    Kind
	Version string // empty where none answered
	Err     string
}

// Percentile is the time within which that share (0 to 1) of Get and Post requests was answered; 0 without any.
func (r Report) Percentile(share float64) time.Duration {
	if len(r.durations) == 0 {
		return 0
	}
	return r.durations[min(int(share*float64(len(r.durations))), len(r.durations)-1)]
}

// LostAfter counts the kept losses of requests sent at or after a moment.
func (r Report) LostAfter(moment time.Time) int {
	n := 0
	for _, loss := range r.Losses {
		if !loss.At.Before(moment) {
			n++
		}
	}
	return n
}

// String is for a person: the counts, and the first losses.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "requests made: %d, lost: %d, in %s (p99 %s)\n",
		r.Made, r.Lost, r.Took.Round(10*time.Millisecond), r.Percentile(0.99).Round(10*time.Microsecond))
	for _, kind := range slices.Sorted(maps.Keys(r.ByKind)) {
		fmt.Fprintf(&b, "  %-10s made %d, lost %d\n", kind, r.ByKind[kind].Made, r.ByKind[kind].Lost)
	}
	for _, version := range slices.Sorted(maps.Keys(r.ByVersion)) {
		fmt.Fprintf(&b, "  answered by %q: %d\n", version, r.ByVersion[version])
	}
	for _, loss := range r.Losses[:min(len(r.Losses), 10)] {
		fmt.Fprintf(&b, "  lost %s at %s: %s\n", loss.Kind, loss.At.Format("15:04:05.000"), loss.Err)
	}
	return b.String()
}

// log collects results from all connections.
type log struct {
	mu        sync.Mutex
	total     Report
	first     time.Time
	last      time.Time
	durations []time.Duration
}

func newLog() *log {
	return &log{total: Report{ByKind: map[Kind]Count{}, ByVersion: map[string]int64{}}}
}

func (l *log) add(kind Kind, start time.Time, version string, err error) {
	end := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first.IsZero() || start.Before(l.first) {
		l.first = start
	}
	l.last = end
	count := l.total.ByKind[kind]
	count.Made++
	l.total.Made++
	if err != nil {
		count.Lost++
		l.total.Lost++
		if len(l.total.Losses) < maxLosses {
			l.total.Losses = append(l.total.Losses, Loss{At: start, Kind: kind, Version: version, Err: err.Error()})
		}
	} else {
		l.total.ByVersion[version]++
		if kind == Get || kind == Post {
			l.durations = append(l.durations, end.Sub(start))
		}
	}
	l.total.ByKind[kind] = count
}

func (l *log) report() Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.total
	r.ByKind = maps.Clone(r.ByKind)
	r.ByVersion = maps.Clone(r.ByVersion)
	r.Losses = slices.SortedFunc(slices.Values(r.Losses), func(a, b Loss) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
	r.Took = l.last.Sub(l.first)
	r.durations = slices.Sorted(slices.Values(l.durations))
	return r
}
