//go:build e2e

package e2e

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// runsIntended checks that on each host exactly two containers of web run, of the release, with the very image that was
// built.
func (x *site) runsIntended(t *testing.T, release string, on ...*hosts.Host) {
	t.Helper()
	image := here(t, "docker", "image", "inspect", "--format", "{{.Id}}", "longshore/"+x.name()+"/web:"+release)
	for _, h := range on {
		x.runs(t, release, image, x.inspect(t, h, "web", running))
	}
}

// runsIntendedHere is runsIntended for the machine of the test, which is also the builder.
func (x *site) runsIntendedHere(t *testing.T, release string) {
	t.Helper()
	image := here(t, "docker", "image", "inspect", "--format", "{{.Id}}", "longshore/"+x.name()+"/web:"+release)
	x.runs(t, release, image, sorted(here(t, x.inspection("web", running)...)))
}

// running is the template of what runs compares.
const running = `{{.Image}} {{index .Config.Labels "` + app.LabelRelease + `"}} {{.State.Status}}`

func (x *site) runs(t *testing.T, release, image string, containers []string) {
	t.Helper()
	want := image + " " + release + " running"
	if !slices.Equal(containers, []string{want, want}) {
		t.Errorf("%s runs %q, not twice %q", x.full(), containers, want)
	}
}

// inspect prints the containers of a service on a host by a template, sorted. There must be one.
func (x *site) inspect(t *testing.T, h *hosts.Host, service, template string) []string {
	t.Helper()
	return sorted(on(t, h, x.inspection(service, template)...))
}

func (x *site) inspection(service, template string) []string {
	return []string{"sh", "-c", `docker inspect --format "$1" $(docker ps --all --quiet --filter "label=$2" --filter "label=$3" --filter "label=$4")`,
		"-", template, app.LabelSite + "=" + x.full(), app.LabelService + "=" + service, app.LabelRole + "=" + app.RoleService}
}

// here runs a command on the machine of the test.
func here(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", args[0], err, out)
	}
	return strings.TrimSpace(string(out))
}
