package command

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/store"
	"github.com/longshore-dev/longshore/starter/display"
)

func (c *cli) secretHistoryCommand() *cobra.Command {
	var f secretFlags
	cmd := &cobra.Command{
		Use:   "history name",
		Short: "Show a secret's versions, and who has set, rotated and read it",
		Long: "Shows all that happened to a secret, the oldest first: who made which version, what became of it, and who has read it\n" +
			"on this machine. It needs no key and shows no value.",
		Args:              oneSecret,
		ValidArgsFunction: f.completeNames,
		RunE:              func(_ *cobra.Command, args []string) error { return c.secretHistory(&f, args[0]) },
	}
	f.addProject(cmd)
	f.addScope(cmd, nearestText)
	return cmd
}

// findRecord is find, but answers a secret that was removed as well.
func (f *secretFlags) findRecord(v *vault, name string) (app.SecretScope, store.Record, error) {
	scope, missing := f.find(v, name)
	if missing == nil {
		record, err := v.folder(scope).Read(name)
		return scope, record, err
	}
	if _, ok := errors.AsType[*store.NotFoundError](missing); !ok {
		return scope, store.Record{}, missing
	}
	for _, scope := range v.settings.Scopes {
		if f.scope != "" && f.scope != scope.Kind {
			continue
		}
		if record, err := v.folder(scope).Read(name); err == nil {
			return scope, record, nil
		}
	}
	return scope, store.Record{}, missing
}

func (c *cli) secretHistory(f *secretFlags, name string) error {
	v, err := f.open()
	if err != nil {
		return err
	}
	scope, record, err := f.findRecord(v, name)
	if err != nil {
		return err
	}
	readings, err := v.journal.Of(scope.Of, name)
	if err != nil {
		return err
	}
	if c.format == display.JSON {
		return display.Object(c.Out, map[string]any{
			"name": name, "scope": scope.Kind, "of": scope.Of, "removed": record.Removed,
			"versions": append([]store.Version{}, record.Versions...), "readings": append([]store.Reading{}, readings...),
		})
	}
	state := "has no current version"
	if current, ok := record.Version(0); ok {
		state = fmt.Sprintf("version %d is current", current.Number)
	}
	if record.Removed {
		state = "is removed"
	}
	c.say("%s of %s %s: %s", name, scope.Kind, scope.Of, state)
	var rows [][]string
	for _, d := range deeds(record, readings) {
		rows = append(rows, []string{d.at.Local().Format(time.DateTime), fmt.Sprint(d.version), d.what, d.by, d.why})
	}
	return display.Table(c.Out, []string{"WHEN", "VERSION", "WHAT", "BY", "WHY"}, rows)
}

// deed is one thing that happened to a version.
type deed struct {
	at            time.Time
	version       int
	what, by, why string
	rank          int // among those of one moment
}

// deeds are all that happened to a secret, the oldest first.
func deeds(record store.Record, readings []store.Reading) []deed {
	var out []deed
	for _, v := range record.Versions {
		what := "set"
		switch {
		case v.Rotation != "":
			what = "made by a rotation"
		case v.State == app.VersionPending, len(v.Changes) > 0 && v.Changes[0].State == app.VersionCurrent:
			what = "set, pending" // only such a one becomes current later
		}
		out = append(out, deed{v.At, v.Number, what, v.By, v.Why, 0})
		for _, change := range v.Changes {
			out = append(out, deed{change.At, v.Number, "becomes " + string(change.State), change.By, change.Why, 1})
		}
	}
	for _, r := range readings {
		out = append(out, deed{r.At, r.Version, "read", r.By, r.Why, 2})
	}
	// The store counts whole seconds, in which a version is made before another one makes room for it.
	slices.SortStableFunc(out, func(a, b deed) int {
		return cmp.Or(a.at.Truncate(time.Second).Compare(b.at.Truncate(time.Second)), cmp.Compare(a.rank, b.rank))
	})
	return out
}
