//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/longshore-dev/longshore/internal/app"
)

// jobs is a plain service with a volume, for the rest of a compose file. It is replaced with every version.
const jobs = "  jobs:\n    build: .\n    volumes: [jobs:/data]\n    x-longshore: { health: { stable_for: 0 } }\nvolumes: { jobs: {} }\n"

// A deploy is cancelled at every point: before the switch it leaves nothing, after it goes on.
func TestCancel(t *testing.T) {
	s := newScene(t)
	x := s.newSite("shop")
	x.set("old", web{rest: jobs})
	x.deploy(t).want(t, app.Succeeded, 0)
	load := x.traffic(t, s.host, 0)

	x.Write("Slow", "FROM scratch\nCOPY testapp version /\nENV RELEASE_TAKES=10m\nRUN [\"/testapp\", \"release\"]\nENTRYPOINT [\"/testapp\"]\n")
	for name, test := range map[string]struct {
		web       web
		bandwidth int64 // of the link to the host, bytes a second
		step      string
	}{
		"while it builds":                     {web: web{build: "{ context: ., dockerfile: Slow }"}, step: "Build"},
		"while it transfers":                  {bandwidth: 1 << 20, step: "Transfer"},
		"while a release command runs":        {web: web{env: []string{"RELEASE_TAKES=10m"}, own: "      release: [/testapp, release]\n"}, step: "RunReleaseCommand"},
		"while containers are to get healthy": {web: web{env: []string{"NEVER_HEALTHY=1"}, health: "within: 10m"}, step: "AwaitHealthy"},
		"while containers are watched":        {web: web{health: "within: 30s, stable_for: 10m"}, step: "AwaitStable"},
	} {
		t.Run(name, func(t *testing.T) {
			test.web.rest = jobs
			x.set("cancelled "+name, test.web)
			before, built := footprint(t, s.host), x.built(t)
			s.host.Link.Bandwidth(test.bandwidth)
			defer s.host.Link.Restore()
			deploy := x.start()
			reaches(t, deploy, test.step)
			cancel(t, x)
			outcome(t, deploy).want(t, app.Cancelled, 3)
			if out := x.longshore(t, "watch", "-o", "plain"); out.Code != 3 || !strings.Contains(out.Stdout, "cancelled") {
				t.Errorf("watch tells of it: %s", out)
			}
			same(t, before, footprint(t, s.host))
			same(t, built, x.built(t))
			load.flows(t)
		})
	}
	t.Run("while no worker is there", func(t *testing.T) {
		x.set("cancelled soon", web{health: "within: 30s, stable_for: 10m", rest: jobs})
		before := footprint(t, s.host)
		deploy := x.start()
		reaches(t, deploy, "AwaitStable")
		s.worker.Kill()
		cancel(t, x)
		s.worker.Restart()
		outcome(t, deploy).want(t, app.Cancelled, 3)
		same(t, before, footprint(t, s.host))
	})
	load.lossless(t, "old")
	t.Run("after the switch", func(t *testing.T) { cancelTooLate(t, x) })
}

// cancelTooLate keeps a deploy draining by a WebSocket, and cancels it then.
func cancelTooLate(t *testing.T, x *site) {
	conn, _, err := websocket.Dial(t.Context(), x.scene.host.URL()+"/ws", &websocket.DialOptions{Host: x.route})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	x.set("late", web{drain: "1h", rest: jobs})
	deploy := x.start()
	reaches(t, deploy, "Drain")
	cancel(t, x)
	if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	e := outcome(t, deploy)
	e.want(t, app.Succeeded, 0)
	if len(e.Notes) != 1 || !strings.Contains(e.Notes[0], "after the switch") {
		t.Errorf("the notes: %q", e.Notes)
	}
	if err := serves(t.Context(), x.scene.host.URL(), x.route, "late"); err != nil {
		t.Error(err)
	}
	x.runsIntended(t, e.Release, x.scene.host)
	if out := x.longshore(t, "cancel"); out.Code != 1 || !strings.Contains(out.Stderr, "no run of "+x.full()+" is under way") {
		t.Errorf("with nothing to cancel: %s", out)
	}
}

func cancel(t *testing.T, x *site) {
	t.Helper()
	if out := x.longshore(t, "cancel"); out.Code != 0 {
		t.Fatal(out)
	}
}
