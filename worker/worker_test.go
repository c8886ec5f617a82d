package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.temporal.io/sdk/activity"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

func TestOwnQueueOutlastsARestart(t *testing.T) {
	state := t.TempDir()
	first, err := ownQueue(state)
	if err != nil || !strings.HasPrefix(first, workflows.TaskQueue+"-") || len(first) < len(workflows.TaskQueue)+8 {
		t.Fatalf("%q, %v", first, err)
	}
	if again, err := ownQueue(state); err != nil || again != first {
		t.Errorf("%q after %q, %v", again, first, err)
	}
	if other, err := ownQueue(t.TempDir()); err != nil || other == first {
		t.Errorf("two workers share %q, %v", other, err)
	}
	if info, err := os.Stat(filepath.Join(state, "worker-id")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := ownQueue(filepath.Join(state, "missing")); err == nil {
		t.Error("a queue without a place to keep its name")
	}
}

// registry notes what is registered.
type registry struct {
	sdk.Registry
	names []string
}

func (r *registry) RegisterActivityWithOptions(_ any, o activity.RegisterOptions) {
	r.names = append(r.names, o.Name)
}

func (r *registry) RegisterWorkflowWithOptions(_ any, o workflow.RegisterOptions) {
	r.names = append(r.names, o.Name)
}

// What needs a build's image is on the queue of the worker that has it, and everything else on the shared one.
func TestEverythingIsRegisteredOnce(t *testing.T) {
	var shared, own registry
	wiring{}.register(&shared, &own)
	for queue, c := range map[string]struct {
		got, want []string
	}{
		"shared": {shared.names, []string{
			workflows.SiteName, workflows.PlanName, workflows.BootstrapName, workflows.RotateSecretName,
			activities.ResolveSecrets.Name, activities.RepinSecrets.Name, activities.RefreshSecrets.Name, activities.RestoreSecrets.Name,
			activities.FindConsumers.Name, activities.BeginVersion.Name, activities.SettleVersion.Name, activities.RotateSite.Name,
			activities.AddCredential.Name, activities.TestCredential.Name, activities.RevokeCredential.Name,
			activities.Remember.Name, activities.KeepFreeze.Name, activities.OpenRuns.Name, activities.Rejoin.Name,
			activities.Observe.Name, activities.TakeFence.Name, activities.PickBuilder.Name, activities.Pull.Name,
			activities.EnsureEdge.Name, activities.Switch.Name, activities.SwitchBack.Name, activities.Prove.Name, activities.Drain.Name,
			activities.Prepare.Name, activities.Unprepare.Name, activities.Start.Name, activities.AwaitHealthy.Name,
			activities.AwaitStable.Name, activities.RunReleaseCommand.Name, activities.Stop.Name, activities.Restore.Name,
			activities.Remove.Name, activities.Record.Name, activities.Prune.Name, activities.Clean.Name,
			activities.Mark.Name, activities.Return.Name, activities.Recall.Name, activities.Reuse.Name, activities.Watch.Name,
			activities.MarkStopped.Name, activities.Erase.Name, activities.NameImage.Name, activities.Resolve.Name,
			activities.LookAtSystem.Name, activities.SettleItem.Name, activities.RevertItem.Name, activities.KeepReport.Name, activities.LookAtEdge.Name,
		}},
		"own": {own.names, []string{
			activities.Build.Name, activities.DiscardBuild.Name, activities.PruneBuilds.Name, activities.Transfer.Name, activities.Fetch.Name,
		}},
	} {
		if queue == "shared" {
			for _, kind := range app.RunKinds() {
				c.want = append(c.want, string(kind))
			}
		}
		slices.Sort(c.got)
		slices.Sort(c.want)
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s has\n%v, not\n%v", queue, c.got, c.want)
		}
	}
}
