package activities

import (
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// ItemInput names one item of a host's bootstrap.
type ItemInput struct {
	Host     app.Host      `json:"host"`
	Settings app.Bootstrap `json:"settings"`
	Item     string        `json:"item"`
	// Check only looks.
	Check bool `json:"check,omitempty"`
}

// SettleItem looks at an item of a host, changes it where it is other than wanted, and looks again. It fails where it
// then still differs.
var SettleItem = Step[ItemInput, app.Item]{
	Name:   "SettleItem",
	Policy: Policy{Attempt: 40 * time.Minute, Total: 2 * time.Hour},
	Describe: func(in ItemInput) (string, string) {
		if in.Check {
			return in.Host.Name, "check " + in.Item
		}
		return in.Host.Name, "settle " + in.Item
	},
}

// SystemInput asks what a host is.
type SystemInput struct {
	Host     app.Host      `json:"host"`
	Settings app.Bootstrap `json:"settings"`
}

// System is what a host is, and which items it gets, in order.
type System struct {
	Name  string   `json:"name"` // as its os-release says
	Items []string `json:"items"`
	// Unsupported says what keeps it from being hardened, where its Docker can be used as it is; empty for nothing.
	Unsupported string `json:"unsupported,omitempty"`
}

// LookAtSystem finds out what a host is. One that cannot be bootstrapped at all fails with app.KindUnsupported, with what
// was found and what is missing.
var LookAtSystem = Step[SystemInput, System]{
	Name:     "LookAtSystem",
	Policy:   Look,
	Describe: func(in SystemInput) (string, string) { return in.Host.Name, "look at the system" },
}

// KeepReportInput is the report of a host's last bootstrap or check.
type KeepReportInput struct {
	Host   app.Host            `json:"host"`
	Report app.BootstrapReport `json:"report"`
}

// KeepReport writes a report to its host, where status finds it.
var KeepReport = Step[KeepReportInput, Nothing]{
	Name:     "KeepReport",
	Policy:   Change,
	Describe: func(in KeepReportInput) (string, string) { return in.Host.Name, "keep the report" },
}

// RevertInput names an item whose last change is to be undone.
type RevertInput struct {
	Host     app.Host      `json:"host"`
	Settings app.Bootstrap `json:"settings"`
	Item     string        `json:"item"`
}

// RevertItem brings an item that can lock people out back to how it was before Longshore changed it.
var RevertItem = Step[RevertInput, app.Item]{
	Name:     "RevertItem",
	Policy:   Change,
	Describe: func(in RevertInput) (string, string) { return in.Host.Name, "revert " + in.Item },
}
