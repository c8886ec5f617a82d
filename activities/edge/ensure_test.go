package edge_test

import (
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/edge"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/testsuite/memory"
)

var at = app.Host{Name: "web-1", Address: "web-1"}

func ensure(t *testing.T, w *memory.World, h app.Host) error {
	t.Helper()
	_, err := edge.Activities{Hosts: w.Opener(), Image: w}.EnsureEdge(t.Context(), activities.EnsureEdgeInput{Host: h})
	return err
}

// edges are the edge containers of a host.
func edges(w *memory.World) []app.ContainerState {
	var out []app.ContainerState
	for _, c := range w.Machine("web-1").Containers() {
		if c.Labels[app.LabelRole] == app.RoleEdge {
			out = append(out, c)
		}
	}
	return out
}

func TestEnsureEdgeOnce(t *testing.T) {
	w := memory.New("web-1")
	for range 2 {
		if err := ensure(t, w, at); err != nil {
			t.Fatal(err)
		}
		w.Machine("web-1").ForgetOps()
	}
	if err := ensure(t, w, at); err != nil {
		t.Fatal(err)
	}
	for _, change := range w.Changes("web-1") {
		if strings.HasPrefix(change, "Container") || strings.HasPrefix(change, "Image") {
			t.Errorf("an edge that runs was changed: %s", change)
		}
	}
}

// Room is looked for before anything is sent.
func TestEnsureEdgeWithoutRoom(t *testing.T) {
	w := memory.New("web-1")
	w.Machine("web-1").SetFree(0)
	f := activities.FailureOf(ensure(t, w, at))
	if f.Kind != app.KindDisk || f.Host != "web-1" || !strings.Contains(f.Message, "on web-1 (/var/lib/docker), and 0 MiB are free") {
		t.Errorf("the failure is %+v", f)
	}
	for _, change := range w.Changes("web-1") {
		if strings.HasPrefix(change, "Image") {
			t.Errorf("%s", change)
		}
	}
}

func TestEnsureEdgeReplacesAnOlderOne(t *testing.T) {
	w := memory.New("web-1")
	if err := ensure(t, w, at); err != nil {
		t.Fatal(err)
	}
	old := edges(w)[0]
	w.NewEdge("another edge")
	w.Machine("web-1").ForgetOps()
	if err := ensure(t, w, at); err != nil {
		t.Fatal(err)
	}
	now := edges(w)
	if len(now) != 1 || now[0].Name == old.Name || !now[0].Running() {
		t.Fatalf("%+v after %s", now, old.Name)
	}
	started, stopped := -1, -1
	for i, op := range w.Machine("web-1").Ops() {
		switch {
		case op.Name == "ContainerStart":
			started = i
		case op.Name == "ContainerStop" && op.Subject == old.ID:
			stopped = i
		}
	}
	if started < 0 || stopped < started {
		t.Errorf("started at %d and stopped the old at %d: there was a gap", started, stopped)
	}
	if _, err := w.Machine("web-1").Host().Engine().ImageInspect(t.Context(), old.Image); err == nil {
		t.Errorf("the old edge's image %s is left", old.Image)
	}
}

// A published port belongs to one container: on a bridge the old one goes first, and every site's network is joined.
func TestEnsureEdgeOnABridge(t *testing.T) {
	w := memory.New("web-1")
	bridged := at
	bridged.Edge = app.Edge{HTTP: 8080, Mode: app.EdgeBridge}
	engine := w.Machine("web-1").Host().Engine()
	labels := map[string]string{app.LabelNetwork: app.DefaultNetwork, app.LabelSite: "default/shop/production"}
	if _, err := engine.NetworkCreate(t.Context(), "shop-production-default", app.Network{Labels: labels}); err != nil {
		t.Fatal(err)
	}
	for _, binary := range []string{"one", "two"} {
		w.NewEdge(binary)
		if err := ensure(t, w, bridged); err != nil {
			t.Fatal(err)
		}
	}
	now := edges(w)
	if len(now) != 1 || now[0].Addresses["shop-production-default"] == "" {
		t.Errorf("%+v", now)
	}
}

func TestEnsureEdgeStartsAStoppedOne(t *testing.T) {
	w := memory.New("web-1")
	if err := ensure(t, w, at); err != nil {
		t.Fatal(err)
	}
	if err := w.Machine("web-1").Host().Engine().ContainerStop(t.Context(), edges(w)[0].ID, 0); err != nil {
		t.Fatal(err)
	}
	if err := ensure(t, w, at); err != nil {
		t.Fatal(err)
	}
	if now := edges(w); len(now) != 1 || !now[0].Running() {
		t.Errorf("%+v", now)
	}
}

func TestEnsureEdgeWithItsPortTaken(t *testing.T) {
	w := memory.New("web-1")
	w.Machine("web-1").TakePort(8080)
	bridged := at
	bridged.Edge = app.Edge{HTTP: 8080, Mode: app.EdgeBridge}
	if err := ensure(t, w, bridged); err == nil || activities.FailureOf(err).Kind != app.KindPort {
		t.Errorf("%v, not %v", err, host.ErrPortTaken)
	}
}
