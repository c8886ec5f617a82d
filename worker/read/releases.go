package read

import (
	"context"
	"slices"

	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/activities/release"
	"github.com/longshore-dev/longshore/internal/app"
)

func (r *reader) releases(ctx context.Context, h app.Host) any {
	out := inspect.ReleasesResponse{Host: h.Name, Releases: []inspect.Release{}}
	found, err := r.recorded(ctx, h)
	out.Problem = problem(h, err)
	out.Releases = append(out.Releases, found...)
	return out
}

// recorded are the releases that a host keeps, newest first.
func (r *reader) recorded(ctx context.Context, h app.Host) ([]inspect.Release, error) {
	opened, err := r.hosts.Open(ctx, h)
	if err != nil {
		return nil, err
	}
	current, ids, err := release.Read(ctx, opened, r.request.Site)
	if err != nil {
		return nil, err
	}
	records, err := release.LoadAll(ctx, opened, r.request.Site, ids)
	if err != nil {
		return nil, err
	}
	var out []inspect.Release
	for _, record := range slices.Backward(records) {
		out = append(out, inspect.Release{
			ID: record.ID, Number: record.Number, Current: current != nil && current.ID == record.ID,
			SHA: record.Spec.Source.SHA, Subject: record.Spec.Source.Subject, At: record.At, By: record.By, Why: record.Why,
		})
	}
	return out, nil
}
