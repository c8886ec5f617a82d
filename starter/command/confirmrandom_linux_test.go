package command

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/exit"
)

// A person is asked before a random value takes the place of one that nothing says how to rotate; nobody else is.
func TestRandomValueIsConfirmed(t *testing.T) {
	for name, test := range map[string]struct {
		in      io.Reader
		said    bool
		given   bool
		refused bool
	}{
		"yes":       {in: typedInto(t, "y\n")},
		"no":        {in: typedInto(t, "n\n"), refused: true},
		"a script":  {in: strings.NewReader("n\n")},
		"said":      {in: typedInto(t, "n\n"), said: true},
		"her value": {in: typedInto(t, "n\n"), given: true},
	} {
		t.Run(name, func(t *testing.T) {
			var asked bytes.Buffer
			c := &cli{Streams: Streams{In: test.in, Out: io.Discard, Err: &asked}}
			v := &vault{settings: &config.SecretSettings{Rotations: config.Rotations{}}}
			if test.said {
				v.settings.Rotations["TOKEN"] = app.Rotation{}
			}
			err := c.confirmRandom(t.Context(), &rotateFlags{given: test.given}, v, "TOKEN")
			if (err != nil) != test.refused || test.refused && (exit.Of(err) != exit.Usage || !strings.Contains(asked.String(), "TOKEN")) {
				t.Errorf("%v, after %q", err, asked.String())
			}
		})
	}
}

// typedInto is a terminal into which a text has been typed: the far end of one, to which the near end has written.
func typedInto(t *testing.T, text string) *os.File {
	t.Helper()
	open := func(path string) *os.File {
		f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	terminal := open("/dev/ptmx")
	if err := unix.IoctlSetPointerInt(int(terminal.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(open(fmt.Sprintf("/dev/pts/%d", number)), text); err != nil {
		t.Fatal(err)
	}
	return terminal
}
