package workflows

import (
	"slices"
	"strconv"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// Rotate brings the current release with other versions of secrets, newer or older. What has them gets new containers, or
// new files where its on_change says so. A site that is stopped stays so: the release that its next start brings is
// recorded with the versions. It answers as Deploy does.
func Rotate(ctx workflow.Context, in RecordedInput) (app.Result, error) {
	f := newFromRecords(ctx, app.RunRotate, in)
	err := f.repeat(ctx, activities.RecallInput{}, f.checkRotation)
	return f.end(ctx, err)
}

// checkRotation refuses secrets that the record does not have, or has from elsewhere, and finds out whether the site runs.
func (f *fromRecords) checkRotation() error {
	if len(f.asked.Secrets) == 0 {
		return f.refuse("", "no secret is named", "")
	}
	for _, s := range f.asked.Secrets {
		if err := f.checkRotated(s); err != nil {
			return err
		}
	}
	return f.findStopped()
}

func (f *fromRecords) checkRotated(s app.Secret) error {
	var names []string
	for _, have := range f.record.Spec.Secrets {
		names = append(names, have.Name)
	}
	have := f.record.Spec.Secret(s.Name)
	switch {
	case !slices.Contains(names, s.Name) && len(names) == 0:
		return f.refuse("", f.record.ID+" has no secrets", "")
	case !slices.Contains(names, s.Name):
		return f.refuse("", f.record.ID+" has no secret "+strconv.Quote(s.Name), "It has "+strings.Join(names, ", ")+".")
	case s.Version == "" || s.Sealed == "":
		return f.refuse("", "no version of "+s.Name+" is given", "")
	case have.Source.From != s.Source.From || have.Scope != s.Scope:
		return f.refuse("", f.record.ID+" has "+s.Name+" from "+origin(have)+", not from "+origin(s),
			"Rotate it where it comes from: longshore secret ls --origin says where that is.")
	}
	return nil
}

// origin is where a secret's value comes from, for a person.
func origin(s app.Secret) string {
	switch {
	case s.Source.From != app.FromStore:
		return "the source " + s.Source.From
	case s.Scope == "":
		return "nowhere"
	default:
		return "the " + s.Scope
	}
}

// findStopped keeps a site that is stopped so. One that is stopped on some of its hosts can neither be rotated nor left
// as it is.
func (f *fromRecords) findStopped() error {
	var stopped, runs []string
	for _, h := range f.hosts {
		switch r := f.recalled[h.host.Name]; {
		case r.Stopped:
			stopped = append(stopped, h.host.Name)
		case r.Current != "":
			runs = append(runs, h.host.Name)
		}
	}
	if len(stopped) > 0 && len(runs) > 0 {
		return refusal(app.Failure{
			Kind: app.KindSpec, Step: string(f.kind), Host: stopped[0],
			Message: f.asked.Site.String() + " is stopped on " + strings.Join(stopped, ", ") + ", but not on " + strings.Join(runs, ", "),
			Advice:  "Start it or stop it, with longshore start or longshore stop.",
		})
	}
	if f.stopped = len(stopped) > 0; f.stopped {
		f.note(f.asked.Site.String() + " is stopped, and stays so: its next start has the new versions.")
	}
	return nil
}
