package command

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/exit"
)

// logFlags are the flags of logs.
type logFlags struct {
	project    projectFlags
	follow     bool
	tail       int
	since      time.Duration
	timestamps bool
}

func (c *cli) logsCommand() *cobra.Command {
	var f logFlags
	cmd := &cobra.Command{
		Use:   "logs [service…]",
		Short: "Print what the site's containers have printed",
		Args:  cobra.ArbitraryArgs,
		RunE:  func(cmd *cobra.Command, args []string) error { return c.logs(cmd.Context(), f, args) },
	}
	flags := cmd.Flags()
	flags.BoolVarP(&f.follow, "follow", "f", false, "go on with what they print from now on")
	flags.IntVarP(&f.tail, "tail", "n", 100, "how many lines of each container to begin with; -1 for all")
	flags.DurationVar(&f.since, "since", 0, "leave out lines older than this, such as 10m")
	flags.BoolVarP(&f.timestamps, "timestamps", "t", false, "begin each line with its time")
	f.project.add(cmd)
	return cmd
}

func (c *cli) logs(ctx context.Context, f logFlags, services []string) error {
	project, err := f.project.load(ctx)
	if err != nil {
		return err
	}
	for _, name := range services {
		if !slices.ContainsFunc(project.Spec.Services, func(s app.Service) bool { return s.Name == name }) {
			return exit.With(exit.Usage, fmt.Errorf("the compose file has no service %q", name))
		}
	}
	r, err := newReader()
	if err != nil {
		return err
	}
	request := inspect.Request{
		Op:    inspect.OpLogs,
		Site:  project.Spec.Site,
		Hosts: project.Spec.Hosts,
		Logs:  inspect.LogOptions{Services: services, Follow: f.follow, Tail: f.tail, Timestamps: f.timestamps},
	}
	if f.since > 0 {
		request.Logs.Since = time.Now().Add(-f.since)
	}
	return r.Stream(ctx, request, c.Out)
}
