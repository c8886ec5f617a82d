//go:build e2e

package e2e

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// diskSize is that of the server's Docker data: small enough to fill, large enough for the edge and a few releases.
const diskSize = 700 << 20

// badRelease is a release that cannot be deployed, and how its deploy ends.
type badRelease struct {
	web   web
	files map[string]string
	// before makes the fault, where the release itself is not the fault, and returns what takes it away again.
	before func(t *testing.T, s *scene) (after func())

	kind, step string // the step is empty where it may be one or another
	service    string // "web" where it is empty
	exitCode   int    // of the container; 0 for none
	says       []string
	logs       string // part of one of the last lines that are shown
}

// Releases that fail, in every way, beside one that serves: after each, the old one has served all the time and nothing
// is left over on the server or the builder.
func TestBadReleases(t *testing.T) {
	s := newScene(t, hosts.SmallDisk("/var/lib/docker", diskSize))
	t.Run("the edge's port is taken", func(t *testing.T) { edgePortTaken(t, s) })

	x := s.newSite("shop")
	other := s.newSite("other")
	plain := "  jobs:\n    build: .\n    environment: [JOBS=%s]\n    volumes: [jobs:/data]\n" +
		"    x-longshore: { health: { stable_for: 300ms } }\nvolumes: { jobs: {} }\n"
	x.set("old", web{rest: fmt.Sprintf(plain, "old")})
	x.deploy(t).want(t, app.Succeeded, 0)
	other.deploy(t).want(t, app.Succeeded, 0)
	load := x.traffic(t, s.host, 1)

	for name, bad := range map[string]badRelease{
		"a build step fails": {
			web:   web{build: "{ context: ., dockerfile: Broken }"},
			files: map[string]string{"Broken": "FROM scratch\nCOPY testapp version /\nENV RELEASE_EXIT=9\nRUN [\"/testapp\", \"release\"]\n"},
			kind:  app.KindBuild, step: "build", exitCode: 9, says: []string{"Broken:4", "/testapp", "exit code 9"}, logs: "the release command fails with code 9",
		},
		"a file of the build is missing": {
			web:   web{build: "{ context: ., dockerfile: Broken }"},
			files: map[string]string{"Broken": "FROM scratch\nCOPY no-such-file /\n"},
			kind:  app.KindBuild, step: "build", says: []string{"no-such-file"},
		},
		"an image that nobody has": {
			web:  web{rest: "  cache:\n    image: registry.invalid/nothing:1\n"},
			kind: app.KindPull, step: "pull", service: "cache", says: []string{"registry.invalid/nothing:1"},
		},
		"an image for another processor": {
			web:  web{keys: "    platform: linux/arm64\n"},
			kind: app.KindArchitecture, step: "check image", says: []string{"arm64", "amd64", "platform"},
		},
		"a container that exits at once": {
			web:  web{env: []string{"EXIT_AT_START=7"}},
			kind: app.KindExited, step: "health check", exitCode: 7, says: []string{"exit code 7"}, logs: "exits with code 7, as told",
		},
		"a container that never gets healthy": {
			web:  web{env: []string{"NEVER_HEALTHY=1"}, health: "within: 1s, stable_for: 1s"},
			kind: app.KindUnhealthy, step: "health check", says: []string{"not healthy after 1s", "/up", "503"}, logs: "serves on port 3000",
		},
		"a container that does not stay healthy": {
			web:  web{env: []string{"HEALTH_FAIL_AFTER=2s"}, health: "within: 30s, stable_for: 20s"},
			kind: app.KindUnhealthy, step: "stability", says: []string{"was healthy", "503", "stable_for"},
		},
		"a container that dies while it is watched": {
			web:  web{env: []string{"DIE_AFTER=2s"}, health: "within: 30s, stable_for: 20s"},
			kind: app.KindExited, step: "stability", exitCode: 3, says: []string{"exit code 3"}, logs: "dies with code 3",
		},
		"a release command that fails": {
			web:  web{env: []string{"RELEASE_EXIT=4"}, own: "      release: [/testapp, release]\n"},
			kind: app.KindRelease, step: "release command", exitCode: 4, says: []string{"4"}, logs: "the release command fails with code 4",
		},
		"a plain service that exits at once": {
			web:  web{rest: strings.Replace(fmt.Sprintf(plain, "old"), "JOBS=old", "JOBS=new, EXIT_AT_START=6", 1)},
			kind: app.KindExited, service: "jobs", exitCode: 6, says: []string{"exit code 6"}, logs: "exits with code 6",
		},
		"a published port is taken": {
			web:  web{rest: "  metrics:\n    build: .\n    ports: [\"22:3000\"]\n"},
			kind: app.KindPort, step: "preflight", service: "metrics", says: []string{"port 22", "services.metrics.ports"},
		},
		"a route that another site has": {
			web:  web{rest: "  twin:\n    build: .\n    x-longshore: { route: { host: " + other.route + ", port: 3000 } }\n"},
			kind: app.KindRoute, step: "preflight", service: "twin", says: []string{other.route, other.full()},
		},
		"an external network that is not there": {
			web:  web{rest: "  joined:\n    build: .\n    networks: [elsewhere]\nnetworks: { elsewhere: { external: true } }\n"},
			kind: app.KindMissing, step: "preflight", says: []string{"elsewhere", "docker network create"},
		},
		"a disk that is full before": {
			before: fill(40 << 20),
			kind:   app.KindDisk, step: "preflight", says: []string{"MiB are free", "/var/lib/docker", "docker system prune"},
		},
		"a disk that the image does not fit on": {
			web:    web{build: "{ context: ., dockerfile: Large }"},
			files:  map[string]string{"Large": "FROM scratch\nCOPY testapp version large /\nENTRYPOINT [\"/testapp\"]\n", "large": strings.Repeat("a large file\n", 4<<20)},
			before: fill(72 << 20),
			kind:   app.KindDisk, step: "transfer", says: []string{"docker system prune"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for file, content := range bad.files {
				x.Write(file, content)
				defer os.Remove(filepath.Join(x.Dir, file))
			}
			if bad.web.rest == "" {
				bad.web.rest = fmt.Sprintf(plain, "old")
			}
			x.set("bad: "+name, bad.web)
			before, built := footprint(t, s.host), x.built(t)
			after := func() {}
			if bad.before != nil {
				after = bad.before(t, s)
			}
			e := x.deploy(t)
			after()
			e.want(t, app.FailedClean, 3)
			bad.check(t, x, e)
			same(t, before, footprint(t, s.host))
			same(t, built, x.built(t))
			load.flows(t)
		})
	}
	load.lossless(t, "old")
}

// check holds the failure, and what a person is told of it, to what is expected.
func (bad badRelease) check(t *testing.T, x *site, e ended) {
	t.Helper()
	f := e.Failure
	if f == nil {
		t.Fatalf("there is no failure in %s", e)
	}
	if f.Kind != bad.kind || bad.step != "" && f.Step != bad.step || f.ExitCode != bad.exitCode || f.Exited != (bad.exitCode != 0) || len(f.Left) > 0 {
		t.Errorf("the failure is %+v, not %q at %q with code %d", f, bad.kind, bad.step, bad.exitCode)
	}
	told := x.longshore(t, "watch", "-o", "plain")
	if told.Code != e.Code {
		t.Errorf("watch ends with another code: %s", told)
	}
	for _, want := range append([]string{bad.logs}, bad.says...) {
		if !strings.Contains(told.Stdout, want) {
			t.Errorf("%q is not in what a person is told: %s", want, told.Stdout)
		}
	}
	if bad.logs != "" && !slices.ContainsFunc(f.Logs, func(line string) bool { return strings.Contains(line, bad.logs) }) {
		t.Errorf("%q is not in the last lines: %q", bad.logs, f.Logs)
	}
	if bad.kind == app.KindDisk || bad.step == "preflight" && bad.service == "" {
		return // no single service is at fault
	}
	if want := cmp.Or(bad.service, "web"); f.Service != want {
		t.Errorf("the failure is of service %q, not %q", f.Service, want)
	}
}

// fill leaves only so many bytes free where the server's Docker keeps its data.
func fill(free int64) func(*testing.T, *scene) func() {
	return func(t *testing.T, s *scene) func() {
		t.Helper()
		empty, err := s.host.FillDisk(t.Context(), "/var/lib/docker", free)
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := empty(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// edgePortTaken deploys first to a port that the server's sshd has.
func edgePortTaken(t *testing.T, s *scene) {
	h := s.host.AppHost()
	h.Edge.HTTP = 22
	x := s.newSite("early", h)
	before, built := footprint(t, s.host), x.built(t)
	e := x.deploy(t)
	e.want(t, app.FailedClean, 3)
	badRelease{kind: app.KindPort, step: "preflight", says: []string{"port 22", "another process", "hosts." + h.Name + ".edge.http"}}.check(t, x, e)
	same(t, before, footprint(t, s.host))
	same(t, built, x.built(t))
}
