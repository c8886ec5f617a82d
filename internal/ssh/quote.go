package ssh

import (
	"errors"
	"strings"
)

// errNUL refuses what no process can be given.
var errNUL = errors.New("an argument contains a NUL byte")

// Quote joins an argument list to a line that a shell splits into exactly these arguments again, with nothing expanded.
// It is the only way by which anything reaches a host's shell. Backslashes stand outside the quotes, so that fish, which
// reads them inside single quotes too, agrees with the POSIX shells. An argument must not contain a NUL byte.
func Quote(args ...string) string {
	var line strings.Builder
	for i, arg := range args {
		if i > 0 {
			line.WriteByte(' ')
		}
		quoteOne(&line, arg)
	}
	return line.String()
}

func quoteOne(line *strings.Builder, arg string) {
	if arg != "" && strings.Trim(arg, safe) == "" {
		line.WriteString(arg)
		return
	}
	line.WriteByte('\'')
	for i := range len(arg) {
		switch c := arg[i]; c {
		case '\'', '\\':
			line.WriteString(`'\`)
			line.WriteByte(c)
			line.WriteByte('\'')
		default:
			line.WriteByte(c)
		}
	}
	line.WriteByte('\'')
}

// safe are the bytes that no shell gives a meaning, wherever they stand. "=" and "~" are not among them: a first word
// with "=" would be an assignment.
const safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+,"

// commandLine is Quote for a whole command.
func commandLine(args []string) (string, error) {
	if len(args) == 0 || args[0] == "" {
		return "", errors.New("a command needs a program")
	}
	for _, arg := range args {
		if strings.IndexByte(arg, 0) >= 0 {
			return "", errNUL
		}
	}
	return Quote(args...), nil
}
