package display

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"golang.org/x/term"
)

// Format is how output looks.
type Format string

// The formats. TTY draws in place and in colour; Plain prints lines without control codes; JSON prints objects.
const (
	TTY   Format = "tty"
	Plain Format = "plain"
	JSON  Format = "json"
)

// ParseFormat reads a format's name. "auto" is TTY where w is a terminal that can be drawn on, and Plain elsewhere.
func ParseFormat(name string, w io.Writer) (Format, error) {
	switch Format(name) {
	case TTY, Plain, JSON:
		return Format(name), nil
	case "auto":
		if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
			return TTY, nil
		}
		return Plain, nil
	}
	return "", fmt.Errorf("-o %s is none of auto, tty, plain and json", name)
}

// Clean makes text of a container or a host safe to print: control characters, which could drive the terminal, are
// left out, and tabs become spaces.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case unicode.IsControl(r) || r == unicode.ReplacementChar || unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, text)
}

// oneLine is the first line of a text, cleaned.
func oneLine(text string) string {
	first, rest, more := strings.Cut(strings.TrimSpace(text), "\n")
	if more && strings.TrimSpace(rest) != "" {
		first += " …"
	}
	return Clean(first)
}

// Duration is a time for a person: "0.4s", "12s", "3m05s", "2h04m".
func Duration(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}

// Bytes is a size for a person, in powers of 1000: "512 B", "8.4 MB".
func Bytes(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n), 0
	for value >= 999.95 && unit < len(" kMGTPE")-1 {
		value /= 1000
		unit++
	}
	return fmt.Sprintf("%.1f %cB", value, " kMGTPE"[unit])
}

// Ago is how long ago a time was: "3m ago"; "-" for the zero time.
func Ago(at, now time.Time) string {
	if at.IsZero() {
		return "-"
	}
	d := max(0, now.Sub(at))
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh ago", int(d.Hours()))
	}
	return fmt.Sprintf("%dd ago", int(d.Hours()/24))
}

// Moment is a time for a person, in their own zone: "15:04" today, "Jan 2 15:04" on another day.
func Moment(at, now time.Time) string {
	at, now = at.Local(), now.Local()
	if at.YearDay() == now.YearDay() && at.Year() == now.Year() {
		return at.Format("15:04")
	}
	return at.Format("Jan 2 15:04")
}

// Until is a time to come for a person: "at 15:04, in 2m05s".
func Until(at, now time.Time) string {
	return "at " + Moment(at, now) + ", in " + Duration(max(0, at.Sub(now)))
}
