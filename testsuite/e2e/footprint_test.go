//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// footprint lists everything on a host that a deploy may leave there, one thing a line: containers with their state,
// images, networks, volumes, and the files of the state folder. The edge and the fences are the host's own.
func footprint(t *testing.T, h *hosts.Host) []string {
	t.Helper()
	const script = `
docker ps --all --no-trunc --format 'container {{.Names}} {{.ID}} {{.Image}} {{.State}} {{.Label "dev.longshore.role"}}' | grep -v ' edge$'
docker images --all --no-trunc --format 'image {{.Repository}}:{{.Tag}} {{.ID}}' | grep -v '^image longshore/edge:'
docker network ls --no-trunc --format 'network {{.Name}} {{.ID}}'
docker volume ls --format 'volume {{.Name}}'
cd /var/lib/longshore 2>/dev/null && find . -type f -not -path './edge/*' -not -name fence -not -name lock -exec sha256sum {} +
true`
	return sorted(on(t, h, "sh", "-c", script))
}

// built lists the images that the machine's own engine keeps of the site.
func (x *site) built(t *testing.T) []string {
	t.Helper()
	return sorted(here(t, "docker", "images", "--no-trunc",
		"--filter", "reference=longshore/"+x.name()+"/*", "--format", "built {{.Repository}}:{{.Tag}} {{.ID}}"))
}

func sorted(text string) []string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	slices.Sort(lines)
	return lines
}

// same checks that nothing was added, changed or taken away.
func same(t *testing.T, before, after []string) {
	t.Helper()
	for _, line := range after {
		if !slices.Contains(before, line) {
			t.Errorf("left over or changed: %s", line)
		}
	}
	for _, line := range before {
		if !slices.Contains(after, line) {
			t.Errorf("gone or changed: %s", line)
		}
	}
}
