package build

import (
	"context"
	"fmt"
	"net"
	"sync"

	docker "github.com/docker/docker/client"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// engine is the BuildKit inside a Docker engine.
type engine struct {
	docker   *docker.Client
	buildkit *client.Client

	mu      sync.Mutex
	dialErr error // of the last dial; gRPC reports it by its text alone
}

func openEngine(ctx context.Context, cli *docker.Client) (*engine, error) {
	e := &engine{docker: cli}
	// BuildKit speaks gRPC over a connection that the engine's API gives up, and asks for sources over a second one.
	buildkit, err := client.New(ctx, "",
		client.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return e.hijack(ctx, "/grpc", "h2c", nil)
		}),
		client.WithSessionDialer(func(ctx context.Context, proto string, meta map[string][]string) (net.Conn, error) {
			return e.hijack(ctx, "/session", proto, meta)
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("opening the engine's BuildKit: %w", err)
	}
	e.buildkit = buildkit
	return e, nil
}

func (e *engine) hijack(ctx context.Context, url, proto string, meta map[string][]string) (net.Conn, error) {
	conn, err := e.docker.DialHijack(ctx, url, proto, meta)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.dialErr = err
	return conn, err
}

// cause is why the engine was not reached; nil where it was.
func (e *engine) cause() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.dialErr
}

func (e *engine) close() { _ = e.buildkit.Close() }

// contextsAPI is Docker 23's, the first whose own frontend knows what older ones leave out in silence.
const contextsAPI = "1.42"

// fit completes a solve with what depends on the engine, and refuses what the engine would leave out in silence. A
// Dockerfile with a frontend of its own ("# syntax=") brings what an old engine lacks.
func (e *engine) fit(ctx context.Context, r Request, opt *client.SolveOpt, dockerfile []byte) error {
	if _, _, _, own := parser.DetectSyntax(dockerfile); !own {
		for name, used := range map[string]bool{
			"build.additional_contexts": len(r.Build.AdditionalContexts) > 0,
			"build.shm_size":            r.Build.ShmSize > 0,
		} {
			if !used {
				continue
			}
			if err := e.docker.NewVersionError(ctx, contextsAPI, name); err != nil {
				return fmt.Errorf("%w: upgrade Docker on the host that builds", err)
			}
		}
	}
	platforms, err := r.platforms()
	if err != nil {
		return err
	}
	if len(platforms) < 2 && len(r.Build.ExtraHosts) == 0 {
		return nil
	}
	labels, err := e.workerLabels(ctx)
	if err != nil {
		return err
	}
	if _, containerd := labels[snapshotterLabel]; len(platforms) > 1 && !containerd {
		return invalid("build.platforms %q: the engine keeps images of one platform only; set the service's platform to one of them, or turn on Docker's containerd image store", platforms)
	}
	hosts, err := extraHosts(r.Build.ExtraHosts, labels[gatewayLabel])
	if err != nil {
		return err
	}
	if hosts != "" {
		opt.FrontendAttrs["add-hosts"] = hosts
	}
	return nil
}

// What engines say of their BuildKit.
const (
	snapshotterLabel = "org.mobyproject.buildkit.worker.snapshotter" // only with the containerd image store
	gatewayLabel     = "org.mobyproject.buildkit.worker.moby.host-gateway-ip"
)

func (e *engine) workerLabels(ctx context.Context) (map[string]string, error) {
	workers, err := e.buildkit.ListWorkers(ctx)
	if err != nil {
		return nil, e.unreached(err)
	}
	labels := map[string]string{}
	for _, worker := range workers {
		for key, value := range worker.Labels {
			labels[key] = value
		}
	}
	return labels, nil
}

// unreached puts the cause of a failed dial into the error that gRPC made of it.
func (e *engine) unreached(err error) error {
	if cause := e.cause(); cause != nil {
		return fmt.Errorf("reaching the engine's BuildKit: %w", cause)
	}
	return err
}
