package display

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/starter/run"
	"github.com/longshore-dev/longshore/workflows"
)

func at(seconds int) time.Time { return time.Date(2025, 1, 2, 3, 4, 5+seconds, 0, time.UTC) }

// story is a run as a follower sees it, view by view.
func story() []run.View {
	build := run.Step{ID: "1", Name: "build", Text: "build web", State: run.Queued, Scheduled: at(0)}
	send := run.Step{ID: "2", Name: "transfer", Host: "web-1", Text: "transfer web", State: run.Queued, Scheduled: at(2)}
	built, sending, retried, sent, failed := build, send, send, send, send
	built.State, built.Ended = run.Done, at(2)
	sending.State, sending.Attempt, sending.Beat = run.Running, 1, activities.Beat{Done: 4e6, Total: 8e6, Saved: 350e6, Unit: "bytes"}
	retried.State, retried.Attempt, retried.Problem = run.Queued, 2, "connection cut\x1b[2J\nat 4 MB"
	sent.State, sent.Attempt, sent.Ended, sent.Beat = run.Done, 2, at(5), activities.Beat{Done: 8e6, Total: 8e6, Unit: "bytes"}
	failed.ID, failed.Text, failed.State, failed.Scheduled, failed.Ended, failed.Problem = "3", "switch", run.Failed, at(5), at(6), "no"
	question := &workflows.Question{Waiting: true, Text: "Keep it?", Yes: "it stays", No: "it\x1b[2J goes", Until: at(3600)}
	return []run.View{
		{},
		{Waiting: run.WaitingForWorker},
		{Ahead: []string{"deploy aaa by ann", "restart by ci"}},
		{Ahead: []string{"restart by ci"}},
		{Started: at(0), URL: "http://ui/run", Handle: "7 --site production"},
		{Started: at(0), URL: "http://ui/run", Handle: "7 --site production", Question: question},
		{Started: at(0), Steps: []run.Step{build}},
		{Started: at(0), Steps: []run.Step{built, send}},
		{Started: at(0), Steps: []run.Step{built, sending}},
		{Started: at(0), Steps: []run.Step{built, retried}, Waiting: run.WaitingForWorker},
		{Started: at(0), Steps: []run.Step{built, sent, failed}, Cancelled: true},
		{Started: at(0), Steps: []run.Step{built, sent, failed}, Cancelled: true, Ended: at(7)},
	}
}

func TestPlainLines(t *testing.T) {
	var out bytes.Buffer
	f := NewFollower(Plain, &out, "deploy shop")
	for _, v := range story() {
		f.Show(v)
		f.Show(v) // the same again tells nothing
	}
	f.Close()
	want := `deploy shop
wait    waiting for a worker
queued  2 ahead: deploy aaa by ann, restart by ci
resume  goes on
queued  1 ahead: restart by ci
web UI  http://ui/run
ask     Keep it?
        longshore approve 7 --site production: it stays
        longshore reject 7 --site production: it[2J goes
        decided without an answer UNTIL
resume  it is decided
start   build web
done    build web (2.0s)
start   web-1: transfer web
retry   web-1: transfer web (attempt 2): connection cut[2J …
wait    waiting for a worker
done    web-1: transfer web (3.0s, 8.0 MB)
start   web-1: switch
FAILED  web-1: switch (1.0s): no
cancel  was asked for; undoing what was done
resume  goes on
`
	got := regexp.MustCompile(`at \w+ \d+ \d\d:\d\d, in .*`).ReplaceAllString(out.String(), "UNTIL")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("plain lines have control codes")
	}
}

// A long step tells in lines how far it has come, and not with each beat.
func TestPlainProgress(t *testing.T) {
	views := story()
	sending := changes(views[7], views[8], at(4))
	if len(sending) != 1 || plainLine(sending[0]) != "sent    web-1: transfer web (4.0 MB of 8.0 MB, 350.0 MB saved)" {
		t.Errorf("got %+v", sending)
	}
	var p pace
	var told []int
	p.turn("2", 0, at(0))
	for second := range 25 {
		if p.turn("2", plainEvery, at(second)) {
			told = append(told, second)
		}
	}
	if diff := cmp.Diff([]int{10, 20}, told); diff != "" {
		t.Errorf("told after seconds (-want +got):\n%s", diff)
	}
}

func TestJSONLines(t *testing.T) {
	var out bytes.Buffer
	f := NewFollower(JSON, &out, "deploy shop")
	for _, v := range story() {
		f.Show(v)
	}
	f.Close()
	var events []string
	for line := range strings.Lines(out.String()) {
		var e struct {
			Event      string
			At         time.Time
			DurationMS *int64 `json:"duration_ms"`
			URL        string
			Ahead      int
			Question   *question
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.At.IsZero() {
			t.Fatalf("%q: %v", line, err)
		}
		if ends := strings.HasSuffix(e.Event, "-ended"); ends != (e.DurationMS != nil) {
			t.Errorf("%q: a duration belongs to what ends, and to that alone", line)
		}
		if (e.Event == "run-started") != (e.URL != "") || (e.Event == "queued") != (e.Ahead > 0) || (e.Event == "question") != (e.Question != nil) {
			t.Errorf("%q has too much or too little", line)
		}
		if q := e.Question; q != nil && (q.Text != "Keep it?" || q.Approve != "longshore approve 7 --site production" || q.Until.IsZero()) {
			t.Errorf("the question is %+v", q)
		}
		events = append(events, e.Event)
	}
	want := []string{
		"waiting", "queued", "resumed", "queued", "run-started", "question", "decided", "step-started", "step-ended", "step-started", "step-progress", "step-retrying", "waiting",
		"step-ended", "step-started", "step-ended", "cancel-requested", "resumed", "run-ended",
	}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestFrame(t *testing.T) {
	story := story()
	at10 := story[9]
	at10.URL = "http://ui/run"
	got := strings.Join(frame(paint{}, "deploy shop", at10, at(10), 0, 0), "\n")
	want := `deploy shop  10s
http://ui/run
  ✓ build web  2.0s
web-1
  · transfer web  8.0s  attempt 2  connection cut[2J …
waiting for a worker`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("frame (-want +got):\n%s", diff)
	}
	got = frame(paint{}, "deploy", story[8], at(4), 1, 0)[3]
	if got != "  ⠙ transfer web  2.0s  4.0 MB of 8.0 MB, 350.0 MB saved" {
		t.Errorf("got %q", got)
	}
	got = strings.Join(frame(paint{}, "deploy", story[2], at(4), 0, 0), "\n")
	if want := "deploy\nwaits for its turn, 2 ahead: deploy aaa by ann, restart by ci"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got = strings.Join(frame(paint{}, "deploy", story[5], at(0), 0, 0), "\n")
	for _, want := range []string{"\nKeep it?\n", "  longshore approve 7 --site production: it stays", ", in 1h00m"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %q, which has no %q", got, want)
		}
	}
}

func TestFrameFitsTheScreen(t *testing.T) {
	v := run.View{Started: at(0)}
	for range 50 {
		v.Steps = append(v.Steps, run.Step{Host: "web-1", Text: "step", State: run.Done})
	}
	v.Steps = append(v.Steps, run.Step{Host: "web-1", Text: "switch", State: run.Running})
	lines := frame(paint{}, "deploy", v, at(1), 0, 10)
	if text := strings.Join(lines, "\n"); len(lines) > 10 || !strings.Contains(text, "50 steps done") || !strings.Contains(text, "switch") {
		t.Errorf("got:\n%s", text)
	}
	for i := range v.Steps {
		v.Steps[i].State = run.Failed
	}
	if lines := frame(paint{}, "deploy", v, at(1), 0, 10); len(lines) != 10 || !strings.Contains(lines[9], "more lines") {
		t.Errorf("got %d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}
