package activities

import "strings"

// Beat is the detail of every heartbeat: how far a step has come, in a unit that Unit names.
type Beat struct {
	Done  int64  `json:"done"`
	Total int64  `json:"total,omitempty"` // 0 where it is not known
	Saved int64  `json:"saved,omitempty"` // what need not be done, beside Total
	Unit  string `json:"unit,omitempty"`  // "bytes", or empty for plain counts
	Note  string `json:"note,omitempty"`  // one line for a person, such as a build step
}

// Summary is the text that the web UI shows beside an activity: "[host] what it does", or "what it does" where no host
// is concerned.
func Summary(host, text string) string {
	if host == "" {
		return text
	}
	return "[" + host + "] " + text
}

// ParseSummary takes apart what Summary made.
func ParseSummary(summary string) (host, text string) {
	if rest, ok := strings.CutPrefix(summary, "["); ok {
		if host, text, ok := strings.Cut(rest, "] "); ok {
			return host, text
		}
	}
	return "", summary
}
