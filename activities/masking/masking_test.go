package masking

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/heartbeat"
	"github.com/longshore-dev/longshore/internal/app"
)

// execute runs one activity as a worker does, in a workflow, with heartbeats.
func execute(t *testing.T, step func(context.Context) error, beat func(activities.Beat)) error {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{Interceptor(known{}), heartbeat.Interceptor()}})
	env.SetTestTimeout(time.Minute)
	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		var b activities.Beat
		if err := details.Get(&b); err != nil {
			t.Error(err)
		}
		beat(b)
	})
	env.RegisterActivityWithOptions(step, activity.RegisterOptions{Name: "step"})
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 20 * time.Second, HeartbeatTimeout: 3 * time.Second})
		return workflow.ExecuteActivity(ctx, "step").Get(ctx, nil)
	})
	return env.GetWorkflowError()
}

func TestActivitiesAreMasked(t *testing.T) {
	for name, step := range map[string]func(context.Context) error{
		"a failure": func(context.Context) error {
			return activities.Fail(app.Failure{Kind: app.KindExited, Message: "said hunter2", Logs: []string{"hunter2"}}, errors.New("hunter2"))
		},
		"a cause alone": func(context.Context) error {
			return activities.Fail(app.Failure{Kind: app.KindExited, Message: "said *** "}, errors.New("hunter2"))
		},
		"a panic": func(context.Context) error { panic(errors.New("no hunter2 ***")) },
	} {
		t.Run(name, func(t *testing.T) {
			err := execute(t, step, func(activities.Beat) {})
			if err == nil || !strings.Contains(err.Error(), "***") {
				t.Fatalf("%v", err)
			}
			for ; err != nil; err = errors.Unwrap(err) {
				f := activities.FailureOf(err)
				if strings.Contains(err.Error()+f.Message+strings.Join(f.Logs, ""), value) {
					t.Errorf("%v, %+v", err, f)
				}
			}
		})
	}
}

func TestProgressIsMasked(t *testing.T) {
	beats := make(chan activities.Beat, 100)
	err := execute(t, func(ctx context.Context) error {
		heartbeat.Report(ctx, activities.Beat{Done: 7, Note: "RUN login hunter2"})
		for {
			select {
			case b := <-beats:
				if b.Done == 7 {
					beats <- b
					return nil
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}, func(b activities.Beat) { beats <- b })
	if err != nil {
		t.Fatal(err)
	}
	for len(beats) > 0 {
		if b := <-beats; strings.Contains(b.Note, value) || (b.Done == 7 && b.Note != "RUN login ***") {
			t.Errorf("%+v", b)
		}
	}
}
