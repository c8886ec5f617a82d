package build

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/opencontainers/go-digest"
)

// State is how far a step is.
type State string

// The states of a step.
const (
	Started State = "started"
	Done    State = "done"
	Cached  State = "cached"
	Failed  State = "failed"
)

// Event is a step that started or ended.
type Event struct {
	Step     string // such as "[2/4] RUN make"
	State    State
	Duration time.Duration // of an ended step
}

// logLines is how many of a step's last lines are kept, and maxLine where a line is cut, in bytes.
const (
	logLines = 20
	maxLine  = 4 << 10
)

// tracker follows the steps of one solve. Status arrives in one goroutine.
type tracker struct {
	report func(Event)
	hide   replacer
	steps  map[digest.Digest]*step
	failed []*step // in the order of their end
}

type step struct {
	digest digest.Digest
	name   string
	state  State
	reason string // of a failure
	tail   tail
}

func newTracker(report func(Event), hide replacer) *tracker {
	if report == nil {
		report = func(Event) {}
	}
	return &tracker{report: report, hide: hide, steps: map[digest.Digest]*step{}}
}

// follow reads the statuses until their channel is closed.
func (t *tracker) follow(statuses <-chan *client.SolveStatus) {
	for status := range statuses {
		for _, vertex := range status.Vertexes {
			t.vertex(vertex)
		}
		for _, log := range status.Logs {
			t.step(log.Vertex).tail.write(log.Stream, log.Data)
		}
	}
}

func (t *tracker) step(id digest.Digest) *step {
	s := t.steps[id]
	if s == nil {
		s = &step{digest: id}
		t.steps[id] = s
	}
	return s
}

// vertex reports each change once: BuildKit repeats itself.
func (t *tracker) vertex(v *client.Vertex) {
	s := t.step(v.Digest)
	s.name = t.hide.Replace(v.Name)
	state := s.state
	switch {
	case v.Completed != nil && v.Error != "":
		state, s.reason = Failed, t.hide.Replace(v.Error)
	case v.Cached:
		state = Cached
	case v.Completed != nil:
		state = Done
	case v.Started != nil:
		state = Started
	}
	if state == s.state {
		return
	}
	s.state = state
	event := Event{Step: s.name, State: state}
	if v.Started != nil && v.Completed != nil {
		event.Duration = v.Completed.Sub(*v.Started)
	}
	if state == Failed {
		t.failed = append(t.failed, s)
	}
	t.report(event)
}

// culprit is the step that made the build fail: the one that the error names, or else the first that failed by itself.
func (t *tracker) culprit(id digest.Digest) *step {
	if s := t.steps[id]; s != nil && s.name != "" {
		return s
	}
	for _, s := range t.failed {
		if !strings.Contains(s.reason, "context canceled") {
			return s
		}
	}
	return nil
}

// tail keeps the last lines of a step's output.
type tail struct {
	lines   []string
	partial map[int][]byte // what each stream has written of its next line
}

func (t *tail) write(stream int, data []byte) {
	for _, b := range data {
		partial := t.partial[stream]
		switch {
		case b == '\n':
			t.end(stream)
		case len(partial) < maxLine:
			if t.partial == nil {
				t.partial = map[int][]byte{}
			}
			t.partial[stream] = append(partial, b)
		}
	}
}

func (t *tail) end(stream int) {
	if len(t.lines) == logLines {
		t.lines = append(t.lines[:0], t.lines[1:]...)
	}
	// A progress bar draws over itself; what is left on the line in the end is what follows the last return.
	line := strings.TrimRight(string(t.partial[stream]), "\r")
	t.lines = append(t.lines, line[strings.LastIndexByte(line, '\r')+1:])
	delete(t.partial, stream)
}

// last are the lines so far, unfinished ones included.
func (t *tail) last(hide replacer) []string {
	for _, stream := range slices.Sorted(maps.Keys(t.partial)) {
		t.end(stream)
	}
	out := make([]string, len(t.lines))
	for i, line := range t.lines {
		out[i] = hide.Replace(strings.ToValidUTF8(line, "\uFFFD"))
	}
	return out
}
