//go:build e2e || soak

package faults

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// onHost is a container of the site, as the host's own engine shows it.
type onHost struct{ name, id, role, service, release, state, imageID string }

// containers are all of the site, stopped ones included.
func (s *stage) containers(t *testing.T) ([]onHost, error) {
	ids, err := s.host.Exec(t.Context(), "docker", "ps", "--all", "--quiet", "--no-trunc", "--filter", "label="+app.LabelSite+"="+s.site.String())
	if err != nil || ids == "" {
		return nil, err
	}
	label := func(name string) string { return `{{index .Config.Labels "` + name + `"}}` }
	format := strings.Join([]string{"{{.Name}}", "{{.Id}}", label(app.LabelRole), label(app.LabelService), label(app.LabelRelease), "{{.State.Status}}", "{{.Image}}"}, "|")
	lines, err := s.host.Exec(t.Context(), append([]string{"docker", "inspect", "--format", format}, strings.Fields(ids)...)...)
	if err != nil {
		return nil, err
	}
	var out []onHost
	for line := range strings.Lines(lines) {
		f := strings.Split(strings.TrimSpace(line), "|")
		if len(f) != 7 {
			return nil, fmt.Errorf("docker inspect said %q", line)
		}
		out = append(out, onHost{f[0], f[1], f[2], f[3], f[4], f[5], f[6]})
	}
	return out, nil
}

// starts are how often each container of a release was started since a moment, by name, as the host's engine saw it.
func (s *stage) starts(t *testing.T, release string, since time.Time) (map[string]int, error) {
	seconds := func(at time.Time) string { return strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64) }
	names, err := s.host.Exec(t.Context(), "docker", "events", "--since", seconds(since), "--until", seconds(time.Now()),
		"--filter", "type=container", "--filter", "event=start", "--filter", "label="+app.LabelSite+"="+s.site.String(),
		"--filter", "label="+app.LabelRelease+"="+release, "--format", "{{.Actor.Attributes.name}}")
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	for _, name := range strings.Fields(names) {
		out[name]++
	}
	return out, nil
}

// stateDir is the site's folder on the host.
func (s *stage) stateDir() string { return "/var/lib/longshore/sites/" + s.site.String() }

// record is a release as the host has it recorded.
func (s *stage) record(t *testing.T, release string) (app.Release, error) {
	var r app.Release
	data, err := s.host.ReadFile(t.Context(), s.stateDir()+"/releases/"+release+".json")
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(data), &r)
}
