package app

import "time"

// Watch is how a new release is watched once it serves.
type Watch struct {
	// For is how long after the switch; 0 means not at all.
	For time.Duration `json:"for,omitempty"`
	// MaxFailureRatio is the share of requests, 0 to 1, that may fail: answered with a status of 500 and above, or not at
	// all. The loader fills in DefaultMaxFailureRatio.
	MaxFailureRatio float64 `json:"max_failure_ratio,omitempty"`
	// Action is what a failed watch does; empty means WatchReturn.
	Action string `json:"action,omitempty"`
}

// The actions of a watch, in the compose specification's words for update_config.failure_action.
const (
	WatchReturn   = "rollback" // the traffic goes back to the old release by itself
	WatchPause    = "pause"    // a person is asked
	WatchContinue = "continue" // the result tells of it, no more
)

// DefaultMaxFailureRatio is the share of failed requests that a watch allows where the file says nothing.
const DefaultMaxFailureRatio = 0.05

// Canary shifts traffic to a new release step by step, with a watch at each.
type Canary struct {
	// Weights are the new release's shares of the requests in percent, rising, the last 100.
	Weights []int `json:"weights"`
	// Each is how long a step below 100 is watched.
	Each time.Duration `json:"each"`
}

// Approve asks for a person's yes.
type Approve struct {
	// Within is how long a run waits for it; 0 means DefaultApproval.
	Within time.Duration `json:"within,omitempty"`
}

// DefaultApproval is how long a run waits for a person where nothing says how long.
const DefaultApproval = 24 * time.Hour
