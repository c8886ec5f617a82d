package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
	"github.com/longshore-dev/longshore/internal/store"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/edit"
	"github.com/longshore-dev/longshore/starter/exit"
	"github.com/longshore-dev/longshore/starter/typed"
)

// homeText says in help where a value is written.
const homeText = "the site where --site names one or it has the secret, else the project"

func (c *cli) secretSetCommand() *cobra.Command {
	var f secretFlags
	cmd := &cobra.Command{
		Use:   "set name",
		Short: "Give a secret a new value, typed unseen or piped in",
		Long: "Takes a value from a prompt that does not show it, or all of the standard input but for one line break at its end, and\n" +
			"writes it as a new version. It needs no key: only who can read the secrets is asked for. Running containers keep the\n" +
			"version that they have until the next deploy; longshore secret rotate changes it under them.",
		Example:           "  longshore secret set STRIPE_KEY\n  longshore secret set TLS_KEY --site production < tls.key",
		Args:              oneSecret,
		ValidArgsFunction: f.completeNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			v, scope, err := f.openHome(args[0])
			if err != nil {
				return err
			}
			value, err := typed.Value(cmd.Context(), c.In, c.Err, args[0])
			if err != nil {
				return notGiven(args[0], err)
			}
			return c.write(&f, v, scope, args[0], value)
		},
	}
	f.addProject(cmd)
	f.addScope(cmd, homeText)
	f.addWhy(cmd)
	return cmd
}

// notGiven names the secret whose value is none, with the code for wrong usage.
func notGiven(name string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return exit.With(exit.Usage, fmt.Errorf("%s: %w", name, err))
}

// openHome is open, and the scope that a value is written to.
func (f *secretFlags) openHome(name string) (*vault, app.SecretScope, error) {
	v, err := f.open()
	if err != nil {
		return nil, app.SecretScope{}, err
	}
	scope, err := f.home(v, name)
	return v, scope, err
}

func (c *cli) secretGenerateCommand() *cobra.Command {
	var f secretFlags
	var p app.SecretPolicy
	cmd := &cobra.Command{
		Use:   "generate name",
		Short: "Give a secret a new random value",
		Long: "Makes a random value and writes it as a new version, without showing it. What the flags leave open is as longshore.yml\n" +
			"says under secrets.<name>.rotate, else 32 letters and digits.",
		Example:           "  longshore secret generate SESSION_KEY\n  longshore secret generate PIN --length 8 --alphabet digits",
		Args:              oneSecret,
		ValidArgsFunction: f.completeNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			v, scope, err := f.openHome(args[0])
			if err != nil {
				return err
			}
			policy := v.settings.Rotations.Of(args[0]).Policy
			for flag, set := range map[string]func(){
				"length":   func() { policy.Length = p.Length },
				"alphabet": func() { policy.Alphabet = p.Alphabet },
				"exclude":  func() { policy.Exclude = p.Exclude },
			} {
				if cmd.Flags().Changed(flag) {
					set()
				}
			}
			if err := secret.CheckPolicy(policy); err != nil {
				return exit.With(exit.Usage, err)
			}
			value, err := secret.Generate(policy)
			if err != nil {
				return err
			}
			return c.write(&f, v, scope, args[0], value)
		},
	}
	f.addProject(cmd)
	f.addScope(cmd, homeText)
	f.addWhy(cmd)
	flags := cmd.Flags()
	flags.IntVar(&p.Length, "length", 0, "how many characters")
	flags.StringVar(&p.Alphabet, "alphabet", "", "alphanumeric, hex, base64url, ascii, digits, or the characters themselves")
	flags.StringVar(&p.Exclude, "exclude", "", "characters that it must not have")
	return cmd
}

func (c *cli) secretEditCommand() *cobra.Command {
	var f secretFlags
	cmd := &cobra.Command{
		Use:   "edit name",
		Short: "Change a secret's value in your editor",
		Long: "Opens the current value in VISUAL or EDITOR, and writes what comes of it as a new version. The file is for you alone, in\n" +
			"memory where the system has a folder for that, and overwritten and removed at the end.",
		Args:              oneSecret,
		ValidArgsFunction: f.completeNames,
		RunE:              func(cmd *cobra.Command, args []string) error { return c.edit(cmd.Context(), &f, args[0]) },
	}
	f.addProject(cmd)
	f.addScope(cmd, nearestText)
	f.addWhy(cmd)
	return cmd
}

func (c *cli) edit(ctx context.Context, f *secretFlags, name string) error {
	v, err := f.open()
	if err != nil {
		return err
	}
	scope, err := f.find(v, name)
	if err != nil {
		return err
	}
	value, version, err := v.folder(scope).Value(name, 0)
	if err != nil {
		return err
	}
	if err := v.journal.Add(f.reading(scope, name, version.Number)); err != nil {
		return err
	}
	changed, err := edit.FromEnvironment(c.In, c.Out, c.Err).Edit(ctx, name, value)
	switch {
	case err != nil:
		return err
	case changed.Reveal() == value.Reveal():
		c.say("%s is as it was: no new version", name)
		return nil
	case changed.Empty():
		return exit.With(exit.Usage, fmt.Errorf("%w: nothing was done. To be rid of the secret: longshore secret rm %s", typed.ErrEmpty, name))
	}
	return c.write(f, v, scope, name, changed)
}

// written is a version that a command has made.
type written struct {
	Name    string `json:"name"`
	Scope   string `json:"scope"`
	Of      string `json:"of"`
	Version int    `json:"version"`
	File    string `json:"file"`
}

// write adds a version and says what was written where.
func (c *cli) write(f *secretFlags, v *vault, scope app.SecretScope, name string, value secret.String) error {
	first := isFirst(scope)
	version, err := v.folder(scope).Add(name, store.NewVersion{Value: value, By: operator(), Why: f.why})
	if err != nil {
		return err
	}
	w := written{Name: name, Scope: scope.Kind, Of: scope.Of, Version: version.Number, File: fileOf(scope, name)}
	if c.format == display.JSON {
		return display.Object(c.Out, w)
	}
	c.say("%s of %s %s has version %d: %s", name, scope.Kind, scope.Of, w.Version, w.File)
	if first {
		c.sayFirst(v, scope)
	}
	return c.sayShadows(v, scope, name)
}

// isFirst says whether nobody has written to the list of a scope's recipients yet.
func isFirst(scope app.SecretScope) bool {
	_, err := os.Stat(scope.Recipients)
	return errors.Is(err, fs.ErrNotExist)
}

// sayFirst tells of the key that the first secret is encrypted to.
func (c *cli) sayFirst(v *vault, scope app.SecretScope) {
	c.note("it can be read with the key in %s alone: keep a copy of that in a safe place", v.keys.Path)
	c.note("let others read by  longshore key recipient add%s <their public key>", onlyOrganization(scope))
}

func onlyOrganization(scope app.SecretScope) string {
	if scope.Kind == app.ScopeOrganization {
		return " --scope " + app.ScopeOrganization
	}
	return ""
}

// sayShadows says where a value that was written does not count.
func (c *cli) sayShadows(v *vault, scope app.SecretScope, name string) error {
	if source, ok := v.settings.Sources[name]; ok && source.From != app.FromStore {
		c.note("longshore.yml takes %s from %s: what is in the store is not used", name, sourceText(source))
	}
	if scope.Kind == app.ScopeSite {
		return nil
	}
	nearer, err := v.siteScopes()
	if err != nil {
		return err
	}
	if scope.Kind == app.ScopeOrganization {
		project, err := v.scope(app.ScopeProject)
		if err != nil {
			return err
		}
		nearer = append(nearer, project)
	}
	found, err := v.having(nearer, name)
	for _, s := range found {
		c.note("%s %s has its own %s, which wins there", s.Kind, s.Of, name)
	}
	return err
}

// sourceText says in a few words where a secret comes from; never what its arguments are, which may be secret.
func sourceText(s app.SecretSource) string {
	switch s.From {
	case app.FromFile:
		return "the file " + s.File
	case app.FromSOPS:
		return strings.TrimSpace("the SOPS file " + s.File + " " + s.Key)
	case app.FromCommand:
		if len(s.Command) > 0 {
			return "the command " + s.Command[0]
		}
	case app.FromEnv:
		return "the worker's variable " + s.Variable
	}
	return "the " + s.From
}
