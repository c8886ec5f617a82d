package memory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// State is all of a host that a deploy may change, as texts that compare: without the edge's own container,
// images of registries, the fences, the locks, and the config files that containers may still use.
type State struct {
	Containers map[string]string // by name: id, image and status
	Networks   []string
	Volumes    []string
	Images     map[string][]string // tags by id
	Files      map[string]string   // contents by path
	Tables     []string
}

// State looks at a host, past the test's hook. It takes the machine to be reachable.
func (w *World) State(name string) State {
	m := w.servers[name].machine
	w.mu.Lock()
	hook := w.onOp
	w.onOp = nil
	w.mu.Unlock()
	defer w.OnOp(hook)
	h := m.Host()
	defer h.Close() // it has no connection to lose
	ctx := context.Background()
	s := State{Containers: map[string]string{}, Images: map[string][]string{}, Files: map[string]string{}}
	for name, c := range m.Containers() {
		if c.Labels[app.LabelRole] != app.RoleEdge {
			s.Containers[name] = fmt.Sprintf("%s %s %s", c.ID, c.ImageID, c.Status)
		}
	}
	images, err := h.Engine().ImageList(ctx, nil)
	for _, i := range images {
		if i.Labels[app.LabelSite] != "" {
			s.Images[i.ID] = i.Tags
		}
	}
	networks, errNetworks := h.Engine().NetworkList(ctx, nil)
	for _, n := range networks {
		s.Networks = append(s.Networks, fmt.Sprintf("%s %s %v", n.Name, n.ID, n.Subnets))
	}
	volumes, errVolumes := h.Engine().VolumeList(ctx, nil)
	for _, v := range volumes {
		s.Volumes = append(s.Volumes, v.Name)
	}
	for _, t := range w.Tables(name) {
		t.Fence = 0
		s.Tables = append(s.Tables, fmt.Sprintf("%+v", t))
	}
	if err := errors.Join(err, errNetworks, errVolumes, s.walk(ctx, h.Files(), "sites")); err != nil {
		panic("memory: look at " + name + ": " + err.Error())
	}
	return s
}

// walk reads all files below a folder.
func (s *State) walk(ctx context.Context, files host.Files, dir string) error {
	names, err := files.List(ctx, dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		file := path.Join(dir, name)
		if name == "fence" || name == "lock" || name == "files" {
			continue
		}
		data, err := files.Read(ctx, file)
		if errors.Is(err, host.ErrNotFound) {
			if err := s.walk(ctx, files, file); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		s.Files[file] = string(data)
	}
	return nil
}

// Running are the names of a host's running containers but the edge's, sorted.
func (w *World) Running(name string) []string {
	var out []string
	for name, c := range w.servers[name].machine.Containers() {
		if c.Running() && c.Labels[app.LabelRole] != app.RoleEdge {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// Changes are the operations on a machine that change something.
func (w *World) Changes(name string) []string {
	var out []string
	for _, op := range w.servers[name].machine.Ops() {
		if changes(op.Name) {
			out = append(out, op.Name+" "+op.Subject)
		}
	}
	return out
}

var reads = map[string]bool{
	"Info": true, "ImageInspect": true, "ImageList": true, "ImageSave": true, "ContainerInspect": true, "ContainerList": true,
	"ContainerLogs": true, "ContainerFollow": true, "ContainerWait": true, "NetworkInspect": true, "NetworkList": true,
	"VolumeInspect": true, "VolumeList": true, "Files.Read": true, "Files.List": true, "Files.FreeBytes": true, "Dial": true,
}

func changes(op string) bool { return !reads[op] && op != "Run" }

// String is the state for a person.
func (s State) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s.Containers)) {
		fmt.Fprintf(&b, "container %s: %s\n", name, s.Containers[name])
	}
	for _, id := range slices.Sorted(maps.Keys(s.Images)) {
		fmt.Fprintf(&b, "image %s: %v\n", id, s.Images[id])
	}
	for _, path := range slices.Sorted(maps.Keys(s.Files)) {
		fmt.Fprintf(&b, "file %s (%d bytes)\n", path, len(s.Files[path]))
	}
	fmt.Fprintf(&b, "networks %v\nvolumes %v\ntables %v\n", s.Networks, s.Volumes, s.Tables)
	return b.String()
}
