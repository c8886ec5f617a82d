package replay

import (
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

// Register binds every workflow of which histories are recorded to its name.
func Register(r worker.WorkflowRegistry) {
	for name, f := range map[string]any{
		workflows.SiteName:         workflows.Site,
		workflows.DeployName:       workflows.Deploy,
		workflows.PlanName:         workflows.Plan,
		workflows.BootstrapName:    workflows.Bootstrap,
		workflows.RotateSecretName: workflows.RotateSecret,
		string(app.RunRollback):    workflows.Rollback,
		string(app.RunRestart):     workflows.Restart,
		string(app.RunScale):       workflows.Scale,
		string(app.RunStart):       workflows.Start,
		string(app.RunRepair):      workflows.Repair,
		string(app.RunRotate):      workflows.Rotate,
		string(app.RunStop):        workflows.Stop,
		string(app.RunRemove):      workflows.Remove,
	} {
		r.RegisterWorkflowWithOptions(f, workflow.RegisterOptions{Name: name})
	}
}
