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
	history, err := release.History(ctx, opened, r.request.Site)
	if err != nil {
		return nil, err
	}
	var out []inspect.Release
	for _, kept := range slices.Backward(history) {
		out = append(out, shortRecord(kept))
	}
	return out, nil
}

func shortRecord(kept release.Kept) inspect.Release {
	record, mark := kept.Release, kept.Mark
	out := inspect.Release{
		ID: record.ID, Number: record.Number, Current: kept.Current,
		SHA: record.Spec.Source.SHA, Subject: record.Spec.Source.Subject, At: record.At, By: record.By, Why: record.Why,
		Kind: record.Kind, Of: record.Of, Stable: mark.Stable,
		Reachable: len(kept.Gone) == 0, Gone: kept.Gone, Behind: record.Behind,
		Secrets: record.Spec.SecretVersions(),
	}
	switch {
	case mark.Returned:
		out.Outcome, out.Returned = inspect.ReleaseReturned, mark.Why
	case mark.Stable:
		out.Outcome = inspect.ReleaseSucceeded
	default:
		out.Outcome = inspect.ReleaseUnsettled
	}
	return out
}
