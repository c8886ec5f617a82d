package activities

import (
	"strings"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// WatchInput asks for a watch over a new release on one host.
type WatchInput struct {
	Target
	Release  string           `json:"release"`
	Services []WatchedService `json:"services"`
	// Until is when the watch ends, at most For from now.
	Until time.Time     `json:"until"`
	For   time.Duration `json:"for"`
	// Requests has the requests to the release judged as well, of which MaxFailureRatio, 0 to 1, may fail.
	Requests        bool    `json:"requests,omitempty"`
	MaxFailureRatio float64 `json:"max_failure_ratio,omitempty"`
}

// WatchedService are the new containers of one service, and how they are asked after their health.
type WatchedService struct {
	Service    string     `json:"service"`
	Health     app.Health `json:"health"`
	Containers []string   `json:"containers,omitempty"`
	Addresses  []string   `json:"addresses,omitempty"` // as in Started
	// Restarts are how often Docker had restarted each before: only more than that counts. Nil is never.
	Restarts []int `json:"restarts,omitempty"`
	// Secrets are those that the containers have, resolved: what they log is shown without them.
	Secrets []app.Secret `json:"secrets,omitempty"`
}

// Watched is what a watch saw of the requests to the release on the host.
type Watched struct {
	Requests int64 `json:"requests"`
	Failed   int64 `json:"failed"`
}

// Watch looks at a release that gets traffic, until its time is over. It fails with app.KindExited, app.KindMissing or
// app.KindUnhealthy for a container that ends, restarts, vanishes or turns unhealthy, and with app.KindFailing for too
// many failed requests. A host that cannot be reached is asked again for as long as after a change: a reboot is not the
// release's fault. It changes nothing.
var Watch = Step[WatchInput, Watched]{
	Name:   "Watch",
	Policy: Change,
	Describe: func(in WatchInput) (string, string) {
		what := "the requests to " + in.Release
		if len(in.Services) > 0 {
			names := make([]string, len(in.Services))
			for i, s := range in.Services {
				names[i] = s.Service
			}
			what = strings.Join(names, ", ") + " of " + in.Release
		}
		return in.Host.Name, "watch " + what + " for " + in.For.String()
	},
	Takes: func(in WatchInput) time.Duration { return in.For },
}
