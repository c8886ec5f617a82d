// Package local removes what a project has left on the local Docker engine and nothing else, for the demo's end and
// for tests that deploy to host "local".
package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// kind is a sort of object of the engine and how to ask for it.
type kind struct {
	name   string
	list   []string // prints one id a line
	label  string   // the template of the label's value in inspect
	remove []string
}

// kinds are in the order in which they can be removed.
func kinds() []kind {
	label := func(path string) string { return `{{index ` + path + ` "` + app.LabelSite + `"}}` }
	only := "label=" + app.LabelSite
	return []kind{
		{"container", []string{"ps", "--all", "--quiet", "--no-trunc", "--filter", only}, label(".Config.Labels"),
			[]string{"rm", "--force", "--volumes"}},
		{"network", []string{"network", "ls", "--quiet", "--no-trunc", "--filter", only}, label(".Labels"),
			[]string{"network", "rm"}},
		{"volume", []string{"volume", "ls", "--quiet", "--filter", only}, label(".Labels"),
			[]string{"volume", "rm"}},
		{"image", []string{"image", "ls", "--all", "--quiet", "--no-trunc", "--filter", only}, label(".Config.Labels"),
			[]string{"image", "rm", "--force"}},
	}
}

// Remove removes the containers, networks, volumes and images of all sites of a project in the default organization,
// and the edge that keeps its state in stateDir, which is the host's state folder and belongs to the project alone. An
// edge that lives elsewhere serves others too, and stays. It goes on after an error and returns all of them.
func Remove(ctx context.Context, project, stateDir string) error {
	var problems []error
	if err := removeEdges(ctx, stateDir); err != nil {
		problems = append(problems, err)
	}
	for _, k := range kinds() {
		if err := k.removeAll(ctx, project); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

func (k kind) removeAll(ctx context.Context, project string) error {
	listed, err := docker(ctx, k.list...)
	if err != nil {
		return err
	}
	done := map[string]bool{}
	for _, id := range strings.Fields(listed) {
		if done[id] {
			continue
		}
		done[id] = true
		label, err := docker(ctx, k.name, "inspect", "--format", k.label, id)
		if gone(err) {
			continue
		}
		if err != nil {
			return err
		}
		site, ok := app.ParseSite(label)
		if !ok || site.Org != app.DefaultOrg || site.Project != project {
			continue
		}
		if _, err := docker(ctx, append(k.remove, id)...); err != nil && !gone(err) {
			return err
		}
	}
	return nil
}

func removeEdges(ctx context.Context, stateDir string) error {
	listed, err := docker(ctx, "ps", "--all", "--quiet", "--no-trunc", "--filter", "label="+app.LabelRole+"="+app.RoleEdge)
	if err != nil {
		return err
	}
	for _, id := range strings.Fields(listed) {
		out, err := docker(ctx, "inspect", "--format", "{{.Image}}\n{{range .Mounts}}{{.Source}}\n{{end}}", id)
		if gone(err) {
			continue
		}
		if err != nil {
			return err
		}
		image, mounts, _ := strings.Cut(out, "\n")
		if !within(stateDir, mounts) {
			continue
		}
		if _, err := docker(ctx, "rm", "--force", "--volumes", id); err != nil && !gone(err) {
			return err
		}
		// Another edge may use the image; then it stays.
		if _, err := docker(ctx, "image", "rm", image); err != nil && !gone(err) && !strings.Contains(err.Error(), "conflict") {
			return err
		}
	}
	return nil
}

func within(dir, mounts string) bool {
	for mount := range strings.Lines(mounts) {
		if mount = strings.TrimSpace(mount); mount == dir || strings.HasPrefix(mount, dir+"/") {
			return true
		}
	}
	return false
}

func docker(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "docker", args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("docker %s: %w: %s", strings.Join(args[:min(2, len(args))], " "), err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(stdout.String()), nil
}

// gone says that the thing was removed meanwhile.
func gone(err error) bool {
	if err == nil {
		return false
	}
	text := strings.ToLower(err.Error())
	return strings.Contains(text, "no such") || strings.Contains(text, "not found")
}
