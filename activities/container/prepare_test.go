package container_test

import (
	"context"
	"strings"
	"testing"

	"go.temporal.io/sdk/testsuite"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/container"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/memory"
)

// A lock asked for under another keeps a session of the host's connection for both: a few dozen deploys at once would
// wait for each other. And a subnet that another site took in the moment before is no failure.
func TestPrepareTakesOneLockAndFindsAnotherSubnet(t *testing.T) {
	m := memory.New("web-1")
	m.OnRun(func(context.Context, host.Command) (host.Output, error) { return host.Output{}, nil })
	m.FailOnce("NetworkCreate", host.ErrAddressTaken)
	run := "default-test-run-id"
	taken, err := fence.Take(t.Context(), m.Host(), site, run, 0)
	if err != nil {
		t.Fatal(err)
	}
	m.ForgetOps()
	suite := testsuite.WorkflowTestSuite{}
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(container.Activities{Hosts: memory.Opener(m)}.Prepare)
	_, err = env.ExecuteActivity(container.Activities{Hosts: memory.Opener(m)}.Prepare, activities.PrepareInput{
		Target:   activities.Target{Host: app.Host{Name: "web-1"}, Site: site, Fence: app.Fence{Number: taken.Number, RunID: run}},
		Networks: []app.Network{{Name: app.DefaultNetwork}, {Name: "back"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, op := range m.Ops() {
		count[op.Name]++
	}
	locks := 0
	for name, n := range count {
		if strings.HasSuffix(name, "Lock") {
			locks += n
		}
	}
	if locks != 1 || count["NetworkCreate"] != 3 {
		t.Errorf("%d locks, not 1, or %d networks tried, not 3: %v", locks, count["NetworkCreate"], count)
	}
}
