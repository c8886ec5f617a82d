package memory

import (
	"context"
	"slices"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/bootstrap"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/internal/app"
)

// Items are what every host of the world gets from a bootstrap: "ssh" can be reverted.
var items = []string{"packages", "docker", "ssh"}

// settings are how a host's items stand.
type settings struct {
	settled map[string]bool
	// unsupported is a system without hardening.
	unsupported string
}

// registerBootstrap binds what works on a server's own settings, which a machine in memory does not have. Reports are kept
// by the real activity.
func (w *World) registerBootstrap(r activities.Registry) {
	activities.LookAtSystem.Register(r, w.lookAtSystem)
	activities.SettleItem.Register(r, w.settleItem)
	activities.RevertItem.Register(r, w.revertItem)
	activities.KeepReport.Register(r, bootstrap.Activities{Hosts: w.Opener()}.KeepReport)
}

// Unsupported makes a host one whose Docker is used as it is.
func (w *World) Unsupported(host, why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settings[host].unsupported = why
}

// Settled are the items of a host that are as wanted, sorted.
func (w *World) Settled(host string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for name, settled := range w.settings[host].settled {
		if settled {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func (w *World) lookAtSystem(_ context.Context, in activities.SystemInput) (activities.System, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := activities.System{Name: "Debian GNU/Linux 12 (bookworm)", Items: items}
	if why := w.settings[in.Host.Name].unsupported; why != "" {
		out = activities.System{Name: "Alpine Linux", Items: []string{"state"}, Unsupported: why}
	}
	return out, nil
}

func (w *World) settleItem(_ context.Context, in activities.ItemInput) (app.Item, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.settings[in.Host.Name]
	item := app.Item{Name: in.Item, Before: "settled"}
	switch {
	case s.settled[in.Item]:
	case in.Check:
		item.Before, item.Differs, item.Wanted = "bare", true, "settled"
	default:
		item.Before, item.After, item.Changed = "bare", "settled", true
		s.settled[in.Item] = true
	}
	return item, nil
}

func (w *World) revertItem(_ context.Context, in activities.RevertInput) (app.Item, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.settings[in.Host.Name]
	if in.Item != "ssh" || !s.settled[in.Item] {
		return app.Item{}, failing.With(app.Failure{Kind: app.KindMissing, Host: in.Host.Name, Message: "nothing to revert"}, nil)
	}
	s.settled[in.Item] = false
	return app.Item{Name: in.Item, Before: "settled", After: "bare", Changed: true}, nil
}
