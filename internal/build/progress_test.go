package build

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client"
	"github.com/opencontainers/go-digest"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func follow(t *tracker, statuses ...*client.SolveStatus) {
	channel := make(chan *client.SolveStatus, len(statuses))
	for _, s := range statuses {
		channel <- s
	}
	close(channel)
	t.follow(channel)
}

func vertices(vs ...*client.Vertex) *client.SolveStatus { return &client.SolveStatus{Vertexes: vs} }

func output(name string, stream int, text string) *client.SolveStatus {
	return &client.SolveStatus{Logs: []*client.VertexLog{
		{Vertex: digest.FromString(name), Stream: stream, Data: []byte(text)},
	}}
}

// running is a vertex that runs from second 10 to second until; 0 leaves it running.
func running(name string, until int64) *client.Vertex {
	started := time.Unix(10, 0)
	v := &client.Vertex{Digest: digest.FromString(name), Name: name, Started: &started}
	if until > 0 {
		completed := time.Unix(until, 0)
		v.Completed = &completed
	}
	return v
}

func failing(name, reason string) *client.Vertex {
	v := running(name, 12)
	v.Error = reason
	return v
}

func TestEvents(t *testing.T) {
	var got []Event
	tracker := newTracker(func(e Event) { got = append(got, e) }, strings.NewReplacer("hunter2", "***"))
	cached := running("COPY", 10)
	cached.Cached = true
	follow(tracker,
		vertices(&client.Vertex{Digest: digest.FromString("RUN hunter2"), Name: "RUN hunter2"}),
		vertices(running("RUN hunter2", 0), running("RUN hunter2", 0)),
		vertices(cached),
		vertices(running("RUN hunter2", 15)),
		vertices(failing("last", "no")),
	)
	want := []Event{
		{Step: "RUN ***", State: Started},
		{Step: "COPY", State: Cached},
		{Step: "RUN ***", State: Done, Duration: 5 * time.Second},
		{Step: "last", State: Failed, Duration: 2 * time.Second},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestFailure(t *testing.T) {
	dockerfile := []byte("FROM base\nRUN a && \\\n  b\nRUN twice\nRUN twice\n")
	var long strings.Builder
	for i := range 30 {
		fmt.Fprintf(&long, "line %d\n", i)
	}
	unknown := func(text string) error { return status.Error(codes.Unknown, text) }
	for name, test := range map[string]struct {
		err      error
		statuses []*client.SolveStatus
		want     *StepError
	}{
		"exit code, on an engine that names no line": {
			err: unknown("executor failed running [/bin/sh -c a && b]: exit code: 127"),
			statuses: []*client.SolveStatus{
				output("[2/4] RUN a &&   b", 1, "out hunter2\npart"), output("[2/4] RUN a &&   b", 2, "err\r\n"),
				vertices(failing("[2/4] RUN a &&   b", "executor failed running [/bin/sh -c a && b]: exit code: 127")),
			},
			want: &StepError{
				Step: "[2/4] RUN a &&   b", ExitCode: 127, Dockerfile: "Dockerfile", Line: 2,
				Reason: "executor failed running [/bin/sh -c a && b]: exit code: 127", Logs: []string{"out ***", "err", "part"},
			},
		},
		"a line that is there twice": {
			err:      unknown("x"),
			statuses: []*client.SolveStatus{vertices(failing("[3/4] RUN twice", "exit code: 1"))},
			want: &StepError{
				Step: "[3/4] RUN twice", ExitCode: 1, Dockerfile: "Dockerfile", Reason: "exit code: 1", Logs: []string{},
			},
		},
		"the step that failed by itself": {
			err: unknown("x"),
			statuses: []*client.SolveStatus{
				vertices(failing("other", "context canceled: context canceled")), vertices(failing("RUN twice hunter2", "hunter2: no")),
			},
			want: &StepError{Step: "RUN twice ***", Dockerfile: "Dockerfile", Reason: "***: no", Logs: []string{}},
		},
		"the last lines": {
			err:      unknown("x"),
			statuses: []*client.SolveStatus{output("s", 1, long.String()+"10 %\r20 %\r30 %\r\n"), vertices(failing("s", "no"))},
			want: &StepError{
				Step: "s", Dockerfile: "Dockerfile", Reason: "no",
				Logs: append(strings.Split(strings.TrimSpace(long.String()), "\n")[11:], "30 %"),
			},
		},
		"parse error": {
			err: fmt.Errorf("failed to solve: %w", unknown("dockerfile parse error line 3: unknown instruction: RUNN")),
			want: &StepError{
				Dockerfile: "Dockerfile", Line: 3, Reason: "dockerfile parse error line 3: unknown instruction: RUNN",
			},
		},
		"trouble of the engine": {
			err:      status.Error(codes.Internal, "stream ended"),
			statuses: []*client.SolveStatus{vertices(running("s", 0))},
		},
	} {
		t.Run(name, func(t *testing.T) {
			tracker := newTracker(nil, strings.NewReplacer("hunter2", "***"))
			follow(tracker, test.statuses...)
			got := tracker.failure(test.err, "Dockerfile", dockerfile)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("failure (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStepErrorText(t *testing.T) {
	for want, err := range map[string]*StepError{
		"build failed at Dockerfile:2: RUN make: exit code 2\n  cc: no\n  make: no": {
			Step: "RUN make", ExitCode: 2, Reason: "exit code: 2", Logs: []string{"cc: no", "make: no"}, Dockerfile: "Dockerfile", Line: 2,
		},
		"build failed at web.docker:3: unknown instruction: RUNN": {
			Reason: "unknown instruction: RUNN", Dockerfile: "web.docker", Line: 3,
		},
		"build failed: COPY a b: not found": {Step: "COPY a b", Reason: "not found", Dockerfile: "Dockerfile"},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestLongLinesAreCut(t *testing.T) {
	var tail tail
	tail.write(1, []byte(strings.Repeat("x", 3*maxLine)+"\n"))
	if lines := tail.last(strings.NewReplacer()); len(lines) != 1 || len(lines[0]) != maxLine {
		t.Errorf("%d lines, the first of %d bytes", len(lines), len(lines[0]))
	}
}

func TestInvalidUnwraps(t *testing.T) {
	inner := errors.New("inner")
	if err := invalid("outer: %w", inner); !errors.Is(err, inner) || err.Error() != "outer: inner" {
		t.Error(err)
	}
}
