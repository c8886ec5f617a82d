package container

import (
	"context"
	"fmt"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/edge"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/heartbeat"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

const (
	// watchPoll is the time between two looks where no service asks for a shorter one.
	watchPoll = time.Second
	// unwellLooks is how many looks in a row must find a container unwell: one slow answer under load is no reason to go
	// back.
	unwellLooks = 3
	// fewFailed is how many requests must have failed before their share is judged.
	fewFailed = 3
)

// Watch implements activities.Watch.
func (a Activities) Watch(ctx context.Context, in activities.WatchInput) (activities.Watched, error) {
	end := time.Now().Add(in.For)
	if in.Until.Before(end) {
		end = in.Until
	}
	h, err := a.Hosts.Open(ctx, in.Host)
	if err != nil {
		return activities.Watched{}, failing.On(in.Host, err)
	}
	v, err := a.vigil(ctx, h, in)
	if err != nil {
		return activities.Watched{}, failing.On(in.Host, err)
	}
	for {
		well, err := v.look(ctx)
		if err != nil {
			return v.seen, failing.On(in.Host, err)
		}
		left := time.Until(end)
		if well && left <= 0 {
			return v.seen, nil
		}
		heartbeat.Report(ctx, activities.Beat{Note: fmt.Sprintf("%d requests, %d failed, %s to go", v.seen.Requests, v.seen.Failed, max(left, 0).Round(time.Second))})
		wait := v.poll
		if left > 0 {
			wait = min(left, wait)
		}
		if err := pause(ctx, wait); err != nil {
			return v.seen, err
		}
	}
}

// vigil is one watch over a release on a host.
type vigil struct {
	host    host.Host
	in      activities.WatchInput
	watches []*watch
	// unwell counts, for each of watches, the looks in a row that found it so.
	unwell []int
	poll   time.Duration
	seen   activities.Watched
}

func (a Activities) vigil(ctx context.Context, h host.Host, in activities.WatchInput) (*vigil, error) {
	v := &vigil{host: h, in: in, poll: watchPoll}
	for _, s := range in.Services {
		watches, err := a.watches(ctx, activities.HealthInput{
			Target: in.Target, Service: s.Service, Health: s.Health, Containers: s.Containers, Addresses: s.Addresses, Secrets: s.Secrets,
			Restarts: s.Restarts,
		})
		if err != nil {
			return nil, err
		}
		v.watches = append(v.watches, watches...)
		if s.Health.Interval > 0 {
			v.poll = min(v.poll, s.Health.Interval)
		}
	}
	v.unwell = make([]int, len(v.watches))
	return v, nil
}

// look asks every container and counts the requests. It answers whether all is well; what is not for good is an error.
func (v *vigil) look(ctx context.Context) (bool, error) {
	err := each(ctx, v.watches, func(ctx context.Context, i int, w *watch) error {
		why, err := w.ask(ctx)
		if err != nil {
			return err
		}
		if why == "" {
			v.unwell[i] = 0
			return nil
		}
		if v.unwell[i]++; v.unwell[i] < unwellLooks {
			return nil
		}
		return w.fail(ctx, app.KindUnhealthy, "got traffic, and is not healthy any more: "+why, "Look at what it printed.", nil)
	})
	if err != nil {
		return false, err
	}
	if v.in.Requests {
		if err := v.count(ctx); err != nil {
			return false, err
		}
	}
	for _, n := range v.unwell {
		if n > 0 {
			return false, nil
		}
	}
	return true, nil
}

// count judges the requests that the edge has sent to the release.
func (v *vigil) count(ctx context.Context) error {
	status, err := edge.ClientOf(v.host).Status(ctx)
	if err != nil {
		return err
	}
	v.seen = activities.Watched{}
	for _, r := range status.Releases {
		if r.Site == v.in.Site.String() && r.Release == v.in.Release {
			v.seen.Requests += r.Requests
			v.seen.Failed += r.Failed
		}
	}
	if v.seen.Failed < fewFailed || float64(v.seen.Failed) <= v.in.MaxFailureRatio*float64(v.seen.Requests) {
		return nil
	}
	// A machine that reboots stops its containers before the edge.
	if err := host.Stopping(ctx, v.host); err != nil {
		return err
	}
	f := app.Failure{
		Kind: app.KindFailing, Host: v.in.Host.Name,
		Message: fmt.Sprintf("%d of %d requests to %s failed, more than the %.4g%% that are allowed",
			v.seen.Failed, v.seen.Requests, v.in.Release, 100*v.in.MaxFailureRatio),
		Advice: "Failed means answered with a status of 500 or above, or not at all. Look at what it printed; update_config.max_failure_ratio says how many may fail.",
	}
	for _, w := range v.watches {
		if w.address != "" {
			f.Service, f.Logs = w.in.Service, lastLines(ctx, v.host, w.name)
			break
		}
	}
	return failing.With(f, nil)
}
