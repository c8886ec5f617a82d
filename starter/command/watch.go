package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
	"github.com/longshore-dev/longshore/starter/run"
	"github.com/longshore-dev/longshore/workflows"
)

// view is what a run looks like at a moment.
type view = run.View

// askTimeout bounds one question to the engine.
const askTimeout = 10 * time.Second

// followed is a run to follow.
type followed struct {
	project *config.Project
	id      string
	runID   string
	title   string
}

// follow shows a run until it ends, and ends with the code of its outcome. An interrupt leaves the run alone.
func (c *cli) follow(ctx context.Context, s *session, f followed) error {
	url := s.target.RunURL(f.id, f.runID)
	shown := display.NewFollower(c.format, c.Out, f.title, url)
	defer shown.Close()
	result, err := s.follower().Follow(ctx, f.project.Spec.Site, f.id, f.runID, shown.Show)
	shown.Close()
	if ctx.Err() != nil {
		c.say("")
		c.say("detached; the run goes on")
		c.sayHowToGoOn(f.project)
		return exit.Quiet(exit.Interrupted)
	}
	if err != nil {
		return err
	}
	if err := display.Result(c.Out, c.format, result, url); err != nil {
		return err
	}
	return exit.Quiet(exit.ForOutcome(result.Outcome))
}

func (c *cli) watchCommand() *cobra.Command {
	var p projectFlags
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "Follow the site's deploy that is going on, or show how the last one ended",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return c.watch(cmd.Context(), &p) },
	}
	p.add(cmd)
	return cmd
}

func (c *cli) watch(ctx context.Context, p *projectFlags) error {
	project, err := p.load(ctx)
	if err != nil {
		return err
	}
	s, err := connect(ctx, project.Settings.StateDir)
	if err != nil {
		return err
	}
	defer s.Close()
	id := workflows.DeployID(project.Spec.Site)
	answer, err := s.lastRun(ctx, project.Spec.Site)
	if err != nil {
		return err
	}
	title := s.summary(answer)
	if title == "" {
		title = "deploy " + project.Spec.Site.String()
	}
	return c.follow(ctx, s, followed{
		project: project, id: id, title: title,
		runID: answer.GetWorkflowExecutionInfo().GetExecution().GetRunId(),
	})
}

// errNoRun says that the engine knows no deploy of a site.
var errNoRun = errors.New("the engine knows no deploy")

// lastRun describes the site's last deploy, going on or ended; errNoRun where there is none.
func (s *session) lastRun(ctx context.Context, site app.Site) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answer, err := s.DescribeWorkflowExecution(ctx, workflows.DeployID(site), "")
	if _, ok := errors.AsType[*serviceerror.NotFound](err); ok {
		return nil, fmt.Errorf("%w of %s", errNoRun, site)
	}
	if err != nil {
		return nil, fmt.Errorf("look for the deploy of %s: %w", site, err)
	}
	return answer, nil
}

// summary is the one line that a run was started with; empty where it cannot be read.
func (s *session) summary(answer *workflowservice.DescribeWorkflowExecutionResponse) string {
	var text string
	if p := answer.GetExecutionConfig().GetUserMetadata().GetSummary(); p == nil || s.fold.Data.FromPayload(p, &text) != nil {
		return ""
	}
	return text
}

func goesOn(answer *workflowservice.DescribeWorkflowExecutionResponse) bool {
	return answer.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
}

func (c *cli) cancelCommand() *cobra.Command {
	var p projectFlags
	cmd := &cobra.Command{
		Use:   "cancel",
		Short: "Cancel the site's deploy that is going on",
		Long: "Asks the site's deploy to stop. It undoes what it has done and leaves the old release serving; after the switch\n" +
			"it is too late, and the run goes on to its end. Follow it with longshore watch.",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.cancel(cmd.Context(), &p) },
	}
	p.add(cmd)
	return cmd
}

func (c *cli) cancel(ctx context.Context, p *projectFlags) error {
	project, err := p.load(ctx)
	if err != nil {
		return err
	}
	s, err := connect(ctx, project.Settings.StateDir)
	if err != nil {
		return err
	}
	defer s.Close()
	site := project.Spec.Site
	answer, err := s.lastRun(ctx, site)
	if err != nil {
		return err
	}
	if !goesOn(answer) {
		return fmt.Errorf("no deploy of %s is going on", site)
	}
	runID := answer.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if err := s.CancelWorkflow(ctx, workflows.DeployID(site), runID); err != nil {
		return fmt.Errorf("cancel the deploy of %s: %w", site, err)
	}
	if c.format == display.JSON {
		return display.Object(c.Out, map[string]string{"site": site.String(), "workflow_id": workflows.DeployID(site), "run_id": runID})
	}
	c.say("asked the deploy of %s to stop and undo what it has done", site)
	c.say("watch it with   longshore watch --site %s", site.Name)
	return nil
}
