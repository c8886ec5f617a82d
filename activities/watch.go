package activities

import "time"

// WatchInput asks for a watch over a new release on one host.
type WatchInput struct {
	Target
	Release string `json:"release"`
	// Containers are those of the release, by service.
	Containers map[string][]string `json:"containers"`
	// Until is when the watch ends, at most For from now.
	Until time.Time     `json:"until"`
	For   time.Duration `json:"for"`
	// MaxFailureRatio is the share of the requests to the release, 0 to 1, that may fail.
	MaxFailureRatio float64 `json:"max_failure_ratio"`
}

// Watched is what a watch saw of the requests to the release on the host.
type Watched struct {
	Requests int64 `json:"requests"`
	Failed   int64 `json:"failed"`
}

// Watch looks at a release that gets traffic, until its time is over. It fails with app.KindExited or app.KindUnhealthy
// for a container that ends, restarts or turns unhealthy, and with app.KindFailing for too many failed requests. A host
// that cannot be reached is asked again for as long as after a change: a reboot is not the release's fault.
var Watch = Step[WatchInput, Watched]{
	Name:     "Watch",
	Policy:   Change,
	Describe: func(in WatchInput) (string, string) { return in.Host.Name, "watch " + in.Release },
	Takes:    func(in WatchInput) time.Duration { return in.For },
}
