package container

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/secretfiles"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// RefreshSecrets implements activities.RefreshSecrets.
func (a Activities) RefreshSecrets(ctx context.Context, in activities.RefreshInput) (activities.Nothing, error) {
	return a.change(ctx, in.Target, func(ctx context.Context, h host.Host) error {
		files, err := a.open(in.Host, in.Service, in.Secrets)
		if err != nil {
			return err
		}
		folders, err := foldersOf(ctx, h, in)
		if err != nil {
			return err
		}
		if len(folders.containers) < len(in.Names) {
			return failing.With(app.Failure{
				Kind: app.KindMissing, Host: in.Host.Name, Service: in.Service.Name,
				Message: "containers of " + in.Service.Name + " that were to get new secrets are gone",
				Advice:  "Something else removed them. Deploy again.",
			}, nil)
		}
		for _, f := range folders.each {
			if err := f.Refresh(ctx, in.Release, files); err != nil {
				return err
			}
		}
		return folders.tell(ctx, h, in.OnChange)
	})
}

// RestoreSecrets implements activities.RestoreSecrets. The backup goes last: an attempt that ends before is made again,
// its signal too.
func (a Activities) RestoreSecrets(ctx context.Context, in activities.RefreshInput) (activities.Nothing, error) {
	return a.change(ctx, in.Target, func(ctx context.Context, h host.Host) error {
		folders, err := foldersOf(ctx, h, in)
		if err != nil {
			return err
		}
		restored := false
		for _, f := range folders.each {
			again, err := f.Restore(ctx, in.Release, in.Service.Container.Secrets)
			if err != nil {
				return err
			}
			restored = restored || again
		}
		if restored {
			if err := folders.tell(ctx, h, in.OnChange); err != nil {
				return err
			}
		}
		for _, f := range folders.each {
			if err := f.Drop(ctx, in.Release); err != nil {
				return err
			}
		}
		return nil
	})
}

// folders are those that containers have their secrets from, each once.
type folders struct {
	each       []secretfiles.Folder
	containers []app.ContainerState
}

func foldersOf(ctx context.Context, h host.Host, in activities.RefreshInput) (folders, error) {
	var out folders
	known := map[string]bool{}
	for _, name := range in.Names {
		c, there, err := find(ctx, h, in.Site, name)
		if err != nil {
			return folders{}, err
		}
		if !there {
			continue
		}
		out.containers = append(out.containers, c)
		if release := c.Labels[app.LabelRelease]; !known[release] {
			known[release] = true
			out.each = append(out.each, secretfiles.Of(h, in.Site, release, in.Service.Name))
		}
	}
	return out, nil
}

// tell sends the containers that run the signal that they want.
func (f folders) tell(ctx context.Context, h host.Host, change app.OnChange) error {
	if change.Action != app.OnChangeSignal {
		return nil
	}
	for _, c := range f.containers {
		if !c.Running() {
			continue
		}
		if err := signal(ctx, h, c, change.Signal); err != nil {
			return err
		}
	}
	return nil
}

// signalProcess sends a signal to a process that is a container's: its control group has the container's id in its name.
const signalProcess = `grep -q -e "$2" "/proc/$1/cgroup" && kill -s "$3" "$1"`

// signal sends a signal to a container's first process. An engine that is asked to send one takes it for the wish to end
// the container, and does not restart it from then on, whatever its restart policy. So the host sends it,
// and the engine only where the host cannot: where the login has no root, or the engine is not on the same machine.
func signal(ctx context.Context, h host.Host, c app.ContainerState, name string) error {
	if c.PID > 0 {
		args := []string{"sh", "-c", signalProcess, "longshore", strconv.Itoa(c.PID), c.ID, strings.TrimPrefix(name, "SIG")}
		_, err := h.Run(ctx, host.Command{Args: args, Root: true})
		var exit *host.ExitError
		if !errors.As(err, &exit) && !errors.Is(err, host.ErrRights) {
			return err
		}
	}
	return h.Engine().ContainerKill(ctx, c.ID, name)
}
