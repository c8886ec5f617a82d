//go:build e2e

package e2e

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/proxy"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/longshore-dev/longshore/activities/codec"
	"github.com/longshore-dev/longshore/activities/engine"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/testsuite/hosts"
	"github.com/longshore-dev/longshore/testsuite/registry"
)

// The passwords of the tests: whatever shows one of them shows too much.
const (
	rightPassword = "correct-horse-battery"
	wrongPassword = "hunter2-hunter2"
)

// private is a site with a service whose image is in a registry for one user.
type private struct {
	*site
	registry *registry.Registry
	secret   string // the file that the password is read from
}

func (s *scene) newPrivate(t *testing.T, name string, on ...app.Host) *private {
	t.Helper()
	p := &private{site: s.newSite(name, on...), registry: registry.Start(t), secret: filepath.Join(s.Home, name+"-password")}
	p.registry.Require("ci", rightPassword)
	return p
}

// push gives the registry's tag another version of the test app.
func (p *private) push(t *testing.T, version string) (digest string) {
	t.Helper()
	binary, err := os.ReadFile(filepath.Join(p.Dir, "testapp"))
	if err != nil {
		t.Fatal(err)
	}
	return p.registry.Push(t, "shop/jobs", "1", map[string][]byte{"testapp": binary, "version": []byte(version + "\n")}, "/testapp")
}

func (p *private) ref() string { return p.registry.Address + "/shop/jobs:1" }

// settings adds to longshore.yml.
func (p *private) settings(t *testing.T, more string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.Dir, "longshore.yml"))
	if err != nil {
		t.Fatal(err)
	}
	p.Write("longshore.yml", string(text)+more)
}

// password puts one where the settings say.
func (p *private) password(t *testing.T, password string) {
	t.Helper()
	if err := os.WriteFile(p.secret, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// login is where the settings find the password.
func (p *private) login() string {
	return fmt.Sprintf("registries:\n  %q: { username: ci, password_file: %q }\n", p.registry.Address, p.secret)
}

// jobs is the plain service of the registry's image.
func (p *private) jobs(keys string) web {
	return web{rest: "  jobs:\n    image: " + p.ref() + "\n    x-longshore: { health: { stable_for: 200ms }" + keys + " }\n"}
}

// denied checks a deploy that the registry has refused: it has changed nothing and says what to do.
func (p *private) denied(t *testing.T, on []*hosts.Host, says ...string) {
	t.Helper()
	var before [][]string
	for _, h := range on {
		before = append(before, footprint(t, h))
	}
	e := p.deploy(t)
	e.want(t, app.FailedClean, 3)
	for i, h := range on {
		same(t, before[i], footprint(t, h))
	}
	f := e.Failure
	if f == nil || f.Kind != app.KindRegistry || f.Step != "pull" || f.Service != "jobs" {
		t.Fatalf("the failure is %+v", f)
	}
	for _, text := range append(says, p.registry.Address) {
		if !strings.Contains(f.Message+f.Advice, text) {
			t.Errorf("the failure does not say %q: %+v", text, f)
		}
	}
	silent(t, "the CLI", e.Stdout+e.Stderr)
}

func silent(t *testing.T, what, text string) {
	t.Helper()
	for _, password := range []string{rightPassword, wrongPassword} {
		if strings.Contains(text, password) {
			t.Errorf("%s shows the password %s", what, password)
		}
	}
}

// history is that of the site's newest run, in the clear.
func (p *private) history(t *testing.T) string {
	t.Helper()
	ring, err := keyring.Open(engine.KeyRingPath(p.scene.State))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	key := codec.New(ring)
	events := p.scene.Client().GetWorkflowHistory(t.Context(), p.scene.LastRun(app.Site{Org: app.DefaultOrg, Project: p.project, Name: "production"}), "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		err = proxy.VisitPayloads(t.Context(), event, proxy.VisitPayloadsOptions{
			Visitor: func(_ *proxy.VisitPayloadsContext, payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
				clear, err := key.Decode(payloads)
				for _, payload := range clear {
					text.Write(payload.GetData())
				}
				return clear, err
			},
			SkipSearchAttributes: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		shown, err := protojson.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(shown)
	}
	return text.String()
}

// Images of a registry that asks who is there, on the oldest engine that is supported and a newer one.
func TestPrivateRegistry(t *testing.T) {
	s := newScene(t)
	newer := hosts.Start(t, hosts.OnRelease(hosts.Trixie))
	s.Trust(newer)
	both := []*hosts.Host{s.host, newer}
	x := s.newPrivate(t, "vault", s.host.AppHost(), newer.AppHost())
	for _, h := range both {
		x.registry.ReachableFrom(t, h)
	}
	digest := x.push(t, "1")

	t.Run("without credentials", func(t *testing.T) {
		x.set("1", x.jobs(""))
		x.denied(t, both, "wants a login", filepath.Join(s.Home, ".docker", "config.json"), "registries."+x.registry.Address, "docker login")
	})
	t.Run("with a password that is not there", func(t *testing.T) {
		x.settings(t, x.login())
		x.Commit("where the password is")
		x.denied(t, both, x.secret+" is not on the worker's machine")
	})
	t.Run("with a wrong password", func(t *testing.T) {
		x.password(t, wrongPassword)
		x.denied(t, both, "refuses the login", "the user ci", x.secret)
	})
	t.Run("the tag moves while two hosts pull", func(t *testing.T) {
		x.password(t, rightPassword)
		moved := ""
		x.registry.OnBlob(func() {
			x.registry.OnBlob(nil)
			moved = x.push(t, "2")
		})
		e := x.deploy(t)
		e.want(t, app.Succeeded, 0)
		if moved == "" || moved == digest {
			t.Fatal("the tag has not moved")
		}
		x.runsDigest(t, digest, both...)
		if n := x.registry.Asked("1"); n < 1 {
			t.Errorf("the tag was asked for %d times", n)
		}
		for _, h := range both {
			record := on(t, h, "cat", "/var/lib/longshore/sites/"+x.full()+"/releases/"+e.Release+".json")
			if !strings.Contains(record, x.registry.Address+"/shop/jobs@"+digest) {
				t.Errorf("%s does not record the digest: %s", h.Name, record)
			}
		}
	})
	t.Run("what is there is not pulled", func(t *testing.T) {
		asked := x.registry.Asked("1") + x.registry.Asked(digest)
		x.deploy(t).want(t, app.Unchanged, 0)
		x.SetVersion("3")
		x.deploy(t).want(t, app.Succeeded, 0)
		if now := x.registry.Asked("1") + x.registry.Asked(digest); now != asked {
			t.Errorf("the registry was asked %d times more", now-asked)
		}
		x.runsDigest(t, digest, both...)
	})
	t.Run("pull_policy always takes what the tag stands for", func(t *testing.T) {
		newest := x.push(t, "4")
		w := x.jobs("")
		w.rest += "    pull_policy: always\n"
		x.set("4", w)
		x.deploy(t).want(t, app.Succeeded, 0)
		x.runsDigest(t, newest, both...)
	})
	t.Run("nobody shows a password", func(t *testing.T) {
		history := x.history(t)
		if !strings.Contains(history, x.secret) || !strings.Contains(history, "Resolve") {
			t.Error("the history is not read in the clear")
		}
		silent(t, "the history", history)
		silent(t, "the worker's log", s.worker.Log())
		for _, h := range both {
			silent(t, h.Name, on(t, h, "sh", "-c", "grep -r . /var/lib/longshore/sites; docker inspect $(docker ps -aq)"))
		}
	})
	t.Run("with what docker login has written", func(t *testing.T) {
		settings, err := os.ReadFile(filepath.Join(x.Dir, "longshore.yml"))
		if err != nil {
			t.Fatal(err)
		}
		x.Write("longshore.yml", strings.ReplaceAll(string(settings), x.login(), ""))
		auth := base64.StdEncoding.EncodeToString([]byte("ci:" + rightPassword))
		folder := filepath.Join(s.Home, ".docker")
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		config := fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, x.registry.Address, auth)
		if err := os.WriteFile(filepath.Join(folder, "config.json"), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		newest := x.push(t, "5")
		x.SetVersion("5")
		x.deploy(t).want(t, app.Succeeded, 0)
		x.runsDigest(t, newest, both...)
		silent(t, "the history", x.history(t))
		silent(t, "the worker's log", s.worker.Log())
	})
}

// runsDigest checks that the service's container on each host is of the image of that digest.
func (p *private) runsDigest(t *testing.T, digest string, on ...*hosts.Host) {
	t.Helper()
	for _, h := range on {
		want := hostImage(t, h, p.registry.Address+"/shop/jobs@"+digest)
		if got := p.inspect(t, h, "jobs", "{{.Image}} {{.State.Status}}"); len(got) != 1 || got[0] != want+" running" {
			t.Errorf("%s runs %q, not %s", h.Name, got, want)
		}
	}
}

// hostImage is the id of an image on a host.
func hostImage(t *testing.T, h *hosts.Host, ref string) string {
	t.Helper()
	return on(t, h, "docker", "image", "inspect", "--format", "{{.Id}}", ref)
}

// A host without a way to the registry gets the image from the worker's engine, no faster than the settings allow, and a
// build on the worker's engine is made upon an image of the registry.
func TestPushFromPrivateRegistry(t *testing.T) {
	s := newScene(t)
	x := s.newPrivate(t, "carried")
	x.settings(t, x.login()+"transfer: { max_rate: 20MB/s, parallel: 1 }\n")
	x.password(t, rightPassword)
	digest := x.push(t, "1")
	t.Cleanup(func() {
		if out, err := exec.Command("docker", "image", "rm", "--force", x.ref()).CombinedOutput(); err != nil {
			t.Errorf("remove the fetched image: %v: %s", err, out)
		}
	})
	x.Write("Upon", "FROM "+x.ref()+"\nCOPY version /version\n")

	t.Run("pulled, the host does not reach it", func(t *testing.T) {
		x.set("1", x.jobs(""))
		e := x.deploy(t)
		e.want(t, app.FailedClean, 3)
		if f := e.Failure; f == nil || f.Kind != app.KindPull || !strings.Contains(f.Advice, "transfer: push") {
			t.Errorf("the failure is %+v", f)
		}
	})
	pushed := x.jobs(", transfer: push")
	pushed.build = "{ context: ., dockerfile: Upon }"
	t.Run("carried", func(t *testing.T) {
		x.set("2", pushed)
		e := x.deploy(t)
		e.want(t, app.Succeeded, 0)
		if e.Transfer.SentBytes == 0 {
			t.Errorf("nothing was sent: %+v", e.Transfer)
		}
		x.runsIntended(t, e.Release, s.host)
		want := here(t, "docker", "image", "inspect", "--format", "{{.Id}}", x.ref())
		if got := x.inspect(t, s.host, "jobs", "{{.Image}} {{.State.Status}}"); len(got) != 1 || got[0] != want+" running" {
			t.Errorf("%s runs %q, not %s", s.host.Name, got, want)
		}
		record := on(t, s.host, "cat", "/var/lib/longshore/sites/"+x.full()+"/releases/"+e.Release+".json")
		if !strings.Contains(record, x.registry.Address+"/shop/jobs@"+digest) {
			t.Errorf("the digest is not recorded: %s", record)
		}
		x.deploy(t).want(t, app.Unchanged, 0)
	})
	t.Run("a build with a wrong password", func(t *testing.T) {
		x.password(t, wrongPassword)
		x.push(t, "2") // so that the builder has to ask
		pushed.build = "{ context: ., dockerfile: Upon, pull: true }"
		x.set("3", pushed)
		e := x.deploy(t)
		e.want(t, app.FailedClean, 3)
		if f := e.Failure; f == nil || f.Kind != app.KindRegistry || f.Step != "build" || !strings.Contains(f.Message, "the user ci") {
			t.Errorf("the failure is %+v", f)
		}
		silent(t, "the CLI", e.Stdout+e.Stderr)
	})
	silent(t, "the history", x.history(t))
	silent(t, "the worker's log", s.worker.Log())
}
