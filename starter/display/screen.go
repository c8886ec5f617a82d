package display

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/longshore-dev/longshore/starter/run"
)

// frameEvery is the pace of the spinner and of elapsed times.
const frameEvery = 100 * time.Millisecond

// screen draws a run in place and redraws it as it goes on. Each frame is one write, and overwrites the one before
// without clearing it first, so that nothing flickers.
type screen struct {
	w     io.Writer
	title string
	paint paint
	size  func() (width, height int)

	mu    sync.Mutex
	view  run.View
	drawn []int // the width of each line of the last frame
	tick  int
	ended bool
	stop  chan struct{}
	done  chan struct{}
}

func newScreen(w io.Writer, title string) *screen {
	s := &screen{
		w: w, title: title, paint: newPaint(TTY), size: func() (int, int) { return terminalSize(w) },
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	_, _ = io.WriteString(w, hideCursor)
	go s.animate()
	return s
}

const (
	hideCursor  = "\x1b[?25l"
	showCursor  = "\x1b[?25h"
	clearToEnd  = "\x1b[K" // of the line
	clearToLast = "\x1b[J" // of the screen
)

// terminalSize falls back to the classic terminal's where w is none.
func terminalSize(w io.Writer) (width, height int) {
	if f, ok := w.(*os.File); ok {
		if width, height, err := term.GetSize(int(f.Fd())); err == nil && width > 0 && height > 0 {
			return width, height
		}
	}
	return 80, 24
}

func (s *screen) Show(v run.View) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view = v
}

func (s *screen) Close() {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return
	}
	s.ended = true
	s.mu.Unlock()
	close(s.stop)
	<-s.done
}

func (s *screen) animate() {
	defer close(s.done)
	ticker := time.NewTicker(frameEvery)
	defer ticker.Stop()
	for {
		select {
		case <-s.stop:
			// The last frame stays on the screen, so it shows all there is to see, however long.
			s.draw(time.Now(), true)
			_, _ = io.WriteString(s.w, showCursor)
			return
		case <-ticker.C:
			s.draw(time.Now(), false)
		}
	}
}

func (s *screen) draw(now time.Time, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	width, height := s.size()
	room := height - 1
	if last {
		room = 0
	}
	lines := frame(s.paint, s.title, s.view, now, s.tick, room)
	s.tick++
	var out strings.Builder
	// A terminal that was made narrower has wrapped the old frame: count the rows that it takes up now.
	rows := 0
	for _, w := range s.drawn {
		rows += max(1, (w+width-1)/width)
	}
	if rows > 0 {
		fmt.Fprintf(&out, "\x1b[%dA\r", min(rows, height-1))
	}
	s.drawn = s.drawn[:0]
	for _, line := range lines {
		// The last column stays free: what a terminal does after a character there differs. The last frame is not drawn
		// over, and shows its lines whole.
		text, visible := line, 0
		if !last {
			text, visible = truncate(line, width-1)
		}
		out.WriteString(text)
		out.WriteString(clearToEnd + "\r\n")
		s.drawn = append(s.drawn, visible)
	}
	out.WriteString(clearToLast)
	_, _ = io.WriteString(s.w, out.String())
}

// truncate cuts a line to a width; escape sequences take no room and are kept.
func truncate(line string, width int) (text string, visible int) {
	var out strings.Builder
	escape, cut := false, false
	for _, r := range line {
		switch {
		case escape:
			out.WriteRune(r)
			escape = r != 'm'
		case r == '\x1b':
			out.WriteRune(r)
			escape = true
		case visible < width:
			out.WriteRune(r)
			visible++
		default:
			cut = true
		}
	}
	if cut && strings.Contains(line, "\x1b") {
		out.WriteString("\x1b[0m")
	}
	return out.String(), visible
}
