// Package edge is how the worker speaks to a host's edge, the reverse proxy container: where its socket is, the words of
// its API, and a client. It must not link the proxy itself, which lives in edge/proxy and has a binary of its own.
//
// The API is HTTP with JSON bodies on a unix socket in the edge's state folder:
//
//	GET    /v1/status                         app.EdgeStatus
//	PUT    /v1/sites         app.EdgeTable    Change
//	DELETE /v1/sites?site=&fence=             Change
//	DELETE /v1/releases?site=&release=        (no body)
//	POST   /v1/check         app.EdgeCheck    app.EdgeAnswer
//	POST   /v1/probe         app.EdgeProbe    app.EdgeAnswer
//
// Every call may be repeated: it then changes nothing more. An answer other than 2xx carries a Failure.
package edge

import "github.com/longshore-dev/longshore/internal/app"

// StateDir is the edge's folder, relative to the host's state folder.
const StateDir = "edge"

// Socket is the admin socket's name in the edge's folder. It always leads to the newest edge.
const Socket = "admin.sock"

// The API's paths.
const (
	PathStatus   = "/v1/status"
	PathSites    = "/v1/sites"
	PathReleases = "/v1/releases"
	PathCheck    = "/v1/check"
	PathProbe    = "/v1/probe"
)

// Change is the answer to a change of a site's table.
type Change struct {
	// Previous is the table that was replaced or removed; nil where the site had none.
	Previous *app.EdgeTable `json:"previous"`
	// Weight is that of the canary that is served with the new table; 0 for none. An edge that knows no canaries reads
	// past one and says 0.
	Weight int `json:"weight,omitempty"`
}

// Failure is the body of every answer other than 2xx.
type Failure struct {
	Code    string `json:"code"` // one of the Code constants
	Message string `json:"message"`
	// Owner, Host and Path are set where Code is CodeConflict.
	Owner string `json:"owner,omitempty"`
	Host  string `json:"host,omitempty"`
	Path  string `json:"path,omitempty"`
}

// The reasons to refuse a call.
const (
	CodeInvalid    = "invalid"    // the request makes no sense; a retry cannot mend it
	CodeFenced     = "fenced"     // a newer run has changed the site
	CodeConflict   = "conflict"   // another site has the route
	CodeLive       = "live"       // a live release is never dropped
	CodeSuperseded = "superseded" // this edge has been replaced; dial again
	CodeInternal   = "internal"
)
