package config

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"
)

// fields reads a mapping key by key. A value of the wrong type is reported and read as absent; what has not been asked
// for when done is called is an unknown key.
type fields struct {
	values map[string]any
	path   keyPath
	report *report
	asked  []string
}

// mapping starts reading a value that must be a mapping; nil and nothing read where it is none.
func mapping(r *report, path keyPath, value any) *fields {
	f := &fields{path: path, report: r}
	switch v := value.(type) {
	case map[string]any:
		f.values = v
	case nil:
	default:
		r.add(path, "must be a mapping, not "+describe(value), "")
	}
	return f
}

// get returns a value as it is; an empty one counts as absent.
func (f *fields) get(key string) (any, bool) {
	f.asked = append(f.asked, key)
	v, ok := f.values[key]
	return v, ok && v != nil
}

func (f *fields) wrong(key, want string, got any) {
	f.report.add(f.path.with(key), "must be "+want+", not "+describe(got), "")
}

func (f *fields) text(key string) string {
	v, ok := f.get(key)
	if !ok {
		return ""
	}
	s, ok := v.(string)
	if !ok {
		f.wrong(key, "text", v)
	}
	return s
}

// oneOf is text that must be one of the words known.
func (f *fields) oneOf(key string, known ...string) string {
	s := f.text(key)
	if s == "" || slices.Contains(known, s) {
		return s
	}
	f.report.add(f.path.with(key), "must be one of "+strings.Join(known, ", "), didYouMean(s, known))
	return ""
}

func (f *fields) boolean(key string) bool {
	v, ok := f.get(key)
	if !ok {
		return false
	}
	switch v := v.(type) {
	case bool:
		return v
	case string: // a variable that was filled in
		if b, err := strconv.ParseBool(v); err == nil {
			return b
		}
	}
	f.wrong(key, "true or false", v)
	return false
}

// number is a whole number between low and high; the second answer is false where it is absent or wrong.
func (f *fields) number(key string, low, high int) (int, bool) {
	v, ok := f.get(key)
	if !ok {
		return 0, false
	}
	n, ok := wholeNumber(v)
	if !ok {
		f.wrong(key, "a whole number", v)
		return 0, false
	}
	if n < low || n > high {
		f.report.add(f.path.with(key), fmt.Sprintf("must be from %d to %d, not %d", low, high, n), "")
		return 0, false
	}
	return n, true
}

// numbers is a list of whole numbers between low and high. What is wrong with an item is reported, and the item left out.
func (f *fields) numbers(key string, low, high int) []int {
	v, ok := f.get(key)
	if !ok {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		f.wrong(key, "a list of whole numbers", v)
		return nil
	}
	out := make([]int, 0, len(list))
	for i, item := range list {
		n, ok := wholeNumber(item)
		switch path := f.path.with(key).item(i); {
		case !ok:
			f.report.add(path, "must be a whole number, not "+describe(item), "")
		case n < low || n > high:
			f.report.add(path, fmt.Sprintf("must be from %d to %d, not %d", low, high, n), "")
		default:
			out = append(out, n)
		}
	}
	return out
}

func wholeNumber(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case int64:
		return int(v), true
	case uint64:
		return int(v), v <= math.MaxInt
	case float64:
		return int(v), v == math.Trunc(v) && math.Abs(v) < 1<<53
	case string: // a variable that was filled in
		n, err := strconv.Atoi(v)
		return n, err == nil
	}
	return 0, false
}

// duration is nil where it is absent or wrong; "0" and 0 are zero.
func (f *fields) duration(key string) *time.Duration {
	v, ok := f.get(key)
	if !ok {
		return nil
	}
	text, isText := v.(string)
	if n, ok := wholeNumber(v); ok && n == 0 {
		text, isText = "0s", true
	}
	d, err := time.ParseDuration(text)
	switch {
	case !isText || err != nil:
		f.report.add(f.path.with(key), "must be a duration, not "+describe(v), `write a number with its unit, such as "500ms", "30s" or "2m"`)
		return nil
	case d < 0:
		f.report.add(f.path.with(key), "must not be negative", "")
		return nil
	}
	return &d
}

// size is a number of bytes, plain or with a unit; 0 where it is absent or wrong.
func (f *fields) size(key string) int64 {
	v, ok := f.get(key)
	if !ok {
		return 0
	}
	if n, ok := wholeNumber(v); ok && n >= 0 {
		return int64(n)
	}
	if s, ok := v.(string); ok {
		if n, err := units.RAMInBytes(s); err == nil && n >= 0 {
			return n
		}
	}
	f.report.add(f.path.with(key), "must be a size, not "+describe(v), `write bytes, or a number with its unit, such as "10mb"`)
	return 0
}

// texts is a list of texts, or one text alone.
func (f *fields) texts(key string) []string {
	v, ok := f.get(key)
	if !ok {
		return nil
	}
	switch v := v.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	case []any:
		out := make([]string, 0, len(v))
		for i, item := range v {
			s, ok := item.(string)
			if !ok {
				f.report.add(f.path.with(key).item(i), "must be text, not "+describe(item), "")
				continue
			}
			out = append(out, s)
		}
		return out
	}
	f.wrong(key, "a list of texts", v)
	return nil
}

// command is a program and its arguments, as a list; nil where it is absent or wrong. The example is one, as written.
func (f *fields) command(key, example string) []string {
	v, ok := f.get(key)
	if line, isText := v.(string); isText {
		f.report.add(f.path.with(key), "must be a list, not "+describe(line), "write the program and its arguments, such as "+example)
		return nil
	}
	command := f.texts(key)
	if ok && (len(command) == 0 || command[0] == "") && !f.report.has(f.path.with(key)) {
		f.report.add(f.path.with(key), "names no program", "")
	}
	return command
}

// sub reads a mapping inside this one.
func (f *fields) sub(key string) *fields {
	v, _ := f.get(key)
	return mapping(f.report, f.path.with(key), v)
}

// refuse reports keys that are known and cannot be honoured.
func (f *fields) refuse(reasons map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(reasons)) {
		f.asked = append(f.asked, key)
		if _, ok := f.values[key]; ok {
			f.report.add(f.path.with(key), "not supported yet", reasons[key])
		}
	}
}

// done reports what nothing asked for. Keys that begin with "x-" are the user's own.
func (f *fields) done() {
	for _, key := range slices.Sorted(maps.Keys(f.values)) {
		if slices.Contains(f.asked, key) || strings.HasPrefix(key, "x-") {
			continue
		}
		f.report.add(f.path.with(key), "unknown key", didYouMean(key, f.asked))
	}
}
