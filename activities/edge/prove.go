package edge

import (
	"context"
	"fmt"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/internal/app"
)

// anyHost is what a route for every name is asked by.
const anyHost = "longshore.invalid"

// Prove implements activities.Prove.
func (a Activities) Prove(ctx context.Context, in activities.ProveInput) (activities.Nothing, error) {
	h, err := a.Hosts.Open(ctx, in.Host)
	if err != nil {
		return activities.Nothing{}, failing.On(in.Host, err)
	}
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
			if err != nil {
				return activities.Nothing{}, failing.On(in.Host, err)
			}
			if err := proven(in, r, name+path, answer); err != nil {
				return activities.Nothing{}, err
			}
		}
	}
	return activities.Nothing{}, nil
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
