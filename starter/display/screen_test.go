package display

import (
	"bytes"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/starter/run"
)

// terminal is enough of one to draw on: it obeys the codes that the screen writes, and wraps long lines.
type terminal struct {
	width    int
	rows     [][]rune
	row, col int
}

func (v *terminal) write(t *testing.T, text string) {
	t.Helper()
	for i := 0; i < len(text); {
		rest := text[i:]
		switch {
		case strings.HasPrefix(rest, "\x1b["):
			end := strings.IndexAny(rest[2:], "ABCDHJKmlh")
			if end < 0 {
				t.Fatalf("a code without an end: %q", rest)
			}
			v.obey(t, rest[2:2+end], rest[2+end])
			i += end + 3
		case rest[0] == '\r':
			v.col = 0
			i++
		case rest[0] == '\n':
			v.row++
			i++
		default:
			r := []rune(rest)[0]
			if v.col == v.width {
				v.row, v.col = v.row+1, 0
			}
			v.line()[v.col] = r
			v.col++
			i += len(string(r))
		}
	}
}

func (v *terminal) line() []rune {
	for len(v.rows) <= v.row {
		v.rows = append(v.rows, []rune(strings.Repeat(" ", v.width)))
	}
	return v.rows[v.row]
}

func (v *terminal) obey(t *testing.T, argument string, code byte) {
	t.Helper()
	switch code {
	case 'A':
		n := 0
		for _, digit := range argument {
			n = n*10 + int(digit-'0')
		}
		if v.row -= n; v.row < 0 {
			t.Fatal("the cursor leaves the screen")
		}
	case 'K':
		copy(v.line()[v.col:], []rune(strings.Repeat(" ", v.width)))
	case 'J':
		v.line()
		copy(v.rows[v.row][v.col:], []rune(strings.Repeat(" ", v.width)))
		v.rows = v.rows[:v.row+1]
	}
}

func (v *terminal) text() string {
	var lines []string
	for _, row := range v.rows {
		lines = append(lines, strings.TrimRight(string(row), " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

func TestScreenRedrawsInPlace(t *testing.T) {
	var out bytes.Buffer
	width := 40
	s := &screen{w: &out, title: "deploy shop", size: func() (int, int) { return width, 24 }}
	screen := &terminal{width: 40}
	draw := func(v run.View, last bool) string {
		out.Reset()
		s.Show(v)
		s.draw(at(10), last)
		if strings.Contains(out.String(), "\x1b[2J") {
			t.Error("the screen is cleared, which flickers; or a step's own codes reach it")
		}
		screen.write(t, out.String())
		return screen.text()
	}
	views := story()
	for _, v := range views {
		if got, want := draw(v, false), 1; strings.Count(got, "deploy shop") != want {
			t.Fatalf("the title is not drawn over:\n%s", got)
		}
	}
	if got := draw(views[1], false); strings.Contains(got, "switch") {
		t.Errorf("lines of a longer frame stay behind:\n%s", got)
	}
	long := run.View{Started: at(0), Steps: []run.Step{{Text: strings.Repeat("long ", 30), State: run.Running}}}
	if got := draw(long, false); len(strings.Split(got, "\n")) != 2 {
		t.Errorf("a long line is not cut to the width:\n%s", got)
	}
	if got := draw(long, true); strings.Count(strings.ReplaceAll(got, "\n", ""), "long") != 30 {
		t.Errorf("the last frame is cut:\n%s", got)
	}
}

func TestScreenAfterTheTerminalWasMadeNarrower(t *testing.T) {
	var out bytes.Buffer
	width := 40
	s := &screen{w: &out, title: strings.Repeat("x", 39), size: func() (int, int) { return width, 24 }}
	s.draw(at(0), false)
	width = 20
	out.Reset()
	s.draw(at(0), false)
	// The title of 39 columns takes two rows of 20 now.
	if !strings.HasPrefix(out.String(), "\x1b[2A") {
		t.Errorf("moves up by %q, want two rows", out.String()[:6])
	}
}

func TestScreenGivesTheCursorBack(t *testing.T) {
	var out bytes.Buffer
	s := newScreen(&out, "deploy")
	s.Show(story()[3])
	s.Close()
	s.Close()
	if text := out.String(); !strings.HasPrefix(text, hideCursor) || !strings.HasSuffix(text, showCursor) {
		t.Errorf("got %q", text)
	}
}

func TestNoColor(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	if newPaint(TTY).on {
		t.Error("NO_COLOR is not honoured")
	}
	t.Setenv("NO_COLOR", "")
	if !newPaint(TTY).on || newPaint(Plain).on {
		t.Error("colours are for terminals, and for those alone")
	}
}
