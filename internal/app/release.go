package app

import (
	"strconv"
	"strings"
	"time"
)

// Release is an immutable record of one deploy, kept on every host it runs on.
type Release struct {
	ID     string `json:"id"` // "42-a1b2c3d"
	Number int    `json:"number"`
	Spec   Spec   `json:"spec"`
	// Images are what each service runs, by service name.
	Images map[string]Image `json:"images"`
	// Configs are the hashes of each service's container, by service name.
	Configs map[string]string `json:"configs"`
	At      time.Time         `json:"at"`
	By      string            `json:"by"`
	Why     string            `json:"why,omitempty"`
	RunID   string            `json:"run_id"`
	Fence   int64             `json:"fence"`
}

// ReleaseID names a release by number and source.
func ReleaseID(number int, source string) string { return strconv.Itoa(number) + "-" + source }

// ReleaseNumber reads the number from a release's id; 0 where there is none.
func ReleaseNumber(id string) int {
	text, _, _ := strings.Cut(id, "-")
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// Fence is the right to change a site on a host. A host refuses a lower number than it has recorded, and of two runs
// with the same number (a run and its reset) the one that came first.
type Fence struct {
	Number int64  `json:"number"`
	RunID  string `json:"run_id"`
}
