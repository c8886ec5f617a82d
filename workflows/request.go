package workflows

import (
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// The updates and queries of a site's workflow. Each update's argument and answer are in its comment; those that are
// refused fail with an application error whose type is the failure's kind and whose detail is the app.Failure.
const (
	UpdateRequest  = "request"  // Request -> Accepted; refused with app.KindFrozen, app.KindQueueFull or app.KindSpec
	UpdateWithdraw = "withdraw" // Withdrawal -> Withdrawn: a waiting request leaves the queue, one under way is cancelled
	UpdateFreeze   = "freeze"   // FreezeInput -> Kept
	UpdateThaw     = "thaw"     // ThawInput -> Kept
	QueryState     = "state"    // StateQuery, which may be left out -> SiteState
)

// SiteInput begins a site's workflow. Who starts one sets only Site.
type SiteInput struct {
	Site app.Site `json:"site"`
	// Carried is what the workflow hands to itself when it continues as new; nil begins with what the hosts remember.
	Carried *siteMemory `json:"carried,omitempty"`
}

// FreezeInput is a freeze to hold from now on, in place of any before.
type FreezeInput struct {
	app.Freeze
	// Hosts keep it too; empty means those of the site's last request.
	Hosts []app.Host `json:"hosts,omitempty"`
}

// ThawInput ends a site's freeze.
type ThawInput struct {
	Decision
	// At is when it was asked for; zero means when it arrives.
	At time.Time `json:"at,omitzero"`
	// Hosts forget it; empty means those of the site's last request.
	Hosts []app.Host `json:"hosts,omitempty"`
}

// Kept answers a freeze or its end, which hold in any case.
type Kept struct {
	// Missed are the hosts that could not be told, and so would say something else if the engine's database were lost.
	Missed []string `json:"missed,omitempty"`
}

// StateQuery is the argument of QueryState.
type StateQuery struct {
	// Request is the id of a request whose end is answered even if it is not among the last.
	Request string `json:"request,omitempty"`
}

// Request asks a site for a run. Exactly one of its inputs is set, the one that fits Kind.
type Request struct {
	// ID makes a repeat harmless: a site answers a request that it knows with the run that it has for it.
	ID   string      `json:"id"`
	Kind app.RunKind `json:"kind"`
	// Supersede ends waiting requests of the same kind. It waits behind all others all the same.
	Supersede bool `json:"supersede,omitempty"`
	// BreakFreeze goes ahead in spite of a freeze, which is recorded.
	BreakFreeze bool `json:"break_freeze,omitempty"`

	Deploy   *DeployInput   `json:"deploy,omitempty"`
	Recorded *RecordedInput `json:"recorded,omitempty"`
	Stop     *StopInput     `json:"stop,omitempty"`
}

// Accepted is a site's answer to a request.
type Accepted struct {
	// WorkflowID is the run's, which begins when its turn comes.
	WorkflowID string `json:"workflow_id"`
	// Ahead is how many requests are before it, the running one included.
	Ahead int `json:"ahead"`
	// Superseded are the ids of the requests whose place it took.
	Superseded []string `json:"superseded,omitempty"`
}

// Withdrawal names a request that is no longer wanted.
type Withdrawal struct {
	// ID is the request's; empty means the one under way.
	ID string `json:"id,omitempty"`
	By string `json:"by"`
}

// Withdrawn says what a withdrawal met.
type Withdrawn struct {
	ID         string `json:"id,omitempty"`
	WorkflowID string `json:"workflow_id,omitempty"`
	// Running says that the run was under way and has been asked to end.
	Running bool `json:"running,omitempty"`
}

// SiteState is what a site's workflow knows.
type SiteState struct {
	// Current is the release that the last run left serving; empty for none or where it is not known.
	Current string `json:"current,omitempty"`
	// Fence is the highest fencing number that a run of the site has taken.
	Fence   int64      `json:"fence,omitempty"`
	Running *Waiting   `json:"running,omitempty"`
	Queue   []Waiting  `json:"queue,omitempty"` // the next first
	Ended   []EndedRun `json:"ended,omitempty"` // the last first, and not all that are remembered
	// Freeze is the last that was not ended by hand: whether it is in force is a question of the time (Holds).
	Freeze *app.Freeze `json:"freeze,omitempty"`
	// Behind are hosts that a partial run has left behind. The site finishes them when they come back.
	Behind []string `json:"behind,omitempty"`
	// Hosts are those of the last request.
	Hosts []app.Host `json:"hosts,omitempty"`
}

// Waiting is a request that has not ended.
type Waiting struct {
	ID         string      `json:"id"`
	Kind       app.RunKind `json:"kind"`
	WorkflowID string      `json:"workflow_id"`
	By         string      `json:"by"`
	Why        string      `json:"why,omitempty"`
	// Source is what a deploy deploys, or a rollback's release; empty for others.
	Source string    `json:"source,omitempty"`
	At     time.Time `json:"at"`             // accepted
	Since  time.Time `json:"since,omitzero"` // under way
}

// EndedRun is a request that has ended.
type EndedRun struct {
	Waiting
	Outcome  app.Outcome `json:"outcome"`
	Release  string      `json:"release,omitempty"`
	Previous string      `json:"previous,omitempty"`
	Returned bool        `json:"returned,omitempty"`
	EndedAt  time.Time   `json:"ended_at"`
	// BrokeFreeze says that it ran in spite of a freeze.
	BrokeFreeze bool   `json:"broke_freeze,omitempty"`
	Problem     string `json:"problem,omitempty"` // the failure's message
}

// Question is what a run waits for a person to decide.
type Question struct {
	// Waiting is false where it waits for nothing.
	Waiting bool `json:"waiting"`
	// Text asks, and Yes and No say what follows from each answer.
	Text string `json:"text,omitempty"`
	Yes  string `json:"yes,omitempty"`
	No   string `json:"no,omitempty"`
	// Until is when it is decided without one, by No where nothing was changed and by Yes where that would go back.
	Until time.Time `json:"until,omitzero"`
}
