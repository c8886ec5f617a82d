package activities

import (
	"strconv"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// PrepareInput asks for a site's networks and volumes.
type PrepareInput struct {
	Target
	Networks []app.Network `json:"networks,omitempty"`
	Volumes  []app.Volume  `json:"volumes,omitempty"`
}

// Prepare makes the networks and volumes that are missing. The site's own network gets a subnet that is free of the
// host's routes and networks.
var Prepare = Step[PrepareInput, Nothing]{
	Name:     "Prepare",
	Policy:   Change,
	Describe: func(in PrepareInput) (string, string) { return in.Host.Name, "prepare networks and volumes" },
}

// UnprepareInput names networks and volumes that a run made and nothing uses.
type UnprepareInput struct {
	Target
	// Release is the run's: where it serves after all, nothing is removed.
	Release  string   `json:"release"`
	Networks []string `json:"networks,omitempty"` // real names
	Volumes  []string `json:"volumes,omitempty"`
}

// Unprepare removes what Prepare made, where it carries the site's label.
var Unprepare = Step[UnprepareInput, Nothing]{
	Name:     "Unprepare",
	Policy:   Undo,
	Describe: func(in UnprepareInput) (string, string) { return in.Host.Name, "remove new networks and volumes" },
}

// StartInput asks for the containers of one service.
type StartInput struct {
	Target
	Release    string              `json:"release"`
	Service    app.Service         `json:"service"`
	Config     string              `json:"config"` // hash of what the containers are created with
	ImageID    string              `json:"image_id"`
	Networks   map[string]string   `json:"networks"` // real names by key
	Volumes    map[string]string   `json:"volumes"`  // real names by key
	Containers []app.ContainerPlan `json:"containers"`
	// Secrets are those that the service has, resolved.
	Secrets []app.Secret `json:"secrets,omitempty"`
}

// Started are the containers of one service, as they run.
type Started struct {
	Names []string `json:"names"`
	// Addresses are the IPv4 addresses in the site's own network, in the order of Names; "" where a container is not in it.
	Addresses []string `json:"addresses,omitempty"`
}

// Start creates and starts a service's containers. Those that are there already are left as they are.
var Start = Step[StartInput, Started]{
	Name:   "Start",
	Policy: Change,
	Describe: func(in StartInput) (string, string) {
		if n := len(in.Containers); n != 1 {
			return in.Host.Name, "start " + in.Service.Name + " ×" + strconv.Itoa(n)
		}
		return in.Host.Name, "start " + in.Service.Name
	},
}

// HealthInput asks after containers of one service.
type HealthInput struct {
	Target
	Service    string     `json:"service"`
	Health     app.Health `json:"health"`
	Containers []string   `json:"containers"`
	Addresses  []string   `json:"addresses,omitempty"` // as in Started
	// Restarts are how often Docker had restarted each before: only more than that counts. Nil is never.
	Restarts []int `json:"restarts,omitempty"`
	// OneShot containers are healthy when they have ended with exit code 0.
	OneShot bool `json:"one_shot,omitempty"`
	// Secrets are those that the containers have, resolved: what they log is shown without them.
	Secrets []app.Secret `json:"secrets,omitempty"`
}

// AwaitHealthy waits for at most Health.Within until every container answers its health check, Docker's own included.
// A new attempt has the whole time again, since the one before did not fail for the container's sake.
var AwaitHealthy = Step[HealthInput, Nothing]{
	Name:     "AwaitHealthy",
	Policy:   Change,
	Describe: func(in HealthInput) (string, string) { return in.Host.Name, "await health of " + in.Service },
	Takes:    func(in HealthInput) time.Duration { return in.Health.Within },
}

// AwaitStable watches healthy containers for Health.StableFor: one that ends, restarts or turns unhealthy fails.
var AwaitStable = Step[HealthInput, Nothing]{
	Name:     "AwaitStable",
	Policy:   Change,
	Describe: func(in HealthInput) (string, string) { return in.Host.Name, "watch " + in.Service + " stay healthy" },
	Takes:    func(in HealthInput) time.Duration { return in.Health.StableFor },
}

// ReleaseCommandInput asks for a service's release command.
type ReleaseCommandInput struct {
	StartInput
	Command app.ReleaseCommand `json:"command"`
}

// RunReleaseCommand runs a service's release command in the new image, once: a run of it that is under way or has
// ended is found by its container's name.
var RunReleaseCommand = Step[ReleaseCommandInput, Nothing]{
	Name:   "RunReleaseCommand",
	Policy: Long,
	Describe: func(in ReleaseCommandInput) (string, string) {
		return in.Host.Name, "run the release command of " + in.Service.Name + ": " + strings.Join(in.Command.Command, " ")
	},
}

// ContainersInput names containers of a site.
type ContainersInput struct {
	Target
	Service string   `json:"service,omitempty"`
	Names   []string `json:"names"`
	// Release restricts a removal to containers of that release; empty for any.
	Release string `json:"release,omitempty"`
	// Aside is the suffix that stopped containers with a fixed name get, so that the next can have it; empty for none.
	Aside string `json:"aside,omitempty"`
	// By is the release whose containers take over: where one of those has a name of Names already, Stop leaves it alone.
	By string `json:"by,omitempty"`
	// Idle are those of Names that did not run before Stop: Restore leaves them so.
	Idle []string `json:"idle,omitempty"`
	// Grace is how long a removal waits for what runs to stop by itself; 0 kills it.
	Grace time.Duration `json:"grace,omitempty"`
}

// Stop stops containers in their own grace time and keeps them.
var Stop = Step[ContainersInput, Nothing]{
	Name:     "Stop",
	Policy:   Policy{Attempt: time.Hour, Total: 2 * time.Hour},
	Describe: func(in ContainersInput) (string, string) { return in.Host.Name, "stop old " + in.Service },
}

// Restore starts containers that Stop stopped, under their own names.
var Restore = Step[ContainersInput, Nothing]{
	Name:     "Restore",
	Policy:   Undo,
	Describe: func(in ContainersInput) (string, string) { return in.Host.Name, "start old " + in.Service + " again" },
}

// Remove removes containers by name, where they carry the site's label.
var Remove = Step[ContainersInput, Nothing]{
	Name:     "Remove",
	Policy:   Change,
	Describe: func(in ContainersInput) (string, string) { return in.Host.Name, "remove " + in.Service },
	Takes:    func(in ContainersInput) time.Duration { return in.Grace },
}
