package release

import (
	"context"
	"fmt"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/edge"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// MayUndo says whether what a release has on a host may be taken away. Of the current release nothing is: a run that
// was reset after its end finds its own work serving. A release that gets traffic without being the current one could
// not be switched back, which is an error.
func MayUndo(ctx context.Context, h host.Host, t activities.Target, release string) (bool, error) {
	current, _, err := Read(ctx, h, t.Site)
	if err != nil || (current != nil && current.ID == release) {
		return false, err
	}
	serves, err := edge.Serves(ctx, h, t.Site, release)
	if err != nil || !serves {
		return err == nil, err
	}
	return false, failing.With(app.Failure{
		Kind: app.KindMissing, Host: t.Host.Name,
		Message: fmt.Sprintf("%s still gets the traffic of %s, so its containers stay", release, t.Site),
		Advice:  "Deploy again: the next run puts the site in order.",
	}, nil)
}
