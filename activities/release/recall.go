package release

import (
	"context"
	"slices"
	"strconv"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/internal/app"
)

// Recall implements activities.Recall.
func (a Activities) Recall(ctx context.Context, in activities.RecallInput) (activities.Recalled, error) {
	h, err := a.Hosts.Open(ctx, in.Host)
	if err != nil {
		return activities.Recalled{}, failing.On(in.Host, err)
	}
	history, err := History(ctx, h, in.Site)
	if err != nil {
		return activities.Recalled{}, failing.On(in.Host, err)
	}
	out := recalled(in, history)
	out.Stopped, err = Stopped(ctx, h, in.Site)
	return out, failing.On(in.Host, err)
}

// recalled picks what is asked for from a host's history.
func recalled(in activities.RecallInput, history []Kept) activities.Recalled {
	var out activities.Recalled
	var current *app.Release
	var releases []app.Release
	marks := map[string]app.ReleaseMark{}
	for _, k := range history {
		releases = append(releases, k.Release)
		marks[k.Release.ID] = k.Mark
		if k.Current {
			current = &k.Release
			out.Current, out.CurrentAt, out.CurrentRun = current.ID, current.At, current.OriginalRunID
		}
	}
	for _, k := range slices.Backward(history) {
		if len(k.Gone) == 0 {
			out.Reachable = append(out.Reachable, k.Release.ID)
		}
	}
	wanted := in.Release
	switch {
	case wanted != "":
	case in.Stable:
		target, _ := toReturnTo(releases, marks, current)
		wanted = target.ID
	default:
		wanted = out.Current
	}
	for _, k := range slices.Backward(history) {
		if wanted != "" && names(wanted, k.Release) {
			out.Release, out.Gone = &k.Release, k.Gone
			break
		}
	}
	if out.Release != nil && current != nil {
		out.Irreversible = irreversible(releases, out.Release.Number, current.Number)
	}
	return out
}

// irreversible are the origins of the releases between two numbers, the second included, that nothing goes back from by
// itself.
func irreversible(releases []app.Release, after, to int) []string {
	var out []string
	for _, r := range releases {
		if r.Spec.Irreversible && r.Number > after && r.Number <= to && !slices.Contains(out, r.Origin()) {
			out = append(out, r.Origin())
		}
	}
	return out
}

// names says whether a text means a release: its id, or its number alone.
func names(text string, r app.Release) bool {
	return text == r.ID || text == strconv.Itoa(r.Number)
}
