package config

import (
	"math"
	"regexp"
	"strconv"
)

// minRate is the least that a limit may be, in bytes a second: less is a unit that was forgotten.
const minRate = 1000

const rateAdvice = `write a number with its unit, such as "50MB/s", "50MiB/s" or "400Mbit/s"; 0 for no limit`

// rateForm is a number, and a unit with or without a prefix. "b" alone is not taken: some mean bits by it, some bytes.
var rateForm = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) ?(?:([kKMG])(i?))?(B|bit)/s$`)

// parseRate reads bytes a second, plain or with a unit; false where the value is none. 0 is no limit.
func parseRate(v any) (int64, bool) {
	if n, ok := wholeNumber(v); ok {
		return int64(n), n == 0 || n >= minRate
	}
	text, _ := v.(string)
	parts := rateForm.FindStringSubmatch(text)
	if parts == nil {
		return 0, false
	}
	rate, err := strconv.ParseFloat(parts[1], 64)
	if err != nil {
		return 0, false
	}
	thousand := 1000.0
	if parts[3] != "" {
		thousand = 1024
	}
	switch parts[2] {
	case "k", "K":
		rate *= thousand
	case "M":
		rate *= thousand * thousand
	case "G":
		rate *= thousand * thousand * thousand
	}
	if parts[4] == "bit" {
		rate /= 8
	}
	return int64(rate), rate == 0 || rate >= minRate && rate <= math.MaxInt64/2
}

// rate is a number of bytes a second as it was written; nil where it is absent or wrong.
func (f *fields) rate(key string) any {
	v, ok := f.get(key)
	if !ok {
		return nil
	}
	if _, ok := parseRate(v); !ok {
		f.report.add(f.path.with(key), "must be a rate of at least 1kB/s, not "+describe(v), rateAdvice)
		return nil
	}
	return v
}
