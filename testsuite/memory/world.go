package memory

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/longshore-dev/longshore/activities/build"
	"github.com/longshore-dev/longshore/activities/container"
	"github.com/longshore-dev/longshore/activities/edge"
	"github.com/longshore-dev/longshore/activities/host"
	"github.com/longshore-dev/longshore/activities/release"
	"github.com/longshore-dev/longshore/activities/transfer"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge/edgeimage"
	machine "github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/memory"
)

// Builder is the name of the machine that builds.
const Builder = app.LocalAddress

// World is safe for concurrent use.
type World struct {
	servers map[string]*server

	mu         sync.Mutex
	sources    map[string]string // by service
	picked     int
	edgeBinary string
	violations []string
	onOp       func(host string, op memory.Op) error
	settings   map[string]*settings // of bootstraps, by host

	vault vault
}

// server is a machine and the edge on it.
type server struct {
	machine *memory.Machine
	edge    *edgeServer
}

// New makes a world of hosts by name, and the machine that builds.
func New(hosts ...string) *World {
	w := &World{servers: map[string]*server{}, sources: map[string]string{}, edgeBinary: "edge", settings: map[string]*settings{}}
	for _, name := range append(slices.Clone(hosts), Builder) {
		m := memory.New(name)
		s := &server{machine: m}
		s.edge = newEdge(w, name, m)
		m.OnRun(answerCommand)
		m.BehaveRole(app.RoleReleaseCommand, memory.Behaviour{Exits: true})
		m.Before(func(_ context.Context, op memory.Op) error { return w.before(name, op) })
		w.servers[name] = s
		w.settings[name] = &settings{settled: map[string]bool{}}
	}
	return w
}

// answerCommand is a machine without routes and listeners of its own, whose files are root's.
func answerCommand(_ context.Context, cmd machine.Command) (machine.Output, error) {
	switch cmd.Args[0] {
	case "cat", "sysctl", "true":
		return machine.Output{}, nil
	case "stat":
		return machine.Output{Stdout: []byte("0:0\n")}, nil
	default:
		return machine.Output{}, &machine.ExitError{Command: cmd.Args[0], Code: 127, Stderr: "command not found"}
	}
}

// Machine is a host's, to set it up and look at it.
func (w *World) Machine(host string) *memory.Machine { return w.servers[host].machine }

// Opener opens the world's machines.
func (w *World) Opener() machine.Opener {
	var all []*memory.Machine
	for _, s := range w.servers {
		all = append(all, s.machine)
	}
	return memory.Opener(all...)
}

// OnOp asks f before every call that reaches a machine; nil ends that. The calls of the world itself are asked as well.
func (w *World) OnOp(f func(host string, op memory.Op) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.onOp = f
}

// Source says what a service is built from: equal sources give equal images.
func (w *World) Source(service, content string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sources[service] = content
}

// Publish makes an image that every machine can pull.
func (w *World) Publish(ref, content string) {
	for _, s := range w.servers {
		s.machine.Publish(ref, memory.ImageSpec{Layers: []string{content}})
	}
}

// NewEdge has the worker bring another edge from now on.
func (w *World) NewEdge(binary string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.edgeBinary = binary
}

// For implements the activities' edge.Image.
func (w *World) For(architecture string) (*edgeimage.Image, error) {
	w.mu.Lock()
	binary := w.edgeBinary
	w.mu.Unlock()
	return edgeimage.New(strings.NewReader(binary), int64(len(binary)), architecture)
}

// Register binds all activities to their names: the real ones, but for the build itself, which needs BuildKit. shared
// and own may be the same.
func (w *World) Register(shared, own activities.Registry) {
	hosts := w.Opener()
	host.Activities{Hosts: hosts}.Register(shared)
	container.Activities{Hosts: hosts, Secrets: w.opener()}.Register(shared)
	release.Activities{Hosts: hosts}.Register(shared)
	edge.Activities{Hosts: hosts, Image: w}.Register(shared)
	w.registerBootstrap(shared)
	activities.ResolveSecrets.Register(shared, w.resolveSecrets)
	activities.RepinSecrets.Register(shared, w.repinSecrets)
	transfer.New(hosts, w.opener(), nil, nil, nil).Register(shared, own)
	builder := build.Activities{Hosts: hosts, Secrets: w.opener()}
	activities.PickBuilder.Register(shared, w.pickBuilder)
	activities.Build.Register(own, w.build)
	activities.DiscardBuild.Register(own, builder.DiscardBuild)
	activities.PruneBuilds.Register(own, builder.PruneBuilds)
}

// Queue is the task queue of the n-th builder that is picked, from 1.
func Queue(n int) string { return fmt.Sprintf("longshore-builder-%d", n) }

// pickBuilder answers another builder at each call.
func (w *World) pickBuilder(context.Context, activities.Nothing) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.picked++
	return Queue(w.picked), nil
}

// build makes what Source says, with the labels of a real build.
func (w *World) build(_ context.Context, in activities.BuildInput) (app.Image, error) {
	w.mu.Lock()
	content := w.sources[in.Service]
	w.mu.Unlock()
	image := w.servers[in.Host.Name].machine.AddImage(in.Tag, memory.ImageSpec{
		Layers: []string{"base", in.Service + " " + content},
		Labels: map[string]string{app.LabelSite: in.Site.String(), app.LabelService: in.Service},
	})
	image.Layers, image.Tags = nil, nil
	return image, nil
}
