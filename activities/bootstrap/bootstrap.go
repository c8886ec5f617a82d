// Package bootstrap implements the activities that turn a bare server into a host. It adapts internal/bootstrap, and must
// not know in which order a run asks.
package bootstrap

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/bootstrap"
	"github.com/longshore-dev/longshore/internal/host"
)

// Activities are bound to the hosts that a worker can reach. They may run concurrently.
type Activities struct {
	Hosts host.Opener
	// Fresh opens a host over a connection that is shared with nobody, and that the caller closes.
	Fresh func(context.Context, app.Host) (host.Host, error)
}

// Register binds the activities to their names.
func (a Activities) Register(r activities.Registry) {
	activities.LookAtSystem.Register(r, a.LookAtSystem)
	activities.SettleItem.Register(r, a.SettleItem)
	activities.RevertItem.Register(r, a.RevertItem)
	activities.KeepReport.Register(r, a.KeepReport)
}

func (a Activities) machine(ctx context.Context, at app.Host, settings app.Bootstrap) (*bootstrap.Machine, error) {
	h, err := a.Hosts.Open(ctx, at)
	if err != nil {
		return nil, err
	}
	return bootstrap.New(h, at, settings, a.Fresh), nil
}

// LookAtSystem implements activities.LookAtSystem.
func (a Activities) LookAtSystem(ctx context.Context, in activities.SystemInput) (activities.System, error) {
	m, err := a.machine(ctx, in.Host, in.Settings)
	if err != nil {
		return activities.System{}, failing.On(in.Host, err)
	}
	s, err := bootstrap.Look(ctx, m)
	if err != nil {
		return activities.System{}, failing.On(in.Host, err)
	}
	why := s.Unsupported()
	if why != "" && !s.Docker {
		return activities.System{}, failing.With(app.Failure{
			Kind: app.KindUnsupported, Host: in.Host.Name, Message: why + "; and no Docker engine answers",
			Advice: "Use Debian 12 or later or Ubuntu 22.04 or later, or install and start Docker by hand: then the host is used as it is.",
		}, nil)
	}
	return activities.System{Name: s.Name, Items: s.Items(), Unsupported: why}, nil
}

// SettleItem implements activities.SettleItem. It is not fenced: bootstraps of one host exclude each other by their
// workflow's id, and every item is idempotent.
func (a Activities) SettleItem(ctx context.Context, in activities.ItemInput) (app.Item, error) {
	m, err := a.machine(ctx, in.Host, in.Settings)
	if err != nil {
		return app.Item{}, failing.On(in.Host, err)
	}
	item, err := bootstrap.Settle(ctx, m, in.Item, in.Check)
	return item, failed(ctx, in.Host, in.Item, err)
}

// RevertItem implements activities.RevertItem.
func (a Activities) RevertItem(ctx context.Context, in activities.RevertInput) (app.Item, error) {
	m, err := a.machine(ctx, in.Host, in.Settings)
	if err != nil {
		return app.Item{}, failing.On(in.Host, err)
	}
	item, err := bootstrap.Revert(ctx, m, in.Item)
	return item, failed(ctx, in.Host, in.Item, err)
}

// reportPath is the last report's place in a host's state folder.
const reportPath = "bootstrap.json"

// KeepReport implements activities.KeepReport. That of a check is kept only where there is a state folder already.
func (a Activities) KeepReport(ctx context.Context, in activities.KeepReportInput) (activities.Nothing, error) {
	h, err := a.Hosts.Open(ctx, in.Host)
	if err != nil {
		return activities.Nothing{}, failing.On(in.Host, err)
	}
	if in.Report.Check {
		// A check changes nothing: where there is no state yet, it makes none.
		_, err := h.Run(ctx, host.Command{Args: []string{"test", "-d", h.Files().Root()}, Root: true})
		if exit := (*host.ExitError)(nil); errors.As(err, &exit) {
			return activities.Nothing{}, nil
		}
		if err != nil {
			return activities.Nothing{}, failing.On(in.Host, err)
		}
	}
	data, err := json.Marshal(in.Report)
	if err != nil {
		return activities.Nothing{}, fmt.Errorf("write the report of %s: %w", in.Host.Name, err)
	}
	return activities.Nothing{}, failing.On(in.Host, h.Files().Write(ctx, reportPath, data, 0))
}

// LastReport reads the report of a host's last bootstrap or check; nil where there was none.
func LastReport(ctx context.Context, h host.Host) (*app.BootstrapReport, error) {
	data, err := h.Files().Read(ctx, reportPath)
	if errors.Is(err, host.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var r app.BootstrapReport
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("read %s/%s: %w", h.Files().Root(), reportPath, err)
	}
	return &r, nil
}
