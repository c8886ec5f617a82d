package bootstrap

import (
	"slices"
	"strings"
)

// fields are the words of a command's output; nil for none.
func fields(out string) []string {
	if out == "" {
		return nil
	}
	return strings.Fields(out)
}

// lines is a text with its lines sorted, for comparing what has no order.
func lines(text string) string {
	out := strings.Split(strings.TrimSpace(text), "\n")
	slices.Sort(out)
	return strings.Join(out, "\n")
}
