package command

import (
	"testing"
	"time"
)

func TestParseUntil(t *testing.T) {
	zone := time.FixedZone("there", 2*60*60)
	now := time.Date(2025, 3, 4, 10, 30, 0, 0, zone)
	day := func(month time.Month, d, hour, minute int) time.Time {
		return time.Date(2025, month, d, hour, minute, 0, 0, zone)
	}
	for text, want := range map[string]time.Time{
		"":                          {},
		"48h":                       now.Add(48 * time.Hour),
		"90m":                       now.Add(90 * time.Minute),
		"18:00":                     day(3, 4, 18, 0),
		"2025-03-05":                day(3, 5, 0, 0),
		"2025-03-04 10:31":          day(3, 4, 10, 31),
		"2025-03-04T12:00":          day(3, 4, 12, 0),
		"2025-03-04T12:00:00Z":      day(3, 4, 14, 0),
		"2025-03-04T12:00:00+02:00": day(3, 4, 12, 0),
	} {
		if got, err := parseUntil(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"10:30", "09:00", "-1h", "0s", "tomorrow", "2025-03-04", "25:00", "2025-13-01"} {
		if got, err := parseUntil(text, now); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}
