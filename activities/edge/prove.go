package edge

import (
	"context"
	"fmt"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// anyHost is what a route for every name is asked by.
const anyHost = "longshore.invalid"

const (
	// proveWithin is how long another release may go on answering.
	proveWithin = 3 * time.Second
	// provePoll is the time between two questions.
	provePoll = 200 * time.Millisecond
)

// Prove implements activities.Prove.
func (a Activities) Prove(ctx context.Context, in activities.ProveInput) (activities.Nothing, error) {
	h, err := a.Hosts.Open(ctx, in.Host)
	if err != nil {
		return activities.Nothing{}, failing.On(in.Host, err)
	}
	for end := time.Now().Add(proveWithin); ; {
		err := prove(ctx, h, in)
		if err == nil || activities.FailureOf(err).Kind != app.KindUnproven || time.Now().After(end) {
			return activities.Nothing{}, err
		}
		select {
		case <-ctx.Done():
			return activities.Nothing{}, ctx.Err()
		case <-time.After(provePoll):
		}
	}
}

// prove asks each route once.
func prove(ctx context.Context, h host.Host, in activities.ProveInput) error {
	for _, r := range in.Table.Routes {
		for _, name := range r.Route.Hosts {
			if name == "*" {
				name = anyHost
			}
			path := r.Route.Path
			if path == "" {
				path = "/"
			}
			answer, err := ClientOf(h).Probe(ctx, app.EdgeProbe{Host: name, Path: path})
			if err == nil && answer.Missed {
				err = fmt.Errorf("the edge does not listen: %s", answer.Error)
			}
			if err != nil {
				return failing.On(in.Host, err)
			}
			if err := proven(in, r, name+path, answer); err != nil {
				return err
			}
		}
	}
	return nil
}

// proven checks who answered. The status is the app's own affair, unless it is the edge that could not reach the app.
func proven(in activities.ProveInput, r app.EdgeRoute, url string, answer app.EdgeAnswer) error {
	f := app.Failure{Kind: app.KindUnproven, Host: in.Host.Name, Service: r.Service, Advice: "The run goes back to the release before."}
	switch {
	case answer.Release != in.Table.Release || answer.Service != r.Service:
		f.Message = fmt.Sprintf("a request for %s was answered by %q of release %q, not by %q of %q", url, answer.Service, answer.Release, r.Service, in.Table.Release)
		if answer.Error != "" {
			f.Message += ": " + answer.Error
		}
	case answer.Error != "":
		f.Message = fmt.Sprintf("a request for %s failed: %s", url, answer.Error)
	default:
		return nil
	}
	return failing.With(f, nil)
}
