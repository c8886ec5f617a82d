package docker

import (
	"context"
	"slices"

	"github.com/docker/docker/client"

	"github.com/longshore-dev/longshore/internal/app"
)

// Info implements host.Engine.
func (e *Engine) Info(ctx context.Context) (app.EngineInfo, error) {
	var out app.EngineInfo
	err := e.call(ctx, quick, "ask the engine about itself", func(ctx context.Context, cli *client.Client) error {
		version, err := cli.ServerVersion(ctx)
		if err != nil {
			return err
		}
		info, err := cli.Info(ctx)
		if err != nil {
			return err
		}
		out = app.EngineInfo{
			Version:       version.Version,
			APIVersion:    version.APIVersion,
			OS:            version.Os,
			Architecture:  version.Arch, // info's is the kernel's word for it, x86_64
			StorageDriver: info.Driver,
			Containerd:    slices.Contains(info.DriverStatus, containerdStore),
			RootDir:       info.DockerRootDir,
			CPUs:          info.NCPU,
			Memory:        info.MemTotal,
			Name:          info.Name,
		}
		return nil
	})
	return out, err
}

// containerdStore is how an engine says that containerd keeps its images.
var containerdStore = [2]string{"driver-type", "io.containerd.snapshotter.v1"}
