package app

import "time"

// EdgeTable is everything one site asks of one host's edge. A switch replaces it as a whole.
type EdgeTable struct {
	Site string `json:"site"` // Site.String
	// Release is the live release's id.
	Release string      `json:"release"`
	Routes  []EdgeRoute `json:"routes"`
	Fence   int64       `json:"fence"` // the edge refuses a table with a lower number than it has seen
	Since   time.Time   `json:"since,omitzero"`
	// Canary is a new release that gets a share of this table's requests; nil for none.
	Canary *EdgeCanary `json:"canary,omitempty"`
}

// EdgeCanary is a new release beside the live one of a site.
type EdgeCanary struct {
	Release string `json:"release"`
	// Weight is its share in percent, 1 to 99, of the requests that both releases answer by the same host and path. All
	// others stay the live release's; what only the canary has is not served.
	Weight int         `json:"weight"`
	Routes []EdgeRoute `json:"routes"`
}

// EdgeRoute sends (host, path prefix) to the replicas of one service in the live release.
type EdgeRoute struct {
	Service string `json:"service"`
	Route   Route  `json:"route"`
	// Upstreams are the replicas' "address:port".
	Upstreams []string `json:"upstreams"`
}

// Serves says whether the release is sent requests, as the live one or as the canary.
func (t EdgeTable) Serves(release string) bool {
	return t.Release == release || t.Canary != nil && t.Canary.Release == release
}

// EdgeStatus is what a host's edge says of itself.
type EdgeStatus struct {
	Version  string        `json:"version"`
	HTTPPort int           `json:"http_port"`
	Tables   []EdgeTable   `json:"tables,omitempty"`
	Releases []EdgeRelease `json:"releases,omitempty"`
	// Instance names this process of the edge; two may run at once while one takes over from the other.
	Instance string `json:"instance,omitempty"`
	// Problem says what was wrong with the kept routes when the edge started; empty where nothing was.
	Problem string `json:"problem,omitempty"`
}

// EdgeRelease counts the requests of one release of one site that the edge has not finished.
type EdgeRelease struct {
	Site     string `json:"site"`
	Release  string `json:"release"`
	Live     bool   `json:"live"` // it is sent new requests, as the live release or as a canary
	InFlight int64  `json:"in_flight"`
	// Upgraded are those of InFlight that have become WebSockets or other upgraded connections.
	Upgraded int64 `json:"upgraded,omitempty"`
	// Requests and Failed count the ended requests of clients since the edge knows the release, and those of them that
	// were answered with a status of 500 and above, cut off, or not answered. A client that goes away is no failure. A new
	// edge process counts from 0, and what one that has ended had counted is gone.
	Requests int64 `json:"requests,omitempty"`
	Failed   int64 `json:"failed,omitempty"`
}

// Table returns the site's table.
func (s EdgeStatus) Table(site Site) (EdgeTable, bool) {
	for _, t := range s.Tables {
		if t.Site == site.String() {
			return t, true
		}
	}
	return EdgeTable{}, false
}

// EdgeCheck asks the edge to ask a container whether it is healthy.
type EdgeCheck struct {
	// Address is the container's "address:port".
	Address string `json:"address"`
	// Path is asked by HTTP GET; empty means that a TCP connection is enough.
	Path    string        `json:"path,omitempty"`
	Host    string        `json:"host,omitempty"` // the Host header
	H2C     bool          `json:"h2c,omitempty"`
	Timeout time.Duration `json:"timeout"`
}

// EdgeAnswer is the outcome of a check or a probe.
type EdgeAnswer struct {
	OK     bool   `json:"ok"`
	Status int    `json:"status,omitempty"` // of HTTP
	Error  string `json:"error,omitempty"`
	// Missed says that no request of a probe got to this edge: it does not listen, since it starts or leaves.
	Missed bool `json:"missed,omitempty"`
	// Service and Release are those that answered a probe.
	Service string `json:"service,omitempty"`
	Release string `json:"release,omitempty"`
}

// EdgeProbe asks the edge to send one request through itself and to say which release answered.
type EdgeProbe struct {
	Host string `json:"host"`
	Path string `json:"path"`
}
