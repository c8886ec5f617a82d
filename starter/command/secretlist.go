package command

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/store"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
)

// listedSecret is one secret in one place, as a list has it.
type listedSecret struct {
	Name string `json:"name"`
	// Scope and Of are the file store's; From is another source. Of a secret that is missing Of is the site that wants it.
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
	} else {
		rows = append(rows, c.missingOfSites(ctx, f, v)...)
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
		from = "MISSING in " + l.Of
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

// addWanted says which services of the site want what, and adds what they want and nobody has.
func (c *cli) addWanted(ctx context.Context, f *secretFlags, v *vault, rows []listedSecret) []listedSecret {
	spec, missing := c.wants(ctx, f.options, v)
	for i, l := range rows {
		if l.Wins {
			rows[i].WantedBy = spec.WantedBy(l.Name)
		}
	}
	for _, m := range missing {
		rows = slices.DeleteFunc(rows, func(l listedSecret) bool { return l.Name == m.Name && l.From != "" })
	}
	return append(rows, missing...)
}

// missingOfSites is what the services of every site want and nobody has.
func (c *cli) missingOfSites(ctx context.Context, f *secretFlags, v *vault) []listedSecret {
	var out []listedSecret
	options := f.options
	for _, options.Site = range config.Sites(options.Dir) {
		_, missing := c.wants(ctx, options, v)
		out = append(out, missing...)
	}
	return out
}

// wants is what a site's services want, and what of that is missing. It takes the compose file: where that does not load, a
// warning says so, and nothing is known.
func (c *cli) wants(ctx context.Context, options config.Options, v *vault) (app.Spec, []listedSecret) {
	options.Dirty = true
	project, err := loadProject(ctx, options)
	if err != nil {
		c.warn("what the services of %s want is not known, since its files do not load: longshore config says why", cmp.Or(options.Site, "the site"))
		return app.Spec{}, nil
	}
	spec := project.Spec
	missing, err := store.Finder{Keys: v.keys}.Missing(spec.SecretScopes, spec.Secrets)
	if err != nil {
		c.warn("what is missing in %s is not known: %s", spec.Site, exit.Message(err))
	}
	out := make([]listedSecret, len(missing))
	for i, s := range missing {
		out[i] = listedSecret{Name: s.Name, Of: spec.Site.String(), Missing: true, WantedBy: spec.WantedBy(s.Name)}
	}
	return spec, out
}
