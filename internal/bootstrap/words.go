package bootstrap

import (
	"slices"
	"strings"
)

// lines is a text with its lines sorted, for comparing what has no order.
func lines(text string) string {
	out := strings.Split(strings.TrimSpace(text), "\n")
	slices.Sort(out)
	return strings.Join(out, "\n")
}
