package activities

import "github.com/longshore-dev/longshore/internal/app"

// Target is a site on a host, and the right to change it there.
type Target struct {
	Host  app.Host  `json:"host"`
	Site  app.Site  `json:"site"`
	Fence app.Fence `json:"fence"`
}

// Nothing is the result of a step that has none.
type Nothing struct{}
