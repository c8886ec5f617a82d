package workflows

import (
	"strings"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// TaskQueue is where workflows and the activities that any worker can do are polled.
const TaskQueue = "longshore"

// The workflow types' names, as the engine and the web UI show them. A run's type is its app.RunKind.
const (
	SiteName   = "site"
	DeployName = string(app.RunDeploy)
	PlanName   = "plan"

	BootstrapName = "bootstrap"

	RotateSecretName = "rotate-secret"
)

// Order is what every run is given.
type Order struct {
	// By and Why are kept in the release's record.
	By  string `json:"by"`
	Why string `json:"why,omitempty"`
	// Fence is the least fencing number that the run takes; 0 leaves it to the hosts.
	Fence int64 `json:"fence,omitempty"`
	// Number is the highest release number that the site knows, which the hosts of a partial run may not; 0 for none.
	Number int `json:"number,omitempty"`
	// AllowPartial has the run go on without hosts that cannot be reached, as long as one can.
	AllowPartial bool `json:"allow_partial,omitempty"`
	// BrokeFreeze says that a freeze was overridden for it.
	BrokeFreeze bool `json:"broke_freeze,omitempty"`
}

// DeployInput asks for a deploy of a spec.
type DeployInput struct {
	Spec app.Spec `json:"spec"`
	Order
}

// RecordedInput asks for a run of what the hosts have recorded: a rollback, restart, scale, start, repair
// or rotation.
type RecordedInput struct {
	Site app.Site `json:"site"`
	// Hosts are the site's hosts as they are reached today, whatever the record says.
	Hosts []app.Host `json:"hosts"`
	// Approve is the site's setting of today.
	Approve *app.Approve `json:"approve,omitempty"`
	// To is the release that a rollback goes back to; empty means the last stable one.
	To string `json:"to,omitempty"`
	// Services are what a restart restarts; empty means all.
	Services []string `json:"services,omitempty"`
	// Replicas are a scale's new numbers, by service.
	Replicas map[string]int `json:"replicas,omitempty"`
	// Secrets are what a rotation brings in, resolved, in the place of the record's own of the same names.
	Secrets []app.Secret `json:"secrets,omitempty"`
	// SecretScopes are where the site's secrets are today; empty leaves it to the record.
	SecretScopes []app.SecretScope `json:"secret_scopes,omitempty"`
	Order
}

// StopInput asks for a stop or the removal of a site.
type StopInput struct {
	Site  app.Site   `json:"site"`
	Hosts []app.Host `json:"hosts"`
	// Volumes has a removal take the volumes as well.
	Volumes bool `json:"volumes,omitempty"`
	Order
}

// BootstrapInput asks for the bootstrap of one host, or for a look at what it would change.
type BootstrapInput struct {
	Host     app.Host      `json:"host"`
	Settings app.Bootstrap `json:"settings"`
	By       string        `json:"by"`
	// Check changes nothing.
	Check bool `json:"check,omitempty"`
	// Revert names an item whose change is taken back, instead of all else.
	Revert string `json:"revert,omitempty"`
}

// BootstrapID is the workflow id of a server's bootstraps, whoever logs in: two at once are refused by the engine.
func BootstrapID(h app.Host) string {
	return "bootstrap/" + h.Address[strings.LastIndex(h.Address, "@")+1:]
}

// RotateSecretInput asks for the rotation of one secret, wherever it is used.
type RotateSecretInput struct {
	Secret   app.SecretLine `json:"secret"`
	Settings app.Rotation   `json:"settings"`
	// Sites are those of the project file that may use it; the engine may know more.
	Sites []activities.RotationSite `json:"sites,omitempty"`
	// Given is the pending version that a person has supplied; 0 has one made.
	Given int `json:"given,omitempty"`
	// Compromised revokes the old version before the new one is rolled out: an outage is better than a thief.
	Compromised bool `json:"compromised,omitempty"`
	// BreakFreeze goes ahead in spite of freezes of the sites.
	BreakFreeze bool   `json:"break_freeze,omitempty"`
	By          string `json:"by"`
	Why         string `json:"why,omitempty"`
}

// RotateSecretID is the workflow id of a secret's rotations: two at once are refused by the engine.
func RotateSecretID(l app.SecretLine) string {
	return RotateSecretName + "/" + l.Scope.Of + "/" + l.Name
}

// QueryRotation answers a RotationState: how far a rotation has come.
const QueryRotation = "rotation"

// RotationState is what a rotation does now.
type RotationState struct {
	Phase app.RotationPhase `json:"phase"`
	// Text says what it waits for, such as the end of the soak.
	Text string `json:"text,omitempty"`
	// Forward says that the old version is revoked: it only goes forward.
	Forward bool   `json:"forward,omitempty"`
	Old     string `json:"old,omitempty"` // versions
	New     string `json:"new,omitempty"`
	// Sites are the consumers and the versions that they run.
	Sites []app.RotatedSite `json:"sites,omitempty"`
	// SoakUntil is when the old version is revoked; zero before the soak.
	SoakUntil time.Time `json:"soak_until,omitzero"`
}

// SiteID is the id of the workflow that owns a site.
func SiteID(site app.Site) string { return "site/" + site.String() }

// RunID is the workflow id of one run of a site, by the id of its request.
func RunID(site app.Site, kind app.RunKind, request string) string {
	return string(kind) + "/" + site.String() + "/" + request
}

// PlanID is the workflow id of one look at what a deploy would do.
func PlanID(site app.Site, unique string) string { return "plan/" + site.String() + "/" + unique }

// The search attributes of every run.
const (
	AttributeSite    = "LongshoreSite"    // Keyword
	AttributeProject = "LongshoreProject" // Keyword
	AttributeHost    = "LongshoreHost"    // KeywordList
	AttributeRelease = "LongshoreRelease" // Keyword
	AttributeOutcome = "LongshoreOutcome" // Keyword
)

// The updates of a run, both with a Decision, refused where the run waits for none, and the query for what it waits for.
const (
	UpdateApprove = "approve"
	UpdateReject  = "reject"
	QueryQuestion = "question" // answers Question
)

// Decision is a person's answer to a run that waits for one.
type Decision struct {
	By  string `json:"by"`
	Why string `json:"why,omitempty"`
}
