package workflows

import "github.com/longshore-dev/longshore/internal/app"

// TaskQueue is where workflows and the activities that any worker can do are polled.
const TaskQueue = "longshore"

// The workflow types' names, as the engine and the web UI show them.
const (
	DeployName = "deploy"
	PlanName   = "plan"
)

// DeployInput asks for a deploy of a spec.
type DeployInput struct {
	Spec app.Spec `json:"spec"`
	// By and Why are kept in the release's record.
	By  string `json:"by"`
	Why string `json:"why,omitempty"`
}

// DeployID is the workflow id of a site's deploys: two at once are refused by the engine.
func DeployID(site app.Site) string { return "deploy/" + site.String() }

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
