package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/activities/edge"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/image/classic"
	"github.com/longshore-dev/longshore/internal/image/load"
)

// helperName is the helper's container; the lock sees to it that there is one.
const helperName = "longshore-load"

// The bounds of what is done with the helper's container though the transfer is given up.
const (
	createWithin = 30 * time.Second
	removeWithin = 30 * time.Second
)

var (
	errCorrupt  = errors.New("what arrived is not what was sent")
	errBase     = errors.New("a layer that the host holds is not what it should be")
	errNoHelper = errors.New("the helper does not run")
)

// way finds the best way to the host: with the helper, whose image is brought where it is not there yet, since the edge
// needs it as well.
func (s *shipment) way(ctx context.Context, info app.EngineInfo) (way, error) {
	if s.helper == nil {
		return stream{s}, nil
	}
	image, err := s.helper.For(info.Architecture)
	if err != nil {
		s.remark(err.Error())
		return stream{s}, nil
	}
	if err := edge.Bring(ctx, s.to, image, func(tar io.Reader) io.Reader { return paced{ctx, tar, s.limit} }); err != nil {
		return nil, fmt.Errorf("bring the helper: %w", err)
	}
	u := upload{shipment: s, helper: image}
	if !info.Containerd && info.StorageDriver == classic.Driver {
		u.engineDir = info.RootDir
	}
	return u, nil
}

// load runs the helper on the upload.
func (u upload) load(ctx context.Context, c cargo) error {
	whole, err := c.Whole(ctx)
	if err != nil {
		return err
	}
	engine := u.to.Engine()
	if err := removeHelpers(ctx, engine); err != nil {
		return err
	}
	id, err := u.create(ctx, u.container(c, whole.Digest))
	if err != nil {
		return notRunning(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removeWithin)
		defer cancel()
		_ = engine.ContainerRemove(ctx, id) // the next transfer removes what is left
	}()
	if err := engine.ContainerStart(ctx, id); err != nil {
		return notRunning(err)
	}
	code, err := engine.ContainerWait(ctx, id)
	if err != nil || code == 0 {
		return err
	}
	lines, err := engine.ContainerLogs(ctx, id, 5)
	if err != nil {
		return err
	}
	return failed(code, strings.Join(lines, "; "))
}

// create makes the helper's container, which a cancel does not interrupt: an engine may make one whose caller is gone, and
// nobody would know to remove it.
func (u upload) create(ctx context.Context, c app.Container) (id string, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), createWithin)
	defer cancel()
	return u.to.Engine().ContainerCreate(ctx, helperName, c)
}

// failed tells the helper's failures apart.
func failed(code int, said string) error {
	switch {
	case code == load.ExitCorrupt:
		return fmt.Errorf("%w: %s", errCorrupt, said)
	case code == load.ExitBase:
		return fmt.Errorf("%w: %s", errBase, said)
	case strings.Contains(said, "no space left on device"):
		return fmt.Errorf("%w: %s", host.ErrDiskFull, said)
	case code == load.ExitRefused:
		return fmt.Errorf("%w: %s", errRefused, said)
	default:
		return fmt.Errorf("%w: %s", errNoHelper, said)
	}
}

// notRunning tells an engine that does not run the helper from one that is away.
func notRunning(err error) error {
	for _, away := range []error{host.ErrUnreachable, host.ErrNoDocker, host.ErrDiskFull, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, away) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", errNoHelper, err)
}

func removeHelpers(ctx context.Context, engine host.Engine) error {
	left, err := engine.ContainerList(ctx, map[string]string{app.LabelRole: app.RoleLoader})
	if err != nil {
		return err
	}
	for _, c := range left {
		if err := engine.ContainerRemove(ctx, c.ID); err != nil {
			return err
		}
	}
	return nil
}

// container is root without any rights but to reach what it is given, whoever owns that. It has no network.
func (u upload) container(c cargo, digest string) app.Container {
	command := []string{"load", "--bundle", "/incoming/" + u.partName(c.Bundle), "--digest", digest,
		"--plain", strconv.FormatInt(c.Plain, 10), "--socket", "/engine.sock", "--chunks", "/chunks",
		"--rebuilt", strconv.FormatInt(c.Rebuilt, 10)}
	for _, image := range c.images {
		command = append(command, "--image", image.ID)
	}
	mounts := []app.Mount{
		{Type: "bind", Source: u.to.Files().Root() + "/" + incoming, Target: "/incoming", ReadOnly: true},
		{Type: "bind", Source: u.to.Files().Root() + "/" + chunks, Target: "/chunks"},
		{Type: "bind", Source: u.in.Host.EngineSocket(), Target: "/engine.sock"},
	}
	if u.engineDir != "" && len(c.images) > 0 {
		command = append(command, "--engine", "/engine")
		mounts = append(mounts, app.Mount{Type: "bind", Source: u.engineDir, Target: "/engine", ReadOnly: true})
	}
	return app.Container{
		Image:       u.helper.Ref,
		Command:     command,
		Labels:      map[string]string{app.LabelRole: app.RoleLoader},
		NetworkMode: "none",
		ReadOnly:    true,
		CapDrop:     []string{"ALL"},
		CapAdd:      []string{"DAC_OVERRIDE"},
		SecurityOpt: []string{"no-new-privileges", "label=disable"},
		Logging:     &app.Logging{Driver: "json-file"},
		Mounts:      mounts,
	}
}
