package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"

	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/queue"
	"github.com/longshore-dev/longshore/starter/run"
	"github.com/longshore-dev/longshore/workflows"
)

func (c *cli) approveCommand() *cobra.Command {
	return c.decideCommand(true, "approve", "Say yes to a run that waits for a decision")
}

func (c *cli) rejectCommand() *cobra.Command {
	return c.decideCommand(false, "reject", "Say no to a run that waits for a decision")
}

func (c *cli) decideCommand(yes bool, word, short string) *cobra.Command {
	var p projectFlags
	var why string
	cmd := &cobra.Command{
		Use:   word + " [run]",
		Short: short,
		Long: short + ": the one that is named by its request's id or its workflow id, or else the one\n" +
			"under way. longshore watch shows what it asks. Where it asks nothing, the exit code is 1.",
		Example:           "  longshore " + word + " --why \"looked at the numbers\"",
		Args:              atMostOne("run"),
		ValidArgsFunction: p.completeRuns(),
		RunE:              func(cmd *cobra.Command, args []string) error { return c.decide(cmd.Context(), &p, args, yes, why) },
	}
	p.add(cmd)
	cmd.Flags().StringVar(&why, "why", "", "a reason, kept with the answer")
	return cmd
}

func (c *cli) decide(ctx context.Context, p *projectFlags, args []string, yes bool, why string) error {
	project, s, err := p.open(ctx, connect)
	if err != nil {
		return err
	}
	defer s.Close()
	to, err := s.find(ctx, project.Spec.Site, args)
	if err != nil {
		return err
	}
	question, err := s.follower().Question(ctx, to.workflow, "")
	if _, ok := errors.AsType[*serviceerror.NotFound](err); ok {
		return fmt.Errorf("%s waits for its turn, and asks nothing yet", to.workflow)
	}
	if _, ok := errors.AsType[*serviceerror.QueryFailed](err); ok || err == nil && !question.Waiting {
		return fmt.Errorf("%s waits for no decision", to.workflow)
	}
	if err != nil && run.Passing(err) {
		return queue.ErrNoWorker
	}
	if err != nil {
		return fmt.Errorf("ask %s what it waits for: %w", to.workflow, err)
	}
	if err := s.queue(to.site).Decide(ctx, to.workflow, yes, workflows.Decision{By: operator(), Why: why}); err != nil {
		return err
	}
	said, follows := "approved", question.Yes
	if !yes {
		said, follows = "rejected", question.No
	}
	if c.format == display.JSON {
		return display.Object(c.Out, map[string]any{
			"site": to.site.String(), "request_id": to.request, "workflow_id": to.workflow, "decision": said, "question": question.Text,
		})
	}
	c.say("%s", display.Clean(question.Text))
	c.say("%s: %s", said, display.Clean(follows))
	c.say("watch it with   longshore watch %s", to.handle())
	return nil
}
