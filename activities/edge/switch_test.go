package edge_test

import (
	"context"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/edge"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/internal/app"
	hostmemory "github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/testsuite/memory"
)

// run is the id of the test environment's only run.
const run = "default-test-run-id"

// site has one running container on a host with an edge, and the fence of the environment's run.
type site struct {
	*memory.World
	in activities.SwitchInput
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{World: memory.New("web-1")}
	if err := ensure(t, s.World, at); err != nil {
		t.Fatal(err)
	}
	of := app.Site{Org: "default", Project: "shop", Name: "production"}
	h := s.Machine("web-1").Host()
	s.Machine("web-1").AddImage("web:1", hostmemory.ImageSpec{})
	id, err := h.Engine().ContainerCreate(t.Context(), "web", app.Container{Image: "web:1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Engine().ContainerStart(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	taken, err := fence.Take(t.Context(), h, of, run, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.in = activities.SwitchInput{
		Target:     activities.Target{Host: at, Site: of, Fence: taken},
		Containers: []string{"web"},
		Table: app.EdgeTable{Site: of.String(), Release: "1-aaa", Fence: taken.Number, Routes: []app.EdgeRoute{{
			Service: "web", Route: app.Route{Hosts: []string{"*"}, Port: 3000},
			Upstreams: []string{s.Machine("web-1").Containers()["web"].Addresses["bridge"] + ":3000"},
		}}},
	}
	return s
}

// do runs a switch as an activity.
func (s *site) do(t *testing.T) error {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	s.Register(env, env)
	_, err := env.ExecuteActivity(activities.Switch.Name, s.in)
	return err
}

func TestSwitchOnlyToWhatRuns(t *testing.T) {
	s := newSite(t)
	s.in.Containers = append(s.in.Containers, "gone")
	if err := s.do(t); err == nil || activities.FailureOf(err).Kind != app.KindMissing || len(s.Tables("web-1")) != 0 {
		t.Errorf("%v, tables %v", err, s.Tables("web-1"))
	}
	s.in.Containers = []string{"web"}
	for range 2 { // once more is the same
		if err := s.do(t); err != nil || len(s.Tables("web-1")) != 1 {
			t.Fatalf("%v, tables %v", err, s.Tables("web-1"))
		}
	}
	if err := s.Machine("web-1").Host().Engine().ContainerStop(t.Context(), "web", 0); err != nil {
		t.Fatal(err)
	}
	if err := s.do(t); err == nil || activities.FailureOf(err).Kind != app.KindMissing {
		t.Errorf("switched to a container that has ended: %v", err)
	}
}

// A switch that is cancelled once it has asked the edge waits for the answer: it must not be carried out after what undoes it.
func TestSwitchCancelledOnItsWay(t *testing.T) {
	s := newSite(t)
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	cancelled := func(ctx context.Context, in activities.SwitchInput) error {
		ctx, cancel := context.WithCancel(ctx)
		s.Machine("web-1").Before(func(_ context.Context, op hostmemory.Op) error {
			if op.Name == "Dial" {
				cancel()
			}
			return nil
		})
		_, err := edge.Activities{Hosts: s.Opener()}.Switch(ctx, in)
		return err
	}
	env.RegisterActivity(cancelled)
	if _, err := env.ExecuteActivity(cancelled, s.in); err != nil || len(s.Tables("web-1")) != 1 {
		t.Errorf("%v, tables %v", err, s.Tables("web-1"))
	}
}

func TestSwitchWithoutRoutesTakesTheSiteOut(t *testing.T) {
	s := newSite(t)
	if err := s.do(t); err != nil {
		t.Fatal(err)
	}
	s.in.Table.Routes, s.in.Containers = nil, nil
	for range 2 {
		if err := s.do(t); err != nil || len(s.Tables("web-1")) != 0 {
			t.Errorf("%v, tables %v", err, s.Tables("web-1"))
		}
	}
}

func TestStaleSwitchIsRefused(t *testing.T) {
	s := newSite(t)
	if _, err := fence.Take(t.Context(), s.Machine("web-1").Host(), s.in.Site, "newer", 0); err != nil {
		t.Fatal(err)
	}
	if err := s.do(t); err == nil || activities.FailureOf(err).Kind != app.KindFenced || len(s.Tables("web-1")) != 0 {
		t.Errorf("%v, tables %v", err, s.Tables("web-1"))
	}
}

func TestProve(t *testing.T) {
	s := newSite(t)
	a := edge.Activities{Hosts: s.Opener(), Image: s}
	in := activities.ProveInput{Target: s.in.Target, Table: s.in.Table}
	if err := s.do(t); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Prove(t.Context(), in); err != nil {
		t.Error(err)
	}
	in.Table.Release = "2-bbb"
	if _, err := a.Prove(t.Context(), in); err == nil || activities.FailureOf(err).Kind != app.KindUnproven {
		t.Errorf("another release answers: %v", err)
	}
}

func TestDrainWaitsForTheLastRequest(t *testing.T) {
	s := newSite(t)
	a := edge.Activities{Hosts: s.Opener(), Image: s}
	in := activities.DrainInput{Target: s.in.Target, Release: "0-old", Until: time.Now().Add(time.Hour), Drain: time.Hour}
	s.InFlight("web-1", s.in.Site, "0-old", 2)
	done := make(chan error, 1)
	go func() {
		cut, err := a.Drain(t.Context(), in)
		if cut != 0 {
			t.Errorf("%d requests were cut", cut)
		}
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("requests are in flight, and Drain ended: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	s.InFlight("web-1", s.in.Site, "0-old", 0)
	if err := <-done; err != nil {
		t.Error(err)
	}
	s.InFlight("web-1", s.in.Site, "0-old", 3)
	in.Until = time.Now()
	if cut, err := a.Drain(t.Context(), in); err != nil || cut != 3 {
		t.Errorf("%d cut, %v: the time is over", cut, err)
	}
	in.Until = time.Now().Add(time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := a.Drain(ctx, in); err == nil {
		t.Error("a drain goes on past its end")
	}
}
