package container

import (
	"context"
	"strings"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// RunReleaseCommand implements activities.RunReleaseCommand. The container is kept until the run is undone or a later
// release has taken over: its name is what keeps a retry, or a run that is reset, from running the command twice.
func (a Activities) RunReleaseCommand(ctx context.Context, in activities.ReleaseCommandInput) (activities.Nothing, error) {
	if err := a.Secrets.Learn(in.Secrets); err != nil {
		return activities.Nothing{}, err
	}
	err := fence.Change(ctx, a.Hosts, in.Target, func(ctx context.Context, h host.Host) error {
		return startReleaseCommand(ctx, h, in, a.bringing(ctx, h, in.StartInput))
	})
	if err != nil {
		return activities.Nothing{}, err
	}
	h, err := a.Hosts.Open(ctx, in.Host)
	if err != nil {
		return activities.Nothing{}, failing.On(in.Host, err)
	}
	code, err := h.Engine().ContainerWait(ctx, in.Command.Name)
	if err != nil {
		return activities.Nothing{}, failing.On(in.Host, err)
	}
	if code != 0 {
		return activities.Nothing{}, failing.With(app.Failure{
			Kind: app.KindRelease, Host: in.Host.Name, Service: in.Service.Name, Exited: true, ExitCode: code,
			Message: "the release command of " + in.Service.Name + " (" + strings.Join(in.Command.Command, " ") + ") failed",
			Advice:  "Its last lines are below. The old release still serves; mend the command and deploy again.",
			Logs:    lastLines(ctx, h, in.Command.Name),
		}, nil)
	}
	return activities.Nothing{}, nil
}

// startReleaseCommand makes and starts the command's container, once.
func startReleaseCommand(ctx context.Context, h host.Host, in activities.ReleaseCommandInput, bring bringing) error {
	c, there, err := findOwn(ctx, h, in.Site, in.Command.Name)
	if err != nil {
		return err
	}
	id := c.ID
	if !there {
		request, err := containerOf(ctx, h, in.StartInput, app.ContainerPlan{Name: in.Command.Name}, bring)
		if err != nil {
			return err
		}
		// The command replaces what the service would run; the rest of the service's world stays: environment, networks,
		// volumes. Ports, checks and restarts are for servers.
		request.Entrypoint, request.Command = []string{}, in.Command.Command
		request.Labels[app.LabelRole] = app.RoleReleaseCommand
		request.Ports, request.Restart, request.FixedName = nil, app.Restart{Name: "no"}, ""
		request.Healthcheck = &app.Healthcheck{Test: []string{"NONE"}}
		if id, err = create(ctx, h, in.StartInput, in.Command.Name, request); err != nil {
			return err
		}
	}
	if there && c.Status != "created" {
		return nil
	}
	return h.Engine().ContainerStart(ctx, id)
}
