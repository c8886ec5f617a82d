package display

import "os"

// paint colours text where colours are wanted. The zero value does not.
type paint struct{ on bool }

// newPaint follows https://no-color.org: NO_COLOR set to anything but nothing turns colours off.
func newPaint(f Format) paint { return paint{on: f == TTY && os.Getenv("NO_COLOR") == ""} }

func (p paint) wrap(code, text string) string {
	if !p.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (p paint) bold(text string) string   { return p.wrap("1", text) }
func (p paint) dim(text string) string    { return p.wrap("2", text) }
func (p paint) red(text string) string    { return p.wrap("31", text) }
func (p paint) green(text string) string  { return p.wrap("32", text) }
func (p paint) yellow(text string) string { return p.wrap("33", text) }
