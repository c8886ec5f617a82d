//go:build e2e

package e2e

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// runsIntended checks that every container of the site on the hosts is of the release, that there are two of web, and
// that they run the very image that was built.
func (x *site) runsIntended(t *testing.T, release string, on ...*hosts.Host) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "docker", "image", "inspect", "--format", "{{.Id}}",
		"longshore/"+x.name()+"/web:"+release).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := strings.TrimSpace(string(out)) + " " + release + " running"
	for _, h := range on {
		if got := x.inspect(t, h, "web", `{{.Image}} {{index .Config.Labels "`+app.LabelRelease+`"}} {{.State.Status}}`); len(got) != 2 || got[0] != want || got[1] != want {
			t.Errorf("%s runs %q, not twice %q", h.Name, got, want)
		}
	}
}

// inspect prints the containers of a service on a host by a template, sorted. There must be one.
func (x *site) inspect(t *testing.T, h *hosts.Host, service, template string) []string {
	t.Helper()
	return sorted(on(t, h, "sh", "-c", `docker inspect --format "$1" $(docker ps --all --quiet --filter "label=$2" --filter "label=$3")`,
		"-", template, app.LabelSite+"="+x.full(), app.LabelService+"="+service))
}
