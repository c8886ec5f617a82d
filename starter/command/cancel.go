package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/queue"
	"github.com/longshore-dev/longshore/workflows"
)

func (c *cli) cancelCommand() *cobra.Command {
	var p projectFlags
	cmd := &cobra.Command{
		Use:   "cancel [run]",
		Short: "Cancel a run of the site, or take it out of the queue",
		Long: "Asks the run that is named, or else the one under way, to stop. It undoes what it has done and leaves the old release\n" +
			"serving; once the new release has been watched to the end it is too late. A run that waits for its turn leaves\n" +
			"the queue.",
		Args:              atMostOne("run"),
		ValidArgsFunction: p.completeRuns(),
		RunE:              func(cmd *cobra.Command, args []string) error { return c.cancel(cmd.Context(), &p, args) },
	}
	p.add(cmd)
	return cmd
}

func (c *cli) cancel(ctx context.Context, p *projectFlags, args []string) error {
	project, s, err := p.open(ctx, connect)
	if err != nil {
		return err
	}
	defer s.Close()
	site := project.Spec.Site
	withdrawal := workflows.Withdrawal{By: operator()}
	if len(args) > 0 {
		to, err := s.named(ctx, site, args[0])
		if err != nil {
			return err
		}
		withdrawal.ID = to.request
	}
	withdrawn, err := s.queue(site).Withdraw(ctx, withdrawal)
	if errors.Is(err, queue.ErrNoWorker) {
		withdrawn, err = s.cancelWithoutWorker(ctx, site, args, err)
	}
	if refusal, ok := errors.AsType[*queue.Refusal](err); errors.Is(err, queue.ErrNone) || ok && refusal.Failure.Kind == app.KindMissing {
		return nothingToCancel(site, withdrawal)
	}
	if err != nil {
		return err
	}
	to := target{site: site, request: withdrawn.ID, workflow: withdrawn.WorkflowID}
	if c.format == display.JSON {
		return display.Object(c.Out, map[string]any{
			"site": site.String(), "request_id": to.request, "workflow_id": to.workflow, "running": withdrawn.Running,
		})
	}
	if !withdrawn.Running {
		c.say("%s has left the queue of %s", to.request, site)
		return nil
	}
	c.say("asked %s to stop and undo what it has done", to.workflow)
	c.say("watch it with   longshore watch %s", to.handle())
	return nil
}

func nothingToCancel(site app.Site, w workflows.Withdrawal) error {
	if w.ID == "" {
		return fmt.Errorf("no run of %s is under way", site)
	}
	return fmt.Errorf("the request %s of %s neither waits nor is it under way", w.ID, site)
}

// cancelWithoutWorker asks the run itself to stop: the engine keeps that until a worker comes. missing is the error where
// no run is under way.
func (s *session) cancelWithoutWorker(ctx context.Context, site app.Site, args []string, missing error) (workflows.Withdrawn, error) {
	to, err := s.listed(ctx, site)
	if err != nil || len(args) > 0 && args[0] != to.request && args[0] != to.workflow {
		return workflows.Withdrawn{}, errors.Join(missing, err)
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answer, err := s.DescribeWorkflowExecution(ctx, to.workflow, "")
	if err == nil && answer.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		err = missing
	}
	if err == nil {
		err = s.CancelWorkflow(ctx, to.workflow, "")
	}
	return workflows.Withdrawn{ID: to.request, WorkflowID: to.workflow, Running: true}, err
}
