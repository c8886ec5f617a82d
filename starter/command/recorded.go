package command

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/exit"
	"github.com/longshore-dev/longshore/workflows"
)

// recorded asks for a run of what the hosts have recorded. Only the site and its hosts are taken from the project's
// files; fill adds what the run is about.
func (c *cli) recorded(ctx context.Context, f *runFlags, kind app.RunKind, fill func(*workflows.RecordedInput)) error {
	project, s, err := f.project.open(ctx, c.connect)
	if err != nil {
		return err
	}
	defer s.Close()
	input := workflows.RecordedInput{
		Site: project.Spec.Site, Hosts: project.Spec.Hosts, Approve: project.Spec.Approve, SecretScopes: project.Spec.SecretScopes, Order: f.order(),
	}
	if fill != nil {
		fill(&input)
	}
	return c.run(ctx, s, project, f, workflows.Request{Kind: kind, Recorded: &input})
}

func (c *cli) rollbackCommand() *cobra.Command {
	var f runFlags
	var to string
	cmd := &cobra.Command{
		Use:   "rollback",
		Short: "Go back to an earlier release",
		Long: "Puts an earlier release in the place of the current one, with the images, the configuration and the numbers of replicas\n" +
			"that it was recorded with; nothing is built. Without --to it is the last stable release before the current one. It\n" +
			"takes the way of a deploy, and gets a release number of its own. longshore releases lists what can be reached.",
		Example: "  longshore rollback --why \"checkout is slow\"\n  longshore rollback --to 41-a1b2c3d",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.recorded(cmd.Context(), &f, app.RunRollback, func(in *workflows.RecordedInput) { in.To = to })
		},
	}
	f.add(cmd)
	f.addPartial(cmd)
	cmd.Flags().StringVar(&to, "to", "", "the release, such as 41-a1b2c3d or 41 (default: the last stable one before the current)")
	completeFlag(cmd, "to", f.project.completeReleases())
	return cmd
}

func (c *cli) restartCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "restart [service…]",
		Short: "Replace the containers of services by new ones of the same release",
		Long: "Replaces the containers of the services named, or of all, by new ones of the same images and configuration, on the\n" +
			"way of a deploy: routed services lose no request.",
		Example:           "  longshore restart\n  longshore restart worker",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: f.project.completeServices(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.recorded(cmd.Context(), &f, app.RunRestart, func(in *workflows.RecordedInput) { in.Services = args })
		},
	}
	f.add(cmd)
	f.addPartial(cmd)
	return cmd
}

func (c *cli) scaleCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "scale service=number…",
		Short: "Change how many replicas of services run",
		Long: "Changes how many replicas of services run on each host, until the next deploy: that takes the numbers of the compose\n" +
			"file again.",
		Example:           "  longshore scale web=4 worker=2",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: f.project.completeServices(),
		RunE: func(cmd *cobra.Command, args []string) error {
			replicas, err := parseReplicas(args)
			if err != nil {
				return err
			}
			return c.recorded(cmd.Context(), &f, app.RunScale, func(in *workflows.RecordedInput) { in.Replicas = replicas })
		},
	}
	f.add(cmd)
	f.addPartial(cmd)
	return cmd
}

// parseReplicas reads "web=4".
func parseReplicas(args []string) (map[string]int, error) {
	if len(args) == 0 {
		return nil, exit.With(exit.Usage, errors.New("name a service and its number of replicas, such as web=4"))
	}
	replicas := map[string]int{}
	for _, arg := range args {
		name, text, ok := strings.Cut(arg, "=")
		number, err := strconv.Atoi(text)
		if !ok || name == "" || err != nil || number < 0 {
			return nil, exit.With(exit.Usage, fmt.Errorf("%q is not a service and a number of replicas, such as web=4", arg))
		}
		if _, twice := replicas[name]; twice {
			return nil, exit.With(exit.Usage, fmt.Errorf("%s is named twice", name))
		}
		replicas[name] = number
	}
	return replicas, nil
}

func (c *cli) startCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Start the site again after a stop",
		Long:  "Starts the current release again after longshore stop. Where all of it runs, nothing is done.",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.recorded(cmd.Context(), &f, app.RunStart, nil)
		},
	}
	f.add(cmd)
	f.addPartial(cmd)
	return cmd
}
