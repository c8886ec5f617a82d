package command

import (
	"context"
	"errors"
	"fmt"
	"sync"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
	"github.com/longshore-dev/longshore/starter/run"
	"github.com/longshore-dev/longshore/workflows"
)

// bootstraps are those of several hosts, all asked for the same.
type bootstraps struct {
	*cli
	session *session
	check   bool
	revert  string // an item
}

// what names what is done to a host.
func (b bootstraps) what() string {
	switch {
	case b.revert != "":
		return "revert " + b.revert + " of"
	case b.check:
		return "check"
	}
	return "bootstrap"
}

// start starts a host's bootstrap. Where one is under way already, that is the answer, and own is false.
func (b bootstraps) start(ctx context.Context, h config.FleetHost) (runID string, own bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	started, err := b.session.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                                       workflows.BootstrapID(h.Host),
		TaskQueue:                                workflows.TaskQueue,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeywordList(workflows.AttributeHost).ValueSet([]string{h.Name}),
		),
		StaticSummary: b.what() + " " + h.Name,
	}, workflows.BootstrapName, b.input(h))
	if running, ok := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); ok {
		return running.RunId, false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("start the bootstrap of %s on the engine: %w", h.Name, err)
	}
	return started.GetRunID(), true, nil
}

// detach starts all bootstraps, and says how to find them.
func (b bootstraps) detach(ctx context.Context, hosts []config.FleetHost) error {
	for _, h := range hosts {
		runID, own, err := b.start(ctx, h)
		if err != nil {
			return err
		}
		url := b.session.target.RunURL(workflows.BootstrapID(h.Host), runID)
		switch {
		case b.format == display.JSON:
			err = display.Object(b.Out, map[string]any{"host": h.Name, "workflow_id": workflows.BootstrapID(h.Host), "run_id": runID, "started": own, "url": url})
		case own:
			b.say("started: %s %s  %s", b.what(), h.Name, url)
		default:
			b.say("not started, since a bootstrap of %s runs already  %s", h.Name, url)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// follow starts all bootstraps at once and follows them to their ends; the reports are in the order of the hosts.
func (b bootstraps) follow(ctx context.Context, hosts []config.FleetHost) ([]app.BootstrapReport, error) {
	title := b.what() + " " + hosts[0].Name
	if len(hosts) > 1 {
		title = fmt.Sprintf("%s %d hosts", b.what(), len(hosts))
	}
	shown := display.NewFollower(b.format, b.Out, title)
	defer shown.Close()
	together := run.Together{Runs: len(hosts)}
	reports, errs := make([]app.BootstrapReport, len(hosts)), make([]error, len(hosts))
	var all sync.WaitGroup
	for i, h := range hosts {
		all.Go(func() {
			reports[i], errs[i] = b.one(ctx, h, func(v run.View) { together.Show(h.Address, v, shown.Show) })
		})
	}
	all.Wait()
	shown.Close()
	if ctx.Err() != nil {
		b.say("")
		b.say("detached; what was started goes on. The same command follows it again")
		return nil, exit.Quiet(exit.Interrupted)
	}
	return reports, errors.Join(errs...)
}

// one brings one host's bootstrap to its end. One that was under way already and was asked for the same is taken for it;
// another is waited for first.
func (b bootstraps) one(ctx context.Context, h config.FleetHost, show func(run.View)) (app.BootstrapReport, error) {
	id := workflows.BootstrapID(h.Host)
	for {
		runID, own, err := b.start(ctx, h)
		if err != nil {
			return app.BootstrapReport{}, err
		}
		url := b.session.target.RunURL(id, runID)
		report, err := b.session.follower().Bootstrap(ctx, h.Name, id, runID, func(v run.View) {
			if v.URL = url; !own && v.Waiting == "" && v.Ended.IsZero() {
				v.Waiting = "a bootstrap of " + h.Name + " was under way already: following it"
			}
			show(v)
		})
		// The report of a revert tells of no system.
		same := report.Check == b.check && b.revert == "" && report.System != ""
		if own || same || err != nil {
			return report, err
		}
	}
}
