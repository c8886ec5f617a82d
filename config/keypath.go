package config

import (
	"strconv"
	"strings"
)

// keyPath is the way to a key: names of mappings and, for items of lists, "[0]". Names may hold dots, so the text form
// is for people only.
type keyPath []string

// with returns the path of keys below p, sharing nothing with it.
func (p keyPath) with(keys ...string) keyPath {
	out := make(keyPath, 0, len(p)+len(keys))
	return append(append(out, p...), keys...)
}

// item is the path of a list's item.
func (p keyPath) item(i int) keyPath { return p.with("[" + strconv.Itoa(i) + "]") }

// last is the path's last key, empty for the root.
func (p keyPath) last() string {
	if len(p) == 0 {
		return ""
	}
	return p[len(p)-1]
}

// String joins the keys by dots.
func (p keyPath) String() string {
	var b strings.Builder
	for i, key := range p {
		if i > 0 && !strings.HasPrefix(key, "[") {
			b.WriteByte('.')
		}
		b.WriteString(key)
	}
	return b.String()
}

// index reads "[3]".
func index(key string) (int, bool) {
	inner, ok := strings.CutPrefix(key, "[")
	if !ok {
		return 0, false
	}
	inner, ok = strings.CutSuffix(inner, "]")
	if !ok {
		return 0, false
	}
	i, err := strconv.Atoi(inner)
	return i, err == nil && i >= 0
}
