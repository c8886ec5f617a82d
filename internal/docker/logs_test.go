package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/pkg/stdcopy"

	"github.com/longshore-dev/longshore/internal/host"
)

// logged answers the logs of a container.
func logged(tty bool, write func(io.Writer)) *fakeEngine {
	return &fakeEngine{version: "1.41", answers: map[string]http.HandlerFunc{
		"GET /containers/x/json": answer(200, map[string]any{"Id": "x", "Config": map[string]any{"Tty": tty}}),
		"GET /containers/x/logs": func(w http.ResponseWriter, r *http.Request) {
			if r.FormValue("stdout") != "1" || r.FormValue("stderr") != "1" {
				panic("a stream was not asked for")
			}
			write(w)
		},
	}}
}

func TestLogs(t *testing.T) {
	long := strings.Repeat("x", 3*maxLine)
	for name, test := range map[string]struct {
		tty   bool
		lines int
		write func(io.Writer)
		want  []string
	}{
		"streams in turn": {false, 10, func(w io.Writer) {
			stdout, stderr := stdcopy.NewStdWriter(w, stdcopy.Stdout), stdcopy.NewStdWriter(w, stdcopy.Stderr)
			fmt.Fprint(stdout, "one\ntw")
			fmt.Fprint(stderr, "error\n")
			fmt.Fprint(stdout, "o\nrest")
		}, []string{"one", "error", "two", "rest"}},
		"terminal":        {true, 10, func(w io.Writer) { fmt.Fprint(w, "one\r\ntwo\r\n") }, []string{"one", "two"}},
		"more than asked": {true, 2, func(w io.Writer) { fmt.Fprint(w, "1\n2\n3\n4\n") }, []string{"3", "4"}},
		"long line":       {true, 2, func(w io.Writer) { fmt.Fprint(w, long+"\nnext\n") }, []string{long[:maxLine], "next"}},
		"empty lines":     {true, 5, func(w io.Writer) { fmt.Fprint(w, "a\n\nb\n") }, []string{"a", "", "b"}},
		"none":            {true, 5, func(io.Writer) {}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := startFake(t, logged(test.tty, test.write)).ContainerLogs(t.Context(), "x", test.lines)
			if err != nil || strings.Join(got, "|") != strings.Join(test.want, "|") {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

// An engine that keeps lines in pieces begins with a piece of a line; the lines that are kept are whole.
func TestLogsOfLinesInPieces(t *testing.T) {
	var pieces []string
	for i := range 20 {
		pieces = append(pieces, fmt.Sprintf("line %d ", i), "goes on ", "and ends\n")
	}
	fake := logged(false, nil)
	fake.answers["GET /containers/x/logs"] = func(w http.ResponseWriter, r *http.Request) {
		tail, err := strconv.Atoi(r.FormValue("tail"))
		if err != nil {
			panic(err)
		}
		stdout := stdcopy.NewStdWriter(w, stdcopy.Stdout)
		for _, piece := range pieces[max(0, len(pieces)-tail):] {
			fmt.Fprint(stdout, piece)
		}
	}
	got, err := startFake(t, fake).ContainerLogs(t.Context(), "x", 2)
	want := []string{"line 18 goes on and ends", "line 19 goes on and ends"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestFollowEndsWithItsContext(t *testing.T) {
	e := startFake(t, logged(false, func(w io.Writer) {
		fmt.Fprint(stdcopy.NewStdWriter(w, stdcopy.Stdout), "one\n")
		w.(http.Flusher).Flush()
		select {
		case <-t.Context().Done():
		case <-time.After(10 * time.Second):
		}
	}))
	ctx, cancel := context.WithCancel(t.Context())
	stdout := writerFunc(func(p []byte) { cancel() })
	err := e.ContainerFollow(ctx, "x", host.FollowOptions{Follow: true, Tail: -1}, stdout, io.Discard)
	if !errors.Is(err, context.Canceled) || errors.Is(err, host.ErrUnreachable) {
		t.Errorf("%v", err)
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }
