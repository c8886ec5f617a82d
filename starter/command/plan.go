package command

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
	"github.com/longshore-dev/longshore/workflows"
)

// The clock of a plan: it is a question, and nobody waits for the answer for long.
const (
	startTimeout = 15 * time.Second // of the engine's answer to a start
	planTimeout  = 10 * time.Minute
)

// plan runs the workflow that looks and decides but does nothing.
func (c *cli) plan(ctx context.Context, s *session, input workflows.DeployInput) error {
	id, runID, err := s.startPlan(ctx, input)
	if err != nil {
		return err
	}
	var progress display.Follower = nothing{}
	if c.format == display.TTY {
		progress = display.NewFollower(c.format, c.Err, "plan "+input.Spec.Site.String())
	}
	result, err := s.follower().Follow(ctx, input.Spec.Site, id, runID, progress.Show)
	progress.Close()
	if err != nil {
		return err
	}
	if c.format == display.JSON || result.Plan == nil {
		if err := display.Result(c.Out, c.format, result, s.target.RunURL(id, runID)); err != nil {
			return err
		}
		return exit.Quiet(exit.ForOutcome(result.Outcome))
	}
	if err := display.Plan(c.Out, c.format, *result.Plan); err != nil {
		return err
	}
	for _, note := range result.Notes {
		c.note("%s", display.Clean(note))
	}
	return nil
}

// startPlan starts a look at what a deploy would do. It changes nothing, and waits for no turn.
func (s *session) startPlan(ctx context.Context, input workflows.DeployInput) (id, runID string, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	site := input.Spec.Site
	hosts := make([]string, len(input.Spec.Hosts))
	for i, h := range input.Spec.Hosts {
		hosts[i] = h.Name
	}
	id = workflows.PlanID(site, strings.ToLower(rand.Text()[:8]))
	started, err := s.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       id,
		TaskQueue:                workflows.TaskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionTimeout: planTimeout,
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword(workflows.AttributeSite).ValueSet(site.String()),
			temporal.NewSearchAttributeKeyKeyword(workflows.AttributeProject).ValueSet(site.Project),
			temporal.NewSearchAttributeKeyKeywordList(workflows.AttributeHost).ValueSet(hosts),
		),
		StaticSummary: title(site, "plan "+input.Spec.Source.ID),
	}, workflows.PlanName, input)
	if err != nil {
		return "", "", fmt.Errorf("start the plan on the engine: %w", err)
	}
	return id, started.GetRunID(), nil
}
