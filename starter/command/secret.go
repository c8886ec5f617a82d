package command

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
)

// nearestText says in help which secret is meant.
const nearestText = "the nearest that has the secret"

func (c *cli) secretCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "secret",
		Short: "Keep the project's secrets: set, look, rotate",
		Long: "Keeps secrets in files that are encrypted to their readers and safe to commit. A site has its own, its project's and\n" +
			"its organization's secrets; the nearest wins. Values come from a prompt or the standard input, never as arguments.",
		Args: knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SuggestionsMinimumDistance = suggestWithin
	cmd.AddCommand(
		c.secretSetCommand(), c.secretGenerateCommand(), c.secretEditCommand(), c.secretImportCommand(),
		c.secretListCommand(), c.secretShowCommand(), c.secretHistoryCommand(), c.secretRemoveCommand(),
		c.secretRotateCommand(), c.secretWatchCommand(), c.secretStatusCommand(), c.secretCancelCommand(),
	)
	return cmd
}

func (c *cli) secretShowCommand() *cobra.Command {
	var f secretFlags
	var number int
	cmd := &cobra.Command{
		Use:   "show name",
		Short: "Print a secret's value, which is recorded",
		Long: "Prints the value alone; on a terminal with a line break after it. That it was read, by whom and why is recorded first,\n" +
			"on this machine.",
		Args:              oneSecret,
		ValidArgsFunction: f.completeNames,
		RunE:              func(_ *cobra.Command, args []string) error { return c.showSecret(&f, args[0], number) },
	}
	f.addProject(cmd)
	f.addScope(cmd, nearestText)
	f.addWhy(cmd)
	cmd.Flags().IntVar(&number, "version", 0, "the version (default: the current one)")
	return cmd
}

func (c *cli) showSecret(f *secretFlags, name string, number int) error {
	if number < 0 {
		return exit.With(exit.Usage, fmt.Errorf("--version %d is no version: they count from 1", number))
	}
	v, err := f.open()
	if err != nil {
		return err
	}
	if source, ok := v.settings.Sources[name]; ok && source.From != app.FromStore && f.scope == "" {
		return exit.With(exit.Usage, fmt.Errorf("longshore.yml takes %s from %s: read it there. --scope reads the store all the same", name, sourceText(source)))
	}
	scope, err := f.find(v, name)
	if err != nil {
		return err
	}
	value, version, err := v.folder(scope).Value(name, number)
	if err != nil {
		return err
	}
	if err := v.journal.Add(f.reading(scope, name, version.Number)); err != nil {
		return fmt.Errorf("the value is not shown, since that cannot be recorded: %w", err)
	}
	if version.State == app.VersionRevoked || version.State == app.VersionPending {
		c.warn("version %d of %s is %s", version.Number, name, version.State)
	}
	switch c.format {
	case display.JSON:
		return display.Object(c.Out, map[string]any{
			"name": name, "scope": scope.Kind, "of": scope.Of, "version": version.Number, "state": version.State, "value": value.Reveal(),
		})
	case display.TTY:
		_, err = fmt.Fprintln(c.Out, value.Reveal())
	default:
		_, err = io.WriteString(c.Out, value.Reveal())
	}
	return err
}

func (c *cli) secretRemoveCommand() *cobra.Command {
	var f secretFlags
	var yes bool
	cmd := &cobra.Command{
		Use:   "rm name",
		Short: "Remove a secret, with all of its values",
		Long: "Revokes all versions of a secret and drops their values. Its record stays, with who had it. Containers keep what they\n" +
			"have until the next deploy, which is refused where a service still wants the secret. An organization's secret needs\n" +
			"--scope organization. On a terminal it asks for the secret's name.",
		Args:              oneSecret,
		ValidArgsFunction: f.completeNames,
		RunE:              func(cmd *cobra.Command, args []string) error { return c.removeSecret(cmd.Context(), &f, args[0], yes) },
	}
	f.addProject(cmd)
	f.addScope(cmd, nearestText)
	f.addWhy(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for the secret's name")
	return cmd
}

func (c *cli) removeSecret(ctx context.Context, f *secretFlags, name string, yes bool) error {
	v, err := f.open()
	if err != nil {
		return err
	}
	scope, err := f.find(v, name)
	if err != nil {
		return err
	}
	if scope.Kind == app.ScopeOrganization && f.scope == "" {
		return exit.With(exit.Usage, fmt.Errorf("%s is the organization's, and other projects may use it: give --scope organization to remove it", name))
	}
	if !yes {
		if err := c.confirmSecret(ctx, scope, name); err != nil {
			return err
		}
	}
	if err := v.folder(scope).Remove(name, operator(), f.why); err != nil {
		return err
	}
	if c.format == display.JSON {
		return display.Object(c.Out, map[string]any{"name": name, "scope": scope.Kind, "of": scope.Of, "removed": true})
	}
	c.say("removed %s of %s %s", name, scope.Kind, scope.Of)
	left, err := v.having(v.settings.Scopes, name)
	if len(left) > 0 {
		c.note("%s %s has one too, which counts from now on", left[0].Kind, left[0].Of)
	}
	return err
}

// confirmSecret has a person type the secret's name. Without a person it refuses.
func (c *cli) confirmSecret(ctx context.Context, scope app.SecretScope, name string) error {
	if !c.interactive() {
		return exit.With(exit.Usage, fmt.Errorf("rm asks for the secret's name, and nobody is there to type it: give --yes to remove %s of %s", name, scope.Of))
	}
	_, _ = fmt.Fprintf(c.Err, "This drops all values of %s of %s %s. Type its name to go on: ", name, scope.Kind, scope.Of)
	line, err := answer(ctx, c.In)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil || line != name {
		return exit.With(exit.Usage, errors.New("that is not the secret's name: nothing was done"))
	}
	return nil
}
