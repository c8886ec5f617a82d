package command

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/store"
	"github.com/longshore-dev/longshore/starter/exit"
	"github.com/longshore-dev/longshore/starter/typed"
	"github.com/longshore-dev/longshore/workflows"
)

// rotateFlags are the flags of secret rotate.
type rotateFlags struct {
	secretFlags
	compromised bool
	soak        time.Duration
	soakGiven   bool
	given       bool
	detach      bool
	breakFreeze bool
}

func (c *cli) secretRotateCommand() *cobra.Command {
	var f rotateFlags
	cmd := &cobra.Command{
		Use:   "rotate name",
		Short: "Change a secret everywhere without an outage",
		Long: "Makes a new version, adds it beside the old one, tests it, rolls it out to every site that uses it on the way of a\n" +
			"deploy, and revokes the old one after a soak: as longshore.yml says under secrets.<name>.rotate, else with a new random\n" +
			"value. Until the revoke, a failure or a cancel goes back. Ctrl-C detaches: the rotation goes on.",
		Example: "  longshore secret rotate SESSION_KEY\n  longshore secret rotate DATABASE_URL --site production --soak 1h\n" +
			"  longshore secret rotate STRIPE_KEY --given\n  longshore secret rotate API_TOKEN --compromised --why \"in a screenshot\"",
		Args:              oneSecret,
		ValidArgsFunction: f.completeNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.soakGiven = cmd.Flags().Changed("soak")
			return c.rotate(cmd.Context(), &f, args[0])
		},
	}
	f.addProject(cmd)
	f.addScope(cmd, nearestText)
	f.addWhy(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.compromised, "compromised", false, "revoke the old version before the new one is rolled out: an outage is better than a thief")
	flags.DurationVar(&f.soak, "soak", 0, "how long the old version stays good after the roll-out (default: the settings', or 10m)")
	flags.BoolVar(&f.given, "given", false, "take the new value from a prompt or the standard input")
	flags.BoolVar(&f.detach, "detach", false, "ask for the rotation and return")
	flags.BoolVar(&f.breakFreeze, "break-freeze", false, "go ahead in spite of freezes of the sites, which is recorded")
	return cmd
}

func (c *cli) rotate(ctx context.Context, f *rotateFlags, name string) error {
	v, r, err := c.openRotation(&f.secretFlags, name)
	if err != nil {
		return err
	}
	settings, err := f.settings(v, name)
	if err != nil {
		return err
	}
	sites, err := f.sites(r.line.Scope)
	if err != nil {
		return err
	}
	if err := checkHostKey(sites, r.line, settings); err != nil {
		return err
	}
	if r.session, err = c.connect(ctx, v.settings.Tool.StateDir); err != nil {
		return err
	}
	defer r.session.Close()
	// Asked first, so that nobody types a value in vain; the engine decides.
	if running, err := r.running(ctx); err != nil {
		return err
	} else if running != "" {
		return r.refused()
	}
	if err := c.confirmRandom(ctx, f, v, name); err != nil {
		return err
	}
	input := workflows.RotateSecretInput{
		Secret: r.line, Settings: settings, Sites: sites, Compromised: f.compromised, BreakFreeze: f.breakFreeze, By: operator(), Why: f.why,
	}
	if settings.With == app.WithGiven || f.given {
		if input.Given, err = c.takeGiven(ctx, f, v, r.line); err != nil {
			return err
		}
	}
	runID, err := r.start(ctx, input)
	switch {
	case errors.Is(err, errRotates):
		return r.refused()
	case err != nil:
		return err
	case f.detach:
		return r.detached(runID)
	}
	return r.follow(ctx, runID)
}

// confirmRandom asks before a made-up value takes the place of one that may be a supplier's, where the files do not say how
// the secret is rotated. A script, which has nobody to ask, means what it says.
func (c *cli) confirmRandom(ctx context.Context, f *rotateFlags, v *vault, name string) error {
	if _, said := v.settings.Rotations[name]; said || f.given || !c.interactive() {
		return nil
	}
	if c.ask(ctx, "longshore.yml does not say how "+name+" is rotated: a random value takes its place. Go on?") {
		return nil
	}
	return exit.With(exit.Usage, fmt.Errorf("nothing was done: say how by secrets.%s.rotate in longshore.yml, or bring the new value with --given", name))
}

// openRotation finds the secret whose rotation is meant. It does not dial the engine.
func (c *cli) openRotation(f *secretFlags, name string) (*vault, rotation, error) {
	v, err := f.open()
	if err != nil {
		return nil, rotation{}, err
	}
	if source, ok := v.settings.Sources[name]; ok && source.From != app.FromStore {
		return nil, rotation{}, exit.With(exit.Usage, fmt.Errorf("longshore.yml takes %s from %s: only secrets of the store can be rotated. Change it there and deploy", name, sourceText(source)))
	}
	scope, err := f.find(v, name)
	if err != nil {
		return nil, rotation{}, err
	}
	if scope.Kind == app.ScopeSite && v.settings.Site.Name == "" {
		// What longshore.yml says of the secret may be the site's own.
		f.options.Site = filepath.Base(scope.Folder)
		if v, err = f.open(); err != nil {
			return nil, rotation{}, err
		}
	}
	return v, rotation{cli: c, line: app.SecretLine{Name: name, Scope: scope}}, nil
}

// settings are how the secret is rotated, as the files and the flags say.
func (f *rotateFlags) settings(v *vault, name string) (app.Rotation, error) {
	r := v.settings.Rotations.Of(name)
	if f.soakGiven {
		if f.soak < 0 {
			return r, exit.With(exit.Usage, fmt.Errorf("--soak %s is less than nothing", f.soak))
		}
		r.Soak = f.soak
	}
	if f.given && (r.With == app.WithPostgres || r.With == app.WithMySQL) {
		return r, exit.With(exit.Usage, fmt.Errorf("secrets.%s.rotate in longshore.yml is with %s, which makes the password itself: leave out --given", name, r.With))
	}
	if f.given && r.With != app.WithCommand {
		r.With = app.WithGiven
	}
	return r, nil
}

// sites are those of the project file that are below the scope.
func (f *secretFlags) sites(scope app.SecretScope) ([]activities.RotationSite, error) {
	all, err := config.LoadSites(config.Options{Dir: f.options.Dir})
	if err != nil {
		return nil, invalid(err)
	}
	var out []activities.RotationSite
	for _, s := range all {
		below := slices.ContainsFunc(s.Scopes, func(own app.SecretScope) bool { return own.Kind == scope.Kind && own.Of == scope.Of })
		if below {
			out = append(out, activities.RotationSite{Site: s.Site, Hosts: s.Hosts, Approve: s.Approve, Scopes: s.Scopes})
		}
	}
	return out, nil
}

// checkHostKey refuses to put a made-up value in the place of a key that hosts are logged in to by: it would lock all out.
func checkHostKey(sites []activities.RotationSite, line app.SecretLine, r app.Rotation) error {
	if r.With == app.WithGiven || r.With == app.WithCommand {
		return nil
	}
	for _, s := range sites {
		for _, h := range s.Hosts {
			if h.IdentitySecret == line {
				return exit.With(exit.Usage, fmt.Errorf("%s is the key that logs in to %s: a new value of it has to be a private key that the host knows. "+
					"Let the host know its public half and use longshore secret set, or --given", line.Name, h.Name))
			}
		}
	}
	return nil
}

// takeGiven keeps the value that a person supplies as a pending version, and answers its number.
func (c *cli) takeGiven(ctx context.Context, f *rotateFlags, v *vault, line app.SecretLine) (int, error) {
	value, err := typed.Value(ctx, c.In, c.Err, line.Name)
	if err != nil {
		return 0, notGiven(line.Name, err)
	}
	version, err := v.folder(line.Scope).Add(line.Name, store.NewVersion{Value: value, State: app.VersionPending, By: operator(), Why: f.why})
	return version.Number, err
}

func (c *cli) secretWatchCommand() *cobra.Command {
	return c.rotationCommand("watch name", "Follow a secret's rotation, or show how the last one ended",
		"Follows the rotation under way from anywhere that the engine is reached, and ends with the code of its outcome.", rotation.watch)
}

func (c *cli) secretStatusCommand() *cobra.Command {
	return c.rotationCommand("status name", "Show how far a secret's rotation has come",
		"Shows the phase of the rotation under way, the versions, and which site has which.", rotation.status)
}

func (c *cli) secretCancelCommand() *cobra.Command {
	return c.rotationCommand("cancel name", "Have a secret's rotation go back",
		"Asks the rotation under way to go back: the old version stays current, and every site gets it again. Once the old one\n"+
			"is revoked it is too late, and the rotation goes on to its end.", rotation.cancel)
}

// rotationCommand is a command about the rotation of a secret that has been asked for.
func (c *cli) rotationCommand(use, short, long string, do func(rotation, context.Context) error) *cobra.Command {
	var f secretFlags
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long, Args: oneSecret, ValidArgsFunction: f.completeNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			v, r, err := c.openRotation(&f, args[0])
			if err != nil {
				return err
			}
			if r.session, err = connect(cmd.Context(), v.settings.Tool.StateDir); err != nil {
				return err
			}
			defer r.session.Close()
			return do(r, cmd.Context())
		},
	}
	f.addProject(cmd)
	f.addScope(cmd, nearestText)
	return cmd
}
