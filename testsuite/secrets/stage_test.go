//go:build e2e || soak

package secrets

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/testsuite/harness/load"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// patience bounds a run, with the image of the database on its way, on a busy machine.
const patience = 5 * time.Minute

// stage is a project whose sites are deployed, each on a host of its own, and all that works for it. Tests of one stage
// run one after the other.
type stage struct {
	t       *testing.T
	world   *harness.World
	engine  *harness.Engine
	worker  *harness.Process
	client  client.Client
	app     *harness.App
	name    string
	project project
	hosts   []*hosts.Host // by site
	// first is the password of the first user in every database.
	first string
}

// set deploys a project's sites.
func set(t *testing.T, p project) *stage {
	t.Helper()
	s := empty(t, p)
	for _, site := range s.project.sites {
		s.deploy(site)
	}
	return s
}

// empty makes a project with its secrets, and deploys nothing.
func empty(t *testing.T, p project) *stage {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	database, err := hosts.PrepareDatabase(ctx, hosts.PostgreSQL, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	w := harness.New(t)
	s := &stage{t: t, world: w, name: w.Project("secrets"), project: p.complete(), first: "first-" + rand.Text()}
	var reached []app.Host
	for range s.project.sites {
		h := hosts.Start(t)
		w.Trust(h)
		s.hosts, reached = append(s.hosts, h), append(reached, h.AppHost())
	}
	s.engine, s.worker, s.client = w.StartEngine(), w.StartWorker("worker"), w.Client()
	files := dockerfiles(database)
	files["compose.yaml"], files["longshore.yml"] = s.project.compose(), s.project.longshore(s.name, reached)
	s.app = w.NewApp(files)
	s.addBinary()
	s.secret("FIRST_PASSWORD", s.first)
	s.secret("DATABASE_URL", "postgres://shop_a:"+s.first+"@db/shop")
	return s
}

// addBinary puts the app's binary into the checkout.
func (s *stage) addBinary() {
	s.t.Helper()
	binary, err := shop()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.app.Dir, "shop"), binary, 0o755); err != nil {
		s.t.Fatal(err)
	}
	s.app.Commit("the app")
}

// shop is the app's binary, built once for all tests of the process.
var shop = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "longshore-shop-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "shop")
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", path, "./shop")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the app: %w: %s", err, out)
	}
	return os.ReadFile(path)
})

// rewrite commits other files for the project, for the next deploy.
func (s *stage) rewrite(change func(*project)) {
	s.t.Helper()
	change(&s.project)
	s.app.Write("compose.yaml", s.project.compose())
	s.app.Commit("another compose file")
}

// run runs the CLI in the checkout.
func (s *stage) run(args ...string) harness.Output {
	s.t.Helper()
	return s.feed("", args...)
}

func (s *stage) feed(input string, args ...string) harness.Output {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	return s.world.Feed(ctx, s.app.Dir, input, args...)
}

// secret sets a secret, and commits it.
func (s *stage) secret(name, value string, flags ...string) {
	s.t.Helper()
	if out := s.feed(value, append([]string{"secret", "set", name}, flags...)...); out.Code != 0 {
		s.t.Fatal(out)
	}
	s.app.Commit("secret " + name)
}

// deploy deploys what is committed, and wants it to succeed.
func (s *stage) deploy(site string) app.Result {
	s.t.Helper()
	s.app.Commit("what has changed")
	var result app.Result
	out := s.run("deploy", "--site", site, "-o", "json")
	if err := out.Result(&result); err != nil || out.Code != 0 || result.Outcome != app.Succeeded {
		s.t.Fatalf("the deploy ended with %v: %s", err, out)
	}
	return result
}

// rotate rotates the database's address to its end.
func (s *stage) rotate(flags ...string) (app.RotationResult, harness.Output) {
	s.t.Helper()
	var result app.RotationResult
	out := s.run(append([]string{"secret", "rotate", "DATABASE_URL", "-o", "json"}, flags...)...)
	if err := out.Result(&result); err != nil {
		s.t.Fatal(err)
	}
	return result, out
}

// value is a version of a secret.
func (s *stage) value(name, version string) string {
	s.t.Helper()
	out := s.run("secret", "show", name, "--version", version)
	if out.Code != 0 {
		s.t.Fatal(out)
	}
	return strings.TrimSpace(out.Stdout)
}

// underLoad runs f while every site is asked for all that the app does, and wants neither a request nor a query lost.
func (s *stage) underLoad(f func()) {
	s.t.Helper()
	var traffic []*load.Load
	for _, h := range s.hosts {
		l, err := load.Start(s.t.Context(), load.Options{
			URL: h.URL(), Host: routeHost, Rate: 30, SlowFor: time.Second,
			Connections: map[load.Kind]int{load.Get: 2, load.Post: 2, load.Slow: 1},
		})
		if err != nil {
			s.t.Fatal(err)
		}
		defer l.Stop()
		traffic = append(traffic, l)
	}
	f()
	for i, l := range traffic {
		report := l.Stop()
		if report.Lost != 0 || len(report.ByKind) != 3 {
			s.t.Errorf("%s lost some, or was not asked for all: %s", s.project.sites[i], report)
			continue
		}
		s.t.Logf("%s: %s", s.project.sites[i], report)
	}
	for site := range s.project.sites {
		s.noQueryLost(site)
	}
}

// page is what an app's journal says, see package shop.
type page struct {
	Users  []string
	Made   int
	Served int
	Failed int
	Errors []string
	Ended  bool
}

// journals are those of all containers of the app that a site ever had, by the container's short id.
func (s *stage) journals(site int) map[string]page {
	s.t.Helper()
	const read = `volume=$(docker volume ls --quiet --filter "label=$0=journal") && cd "/var/lib/docker/volumes/$volume/_data"
for file in *.json; do printf '{"%s":' "${file%.json}"; cat "$file"; echo '}'; done`
	text, err := s.hosts[site].Exec(s.t.Context(), "sh", "-c", read, app.LabelVolume)
	if err != nil {
		s.t.Fatal(err)
	}
	pages := map[string]page{}
	for line := range strings.Lines(text) {
		if err := json.Unmarshal([]byte(line), &pages); err != nil {
			s.t.Fatalf("read a journal: %v: %s", err, line)
		}
	}
	return pages
}

// noQueryLost wants every query to have been answered, and apps that have served and do not run to have ended in order.
// One that was never well is killed.
func (s *stage) noQueryLost(site int) {
	s.t.Helper()
	pages := s.journals(site)
	running := s.containers(site, "web")
	for _, id := range slices.Sorted(maps.Keys(pages)) {
		p := pages[id]
		_, runs := running[id]
		if p.Failed != 0 || p.Made == 0 || !runs && !p.Ended && p.Served > 0 {
			s.t.Errorf("%s: container %s, which runs: %v, has answered %d requests and made %d queries as %v, of which failed %d: %q; it ended in order: %v",
				s.project.sites[site], id, runs, p.Served, p.Made, p.Users, p.Failed, p.Errors, p.Ended)
		}
	}
	if len(running) == 0 {
		s.t.Errorf("%s: no app runs", s.project.sites[site])
	}
}

// containers are the running ones of a site's service: their labels, by short id.
func (s *stage) containers(site int, service string) map[string]map[string]string {
	s.t.Helper()
	h := s.hosts[site]
	ids, err := h.Exec(s.t.Context(), "docker", "ps", "--quiet", "--filter", "label="+app.LabelService+"="+service)
	if err != nil {
		s.t.Fatal(err)
	}
	found := map[string]map[string]string{}
	for _, id := range strings.Fields(ids) {
		text, err := h.Exec(s.t.Context(), "docker", "inspect", "--format", "{{json .Config.Labels}}", id)
		if err != nil {
			s.t.Fatal(err)
		}
		labels := map[string]string{}
		if err := json.Unmarshal([]byte(text), &labels); err != nil {
			s.t.Fatal(err)
		}
		found[id] = labels
	}
	return found
}

// runs wants all apps of a site to have a version of the secret, and to be that user. Containers that were made for an
// older version, and have the newer one in its place, are known by their user alone.
func (s *stage) runs(site int, version, user string) {
	s.t.Helper()
	found := s.containers(site, "web")
	pages := s.journals(site)
	if len(found) != 2 {
		s.t.Errorf("%s: %d apps run", s.project.sites[site], len(found))
	}
	for id, labels := range found {
		users := pages[id].Users
		want := "DATABASE_URL@" + version
		if s.project.onChange != "" {
			want = labels[app.LabelSecrets]
		}
		if labels[app.LabelSecrets] != want || len(users) == 0 || users[len(users)-1] != user {
			s.t.Errorf("%s: container %s has the secrets %q and is %v, want %s and %s", s.project.sites[site], id, labels[app.LabelSecrets], users, want, user)
		}
	}
}

// admits says whether a site's database lets in who has an address, which is asked from the database's own container
// but over its network.
func (s *stage) admits(site int, address string) bool {
	s.t.Helper()
	h := s.hosts[site]
	for id := range s.containers(site, "db") {
		own, err := h.Exec(s.t.Context(), "docker", "exec", id, "hostname", "--ip-address")
		if err != nil {
			s.t.Fatal(err)
		}
		out, err := h.Exec(s.t.Context(), "docker", "exec", id, "psql", "--no-password", "--quiet", "--no-align", "--tuples-only",
			"--command=SELECT 1", strings.Replace(address, "@db/", "@"+own+"/", 1))
		if err != nil && !strings.Contains(err.Error(), "FATAL:") {
			s.t.Fatal(err)
		}
		return err == nil && out == "1"
	}
	s.t.Fatalf("%s: no database runs", s.project.sites[site])
	return false
}
