package command

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/store"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
)

// listed is one secret in one place, as a list has it.
type listedSecret struct {
	Name string `json:"name"`
	// Scope and Of are the file store's; From is another source. All are empty for a secret that is missing.
	Scope   string    `json:"scope,omitempty"`
	Of      string    `json:"of,omitempty"`
	From    string    `json:"from,omitempty"`
	Version int       `json:"version,omitempty"` // 0 where none is current
	At      time.Time `json:"at,omitzero"`
	By      string    `json:"by,omitempty"`
	Pending int       `json:"pending,omitempty"`
	// Wins says that it is what the site gets. It is meaningful only where the site is known.
	Wins bool `json:"wins,omitempty"`
	// Missing says that the site's services want it and it is nowhere; WantedBy are they, where they are known.
	Missing  bool     `json:"missing,omitempty"`
	WantedBy []string `json:"wanted_by,omitempty"`
}

func (c *cli) secretListCommand() *cobra.Command {
	var f secretFlags
	var origin bool
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List the secrets, and those that are missing",
		Long: "Lists what the site gets: its own secrets, its project's and its organization's, and those of other sources that\n" +
			"longshore.yml names; also what its services want and nobody has set. Without a site, where there are several, it lists\n" +
			"what each scope has. It needs no key and shows no value.",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.listSecrets(cmd.Context(), &f, origin) },
	}
	f.addProject(cmd)
	cmd.Flags().BoolVar(&origin, "origin", false, "list every scope that has a secret, and which one wins")
	return cmd
}

func (c *cli) listSecrets(ctx context.Context, f *secretFlags, origin bool) error {
	v, err := f.open()
	if err != nil {
		return err
	}
	known := v.settings.Site.Name != ""
	rows, err := v.list()
	if err != nil {
		return err
	}
	if known && !origin {
		rows = slices.DeleteFunc(rows, func(l listedSecret) bool { return !l.Wins })
	}
	if known {
		rows = c.addWanted(ctx, f, v, rows)
	}
	slices.SortStableFunc(rows, func(a, b listedSecret) int { return cmp.Compare(a.Name, b.Name) })
	if c.format == display.JSON {
		return display.Object(c.Out, append([]listedSecret{}, rows...))
	}
	if len(rows) == 0 {
		c.say("there are no secrets; set one with  longshore secret set NAME")
		return nil
	}
	header := []string{"NAME", "FROM", "VERSION", "SET", "BY", "WANTED BY"}
	if known && origin {
		header = append(header, "WINS")
	}
	table := make([][]string, len(rows))
	for i, l := range rows {
		table[i] = l.row(time.Now())
		if known && origin {
			table[i] = append(table[i], map[bool]string{true: "yes"}[l.Wins])
		}
	}
	return display.Table(c.Out, header, table)
}

func (l listedSecret) row(now time.Time) []string {
	from, version := strings.TrimSpace(l.Scope+" "+l.Of), ""
	switch {
	case l.Missing:
		from = "MISSING"
	case l.From != "":
		from = l.From
	case l.Version > 0:
		version = fmt.Sprint(l.Version)
	default:
		version = "none"
	}
	if l.Pending > 0 {
		version += fmt.Sprintf(", %d pending", l.Pending)
	}
	set := ""
	if !l.At.IsZero() {
		set = display.Ago(l.At, now)
	}
	return []string{l.Name, from, version, set, l.By, strings.Join(l.WantedBy, ", ")}
}

// list is what every scope and source has, the nearest first. Where no site is known it has all sites' own.
func (v *vault) list() ([]listedSecret, error) {
	var out []listedSecret
	won := map[string]bool{}
	for name, source := range v.settings.Sources {
		if source.From != app.FromStore {
			out = append(out, listedSecret{Name: name, From: sourceText(source), Wins: true})
			won[name] = true
		}
	}
	scopes := v.settings.Scopes
	if v.settings.Site.Name == "" {
		sites, err := v.siteScopes()
		if err != nil {
			return nil, err
		}
		scopes = append(sites, scopes...)
	}
	for _, scope := range scopes {
		names, err := v.folder(scope).Names()
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			record, err := v.folder(scope).Read(name)
			if err != nil {
				return nil, err
			}
			l := inScope(record, scope)
			l.Wins = l.Version > 0 && !won[name]
			won[name] = won[name] || l.Wins
			out = append(out, l)
		}
	}
	return out, nil
}

func inScope(record store.Record, scope app.SecretScope) listedSecret {
	l := listedSecret{Name: record.Name, Scope: scope.Kind, Of: scope.Of}
	if current, ok := record.Version(0); ok {
		l.Version, l.At, l.By = current.Number, current.At, current.By
	}
	if pending, ok := record.Pending(); ok {
		l.Pending = pending.Number
	}
	return l
}

// addWanted says which services want what, and adds what they want and nobody has. That takes the compose file: where it
// cannot be loaded, a note says so.
func (c *cli) addWanted(ctx context.Context, f *secretFlags, v *vault, rows []listedSecret) []listedSecret {
	options := f.options
	options.Dirty = true
	project, err := loadProject(ctx, options)
	if err != nil {
		c.warn("what services want is not known, since the project's files do not load: longshore config says why")
		return rows
	}
	missing, err := v.finder().Missing(project.Spec.SecretScopes, project.Spec.Secrets)
	if err != nil {
		c.warn("what is missing is not known: %s", exit.Message(err))
	}
	for i, l := range rows {
		if l.Wins {
			rows[i].WantedBy = project.Spec.WantedBy(l.Name)
		}
	}
	for _, s := range missing {
		rows = slices.DeleteFunc(rows, func(l listedSecret) bool { return l.Name == s.Name && l.From != "" })
		rows = append(rows, listedSecret{Name: s.Name, Missing: true, WantedBy: project.Spec.WantedBy(s.Name)})
	}
	return rows
}

// finder looks for secrets without opening one.
func (v *vault) finder() store.Finder { return store.Finder{Keys: v.keys} }
