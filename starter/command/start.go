package command

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
	"github.com/longshore-dev/longshore/workflows"
)

// startTimeout bounds the engine's answer to a start.
const startTimeout = 15 * time.Second

// memoBy is the memo with who started a run.
const memoBy = "by"

// startDeploy starts the deploy of a site. A site that has one going on is a *serviceerror.WorkflowExecutionAlreadyStarted.
func (s *session) startDeploy(ctx context.Context, input workflows.DeployInput) (runID string, err error) {
	options := runOptions(workflows.DeployID(input.Spec.Site), input)
	options.StaticSummary = summary(input)
	return s.start(ctx, options, workflows.DeployName, input)
}

// startPlan starts a look at what a deploy would do. Any number may go on at once.
func (s *session) startPlan(ctx context.Context, input workflows.DeployInput) (id, runID string, err error) {
	id = workflows.PlanID(input.Spec.Site, strings.ToLower(rand.Text()[:8]))
	options := runOptions(id, input)
	options.StaticSummary = "plan" + strings.TrimPrefix(summary(input), "deploy")
	// A plan is a question: nobody waits for the answer for long.
	options.WorkflowExecutionTimeout = 10 * time.Minute
	runID, err = s.start(ctx, options, workflows.PlanName, input)
	return id, runID, err
}

func (s *session) start(ctx context.Context, options client.StartWorkflowOptions, name string, input workflows.DeployInput) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	started, err := s.ExecuteWorkflow(ctx, options, name, input)
	if err != nil {
		return "", fmt.Errorf("start the run on the engine: %w", err)
	}
	return started.GetRunID(), nil
}

// runOptions are what the engine and its web UI are told of a run.
func runOptions(id string, input workflows.DeployInput) client.StartWorkflowOptions {
	site := input.Spec.Site
	hosts := make([]string, len(input.Spec.Hosts))
	for i, h := range input.Spec.Hosts {
		hosts[i] = h.Name
	}
	return client.StartWorkflowOptions{
		ID:                       id,
		TaskQueue:                workflows.TaskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		// Without this the client answers a conflict with the run that goes on, as if it were ours.
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword(workflows.AttributeSite).ValueSet(site.String()),
			temporal.NewSearchAttributeKeyKeyword(workflows.AttributeProject).ValueSet(site.Project),
			temporal.NewSearchAttributeKeyKeywordList(workflows.AttributeHost).ValueSet(hosts),
		),
		Memo:          map[string]any{memoBy: input.By},
		StaticDetails: details(input, hosts),
	}
}

// summary names a run in one line.
func summary(input workflows.DeployInput) string {
	site := input.Spec.Site
	words := []string{"deploy", site.Project, site.Name, input.Spec.Source.ID}
	if site.Org != app.DefaultOrg {
		words[1] = site.Org + "/" + site.Project
	}
	return strings.Join(words, " ")
}

// details tells the web UI's reader, in Markdown, what was asked for.
func details(input workflows.DeployInput, hosts []string) string {
	source := input.Spec.Source
	lines := []string{
		"**Site** " + input.Spec.Site.String() + " on " + strings.Join(hosts, ", "),
		"**By** " + input.By,
	}
	if input.Why != "" {
		lines = append(lines, "**Why** "+shorten(input.Why))
	}
	what := "**Source** " + source.ID
	if source.Subject != "" {
		what += ": " + shorten(source.Subject)
	}
	if source.Dirty {
		what += " (with changes that are not committed)"
	}
	return strings.Join(append(lines, what), "\n\n")
}

// shorten bounds a text of the user's: the engine refuses long details.
func shorten(text string) string {
	const most = 500
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

func asBusy(err error) (*serviceerror.WorkflowExecutionAlreadyStarted, bool) {
	return errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err)
}

// refuse says that a deploy of the site goes on already: since when, by whom, and how to watch or cancel it.
func (c *cli) refuse(ctx context.Context, s *session, site app.Site, busy *serviceerror.WorkflowExecutionAlreadyStarted) error {
	message := "another deploy of " + site.String() + " is going on"
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if answer, err := s.DescribeWorkflowExecution(ctx, workflows.DeployID(site), busy.RunId); err == nil {
		info := answer.GetWorkflowExecutionInfo()
		message += ", since " + info.GetStartTime().AsTime().Local().Format(time.TimeOnly)
		var by string
		if memo := info.GetMemo().GetFields()[memoBy]; memo != nil && s.fold.Data.FromPayload(memo, &by) == nil {
			message += ", by " + by
		}
	}
	result := app.Result{
		Outcome: app.Refused,
		Site:    site.String(),
		Failure: &app.Failure{
			Kind:    "busy",
			Step:    "start",
			Message: message,
			Advice:  fmt.Sprintf("Watch it with longshore watch --site %s, or cancel it with longshore cancel --site %s.", site.Name, site.Name),
		},
	}
	if err := display.Result(c.Out, c.format, result, s.target.RunURL(workflows.DeployID(site), busy.RunId)); err != nil {
		return err
	}
	return exit.Quiet(exit.Refused)
}
