package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// Bootstrap makes a host of a server, item by item, and reports what it found and changed. What fails ends it with the
// report as the failure's detail: each item is whole by itself, so nothing is taken back, and the next bootstrap goes on.
func Bootstrap(ctx workflow.Context, in BootstrapInput) (app.BootstrapReport, error) {
	b := &bootstrap{in: in, report: app.BootstrapReport{Host: in.Host.Name, Check: in.Check, At: workflow.Now(ctx)}}
	err := b.run(ctx)
	// A report that a person has asked for is kept and told whatever became of the run.
	ending, stop := workflow.NewDisconnectedContext(ctx)
	defer stop()
	return b.end(ending, err)
}

// bootstrap is one run's state.
type bootstrap struct {
	in     BootstrapInput
	report app.BootstrapReport
}

func (b *bootstrap) run(ctx workflow.Context) error {
	if b.in.Revert != "" {
		return b.revert(ctx)
	}
	system, err := activities.LookAtSystem.Run(ctx, activities.SystemInput{Host: b.in.Host, Settings: b.in.Settings})
	if err != nil {
		return failed("look at the system", b.in.Host, "", err)
	}
	b.report.System = system.Name
	b.show(ctx)
	for _, name := range system.Items {
		item, err := activities.SettleItem.Run(ctx, activities.ItemInput{Host: b.in.Host, Settings: b.in.Settings, Item: name, Check: b.in.Check})
		if err != nil {
			return failed("settle "+name, b.in.Host, "", err)
		}
		b.report.Items = append(b.report.Items, item)
		b.show(ctx)
	}
	if system.Unsupported != "" {
		b.report.Items = append(b.report.Items, app.Item{Name: "hardening", Skipped: system.Unsupported})
	}
	return b.edge(ctx)
}

// edge brings the reverse proxy, in the way that every deploy makes sure of it.
func (b *bootstrap) edge(ctx workflow.Context) error {
	began := workflow.Now(ctx)
	in := activities.EnsureEdgeInput{Host: b.in.Host}
	item, err := activities.LookAtEdge.Run(ctx, in)
	if err != nil {
		return failed("look at the edge", b.in.Host, "", err)
	}
	if item.Differs && !b.in.Check {
		if _, err := activities.EnsureEdge.Run(ctx, in); err != nil {
			return failed("ensure the edge", b.in.Host, "", err)
		}
		after, err := activities.LookAtEdge.Run(ctx, in)
		if err != nil {
			return failed("look at the edge", b.in.Host, "", err)
		}
		item.Differs, item.Wanted, item.Changed, item.After = false, "", true, after.Before
	}
	item.TookMS = workflow.Now(ctx).Sub(began).Milliseconds()
	b.report.Items = append(b.report.Items, item)
	b.show(ctx)
	return nil
}

func (b *bootstrap) revert(ctx workflow.Context) error {
	item, err := activities.RevertItem.Run(ctx, activities.RevertInput{Host: b.in.Host, Settings: b.in.Settings, Item: b.in.Revert})
	if err != nil {
		return failed("revert "+b.in.Revert, b.in.Host, "", err)
	}
	b.report.Items = append(b.report.Items, item)
	return nil
}

func (b *bootstrap) end(ctx workflow.Context, err error) (app.BootstrapReport, error) {
	if err != nil {
		f := failureOf(err)
		b.report.Failure = &f
	}
	b.show(ctx)
	if b.in.Revert == "" && len(b.report.Items) > 0 {
		if _, kept := activities.KeepReport.Run(ctx, activities.KeepReportInput{Host: b.in.Host, Report: b.report}); kept != nil && err == nil {
			f := failureOf(failed("keep the report", b.in.Host, "", kept))
			b.report.Failure, err = &f, kept
		}
	}
	switch {
	case err == nil:
		return b.report, nil
	case temporal.IsCanceledError(err):
		return b.report, temporal.NewCanceledError(b.report)
	}
	return b.report, temporal.NewNonRetryableApplicationError(b.report.Failure.Message, b.report.Failure.Kind, nil, b.report)
}

// show is what the web UI tells of the run: a table of its items.
func (b *bootstrap) show(ctx workflow.Context) {
	var t strings.Builder
	fmt.Fprintf(&t, "**%s** %s\n\n| item | before | after |\n|---|---|---|\n", b.in.Host.Name, b.report.System)
	for _, i := range b.report.Items {
		after := i.After
		switch {
		case i.Skipped != "":
			after = "skipped: " + i.Skipped
		case i.Differs:
			after = "differs, wanted: " + i.Wanted
		case !i.Changed:
			after = "unchanged"
		}
		fmt.Fprintf(&t, "| %s | %s | %s |\n", i.Name, i.Before, after)
	}
	if f := b.report.Failure; f != nil {
		fmt.Fprintf(&t, "\n%s: %s\n\n%s", f.Step, f.Message, f.Advice)
	}
	workflow.SetCurrentDetails(ctx, t.String())
}
