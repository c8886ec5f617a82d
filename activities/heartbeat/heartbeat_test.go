package heartbeat_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
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
)

// environment is one for activities, with the interceptor of a worker.
func environment(i interceptor.WorkerInterceptor) *testsuite.TestActivityEnvironment {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{i}})
	env.SetTestTimeout(time.Minute)
	return env
}

func TestProgressIsReported(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{heartbeat.Interceptor()}})
	env.SetTestTimeout(time.Minute)
	beats := make(chan activities.Beat, 100)
	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		var b activities.Beat
		if err := details.Get(&b); err != nil {
			t.Error(err)
		}
		beats <- b
	})
	env.RegisterActivityWithOptions(func(ctx context.Context) error {
		for done := range int64(1000) {
			heartbeat.Report(ctx, activities.Beat{Done: done + 1, Total: 1000, Unit: "bytes"})
		}
		for {
			select {
			case b := <-beats:
				if b == (activities.Beat{Done: 1000, Total: 1000, Unit: "bytes"}) {
					return nil
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}, activity.RegisterOptions{Name: "step"})
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		// The SDK sends heartbeats no more often than a part of this.
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 20 * time.Second, HeartbeatTimeout: 3 * time.Second})
		return workflow.ExecuteActivity(ctx, "step").Get(ctx, nil)
	})
	if err := env.GetWorkflowError(); err != nil {
		t.Error(err)
	}
	heartbeat.Report(t.Context(), activities.Beat{}) // outside an activity, nothing happens
}

// The engine gives an attempt up that it cannot hear, and makes another: in one worker the second ends the first, waits
// for it, and goes on alone.
func TestAttemptsNeverOverlap(t *testing.T) {
	shared := heartbeat.Interceptor()
	var running, most, cancelled atomic.Int32
	first := make(chan struct{})
	var once sync.Once
	step := func(ctx context.Context) error {
		most.Store(max(most.Load(), running.Add(1)))
		defer running.Add(-1)
		begins := false
		once.Do(func() { begins = true; close(first) })
		if !begins {
			return nil
		}
		<-ctx.Done()
		cancelled.Add(1)
		time.Sleep(20 * time.Millisecond) // the end takes its time
		return ctx.Err()
	}
	run := func() error {
		env := environment(shared)
		env.RegisterActivityWithOptions(step, activity.RegisterOptions{Name: "step"})
		_, err := env.ExecuteActivity("step")
		return err
	}
	var group sync.WaitGroup
	group.Go(func() {
		if err := run(); err == nil {
			t.Error("the attempt that was given up succeeded")
		}
	})
	<-first
	if err := run(); err != nil {
		t.Error(err)
	}
	group.Wait()
	if most.Load() != 1 || cancelled.Load() != 1 {
		t.Errorf("%d at once, %d cancelled", most.Load(), cancelled.Load())
	}
}

func TestErrorsPass(t *testing.T) {
	env := environment(heartbeat.Interceptor())
	env.RegisterActivityWithOptions(func(context.Context) error { return errors.New("no") }, activity.RegisterOptions{Name: "step"})
	if _, err := env.ExecuteActivity("step"); err == nil || activities.FailureOf(err).Message != "no" {
		t.Error(err)
	}
}
