// Package proxy is the edge: Caddy as a library, with the modules that route requests to each site's live release and
// swap a release for the next without losing one.
//
// Caddy's own configuration is made once, in config.go, and never changes: reloading it closes idle connections under
// their clients' hands. What changes on a deploy is a pointer to a view (view.go), an immutable index of all routes.
// Each table that a site has ever had live is a generation (generation.go) with its own reverse-proxy handlers and its
// own count of requests; a replaced generation goes on until its last request has ended.
//
// Two edges may run on one state folder while the newer takes over (owner.go, peers.go). The package must not know what
// a deploy is, nor how the edge's container is made.
package proxy
