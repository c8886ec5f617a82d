package read

import (
	"context"
	"fmt"
	"os"

	"github.com/longshore-dev/longshore/activities/edge"
	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// lowDisk is the free space below which a deploy of a usual image may fail, in bytes.
const lowDisk = 2 << 30

func (r *reader) check(ctx context.Context, h app.Host) any {
	out := inspect.CheckResponse{Host: h.Name, Checks: []inspect.Check{}}
	opened, err := r.hosts.Open(ctx, h)
	if err == nil {
		_, err = opened.Run(ctx, host.Command{Args: []string{"true"}})
	}
	if err != nil {
		out.Problem = problem(h, err)
		return out
	}
	out.Checks = append(out.Checks, inspect.Check{Name: "login", Level: inspect.OK, Detail: h.Address})
	info, err := opened.Engine().Info(ctx)
	if err != nil {
		out.Checks = append(out.Checks, failedCheck("docker", h, err))
		return out
	}
	out.Checks = append(out.Checks,
		inspect.Check{Name: "docker", Level: inspect.OK, Detail: fmt.Sprintf("%s (API %s, %s/%s, %s)", info.Version, info.APIVersion, info.OS, info.Architecture, info.StorageDriver)},
		checkDisk(ctx, h, opened, info),
		checkState(ctx, h, opened),
		checkEdge(ctx, h, opened),
	)
	return out
}

func failedCheck(name string, h app.Host, err error) inspect.Check {
	p := problem(h, err)
	return inspect.Check{Name: name, Level: inspect.Fail, Detail: p.Message, Advice: p.Advice}
}

func checkDisk(ctx context.Context, at app.Host, h host.Host, info app.EngineInfo) inspect.Check {
	free, err := h.Files().FreeBytes(ctx, info.RootDir)
	if err != nil {
		return failedCheck("disk", at, err)
	}
	c := inspect.Check{Name: "disk", Level: inspect.OK, Detail: fmt.Sprintf("%.1f GiB free in %s", float64(free)/(1<<30), info.RootDir)}
	if free < lowDisk {
		c.Level, c.Advice = inspect.Warn, "Free some space, for example with docker system prune."
	}
	return c
}

// checkState has the state folder read as a deploy would.
func checkState(ctx context.Context, at app.Host, h host.Host) inspect.Check {
	if _, err := h.Files().List(ctx, "sites"); err != nil && !os.IsNotExist(err) {
		return failedCheck("state", at, err)
	}
	return inspect.Check{Name: "state", Level: inspect.OK, Detail: h.Files().Root()}
}

func checkEdge(ctx context.Context, at app.Host, h host.Host) inspect.Check {
	edges, err := h.Engine().ContainerList(ctx, map[string]string{app.LabelRole: app.RoleEdge})
	if err != nil {
		return failedCheck("edge", at, err)
	}
	if len(edges) == 0 {
		return inspect.Check{Name: "edge", Level: inspect.OK, Detail: "none yet; the first deploy starts it"}
	}
	status, err := edge.ClientOf(h).Status(ctx)
	if err != nil {
		return failedCheck("edge", at, err)
	}
	return inspect.Check{Name: "edge", Level: inspect.OK, Detail: fmt.Sprintf("version %s on port %d, %d sites", status.Version, status.HTTPPort, len(status.Tables))}
}
