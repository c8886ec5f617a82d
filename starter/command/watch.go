package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/workflows"
)

func (c *cli) watchCommand() *cobra.Command {
	var p projectFlags
	cmd := &cobra.Command{
		Use:   "watch [run]",
		Short: "Follow a run of the site, or show how it ended",
		Long: "Follows the run that is named by its request's id or its workflow id, and ends with the code of its outcome. Without\n" +
			"a name it is the run under way, else the next one, else the last that ended.",
		Args:              atMostOne("run"),
		ValidArgsFunction: p.completeRuns(),
		RunE:              func(cmd *cobra.Command, args []string) error { return c.watch(cmd.Context(), &p, args) },
	}
	p.add(cmd)
	return cmd
}

func (c *cli) watch(ctx context.Context, p *projectFlags, args []string) error {
	project, s, err := p.open(ctx, connect)
	if err != nil {
		return err
	}
	defer s.Close()
	to, err := s.find(ctx, project.Spec.Site, args)
	if err != nil {
		return err
	}
	_, err = c.await(ctx, s, to, workflows.Accepted{WorkflowID: to.workflow}, display.NewFollower(c.format, c.Out, to.title))
	return err
}

// find is the run that the arguments name; without one, the site's newest.
func (s *session) find(ctx context.Context, site app.Site, args []string) (target, error) {
	if len(args) > 0 {
		return s.named(ctx, site, args[0])
	}
	return s.newest(ctx, site)
}
