package edge

import (
	"context"
	"fmt"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/heartbeat"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// drainPoll is how often the edge is asked while a release drains: most drain within a few milliseconds.
const drainPoll = 200 * time.Millisecond

// Drain implements activities.Drain. It changes nothing, so it needs no fence.
func (a Activities) Drain(ctx context.Context, in activities.DrainInput) (int64, error) {
	h, err := a.Hosts.Open(ctx, in.Host)
	if err != nil {
		return 0, failing.On(in.Host, err)
	}
	for {
		inFlight, err := requestsOf(ctx, h, in.Site, in.Release)
		if err != nil {
			return 0, failing.On(in.Host, err)
		}
		left := time.Until(in.Until)
		if inFlight == 0 || left <= 0 {
			return inFlight, nil
		}
		heartbeat.Report(ctx, activities.Beat{Note: fmt.Sprintf("%d requests in flight, %s to go", inFlight, left.Round(time.Second))})
		timer := time.NewTimer(min(left, drainPoll))
		select {
		case <-ctx.Done():
			timer.Stop()
			return inFlight, ctx.Err()
		case <-timer.C:
		}
	}
}

// requestsOf counts a release's requests in flight on a host.
func requestsOf(ctx context.Context, h host.Host, site app.Site, release string) (int64, error) {
	status, err := ClientOf(h).Status(ctx)
	if err != nil {
		return 0, err
	}
	var n int64
	for _, r := range status.Releases {
		if r.Site == site.String() && r.Release == release {
			n += r.InFlight
		}
	}
	return n, nil
}
