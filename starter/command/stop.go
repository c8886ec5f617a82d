package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/exit"
	"github.com/longshore-dev/longshore/workflows"
)

func (c *cli) stopCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "stop",
		Short: "Stop the site, and keep all of it",
		Long: "Takes the traffic from the site, lets it finish its requests, and stops its containers. Containers, images, volumes\n" +
			"and records are kept: longshore start brings it back.",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.stop(cmd.Context(), &f, func(app.Spec) error { return nil }, app.RunStop, false)
		},
	}
	f.add(cmd)
	return cmd
}

func (c *cli) removeCommand() *cobra.Command {
	var f runFlags
	var volumes, yes bool
	cmd := &cobra.Command{
		Use:   "remove",
		Short: "Remove the site from its hosts",
		Long: "Stops the site, and removes its containers, networks, images and records from its hosts. Its volumes are kept unless\n" +
			"they are asked for as well. What is external or another site's is never touched.",
		Example: "  longshore remove --site preview --yes",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			confirm := func(spec app.Spec) error {
				if yes {
					return nil
				}
				return c.confirmRemoval(cmd.Context(), spec, volumes)
			}
			return c.stop(cmd.Context(), &f, confirm, app.RunRemove, volumes)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&volumes, "volumes", false, "remove its volumes too, with all that is in them")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask for the site's name")
	return cmd
}

// stop asks for a stop or a removal, once confirm has no objection.
func (c *cli) stop(ctx context.Context, f *runFlags, confirm func(app.Spec) error, kind app.RunKind, volumes bool) error {
	project, s, err := f.project.open(ctx, c.connect)
	if err != nil {
		return err
	}
	defer s.Close()
	if err := confirm(project.Spec); err != nil {
		return err
	}
	input := workflows.StopInput{Site: project.Spec.Site, Hosts: project.Spec.Hosts, Volumes: volumes, Order: f.order()}
	return c.run(ctx, s, project, f, workflows.Request{Kind: kind, Stop: &input})
}

// confirmRemoval has a person type the site's name. Without a person it refuses.
func (c *cli) confirmRemoval(ctx context.Context, spec app.Spec, volumes bool) error {
	if !c.interactive() {
		return exit.With(exit.Usage, fmt.Errorf("remove asks for the site's name, and nobody is there to type it: give --yes to remove %s", spec.Site))
	}
	hosts := make([]string, len(spec.Hosts))
	for i, h := range spec.Hosts {
		hosts[i] = h.Name
	}
	kept := "Its volumes are kept."
	if volumes {
		kept = "Its volumes are removed too, with all that is in them."
	}
	c.warn("This removes %s from %s: containers, networks, images and records. %s", spec.Site, strings.Join(hosts, ", "), kept)
	_, _ = fmt.Fprintf(c.Err, "Type the site's name, %s, to go on: ", spec.Site.Name)
	line, err := answer(ctx, c.In)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil || line != spec.Site.Name {
		return exit.With(exit.Usage, errors.New("that is not the site's name: nothing was done"))
	}
	return nil
}
