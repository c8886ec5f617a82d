package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	sdk "go.temporal.io/sdk/worker"
	"go.uber.org/zap"

	"github.com/longshore-dev/longshore/activities/edge"
	"github.com/longshore-dev/longshore/activities/engine"
	"github.com/longshore-dev/longshore/activities/heartbeat"
	"github.com/longshore-dev/longshore/activities/masking"
	"github.com/longshore-dev/longshore/worker/reach"
	"github.com/longshore-dev/longshore/workflows"
)

// The bounds of one worker. Activities wait for hosts more than they compute, so there are many; the workflow cache is
// what memory goes to when many deploys are open.
const (
	activitiesAtOnce = 200
	buildsAtOnce     = 20
	cachedWorkflows  = 200
	// heartbeatEvery is the most that the SDK may hold heartbeats back.
	heartbeatEvery = time.Second
	// stopWithin is how long a stopping worker lets its activities come to an end of their own.
	stopWithin = 10 * time.Second
	// dialAgain is the wait between attempts to reach an engine that is not up yet.
	dialAgain = time.Second
)

// run works until ctx ends.
func run(ctx context.Context) error {
	state, err := engine.StateDir()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(state, 0o700); err != nil {
		return fmt.Errorf("make the state folder: %w", err)
	}
	own, err := secretsIn(state)
	if err != nil {
		return err
	}
	log, err := newLog(own.masker)
	if err != nil {
		return err
	}
	defer log.Sync() // nothing is left to tell it to
	queue, err := ownQueue(state)
	if err != nil {
		return err
	}
	edges, err := edge.NewProgramFolder()
	if err != nil {
		return err
	}
	c, err := dial(ctx, state, log)
	if err != nil {
		return err
	}
	defer c.Close()
	hosts, err := reach.Hosts(state, own.masker)
	if err != nil {
		return err
	}
	defer hosts.Close() // the process ends
	return work(ctx, c, wiring{
		hosts: hosts, fresh: reach.Fresh(state, own.masker), client: c, queue: queue, edges: edges,
		bundles: filepath.Join(state, "bundles"), chunks: filepath.Join(state, "chunks"), secrets: own,
	}, log)
}

// dial reaches the engine, waiting for it as long as ctx lasts: the worker may be started first.
func dial(ctx context.Context, state string, log *zap.Logger) (client.Client, error) {
	for {
		target, err := engine.Find(engine.Settings{State: state, Logger: sdkLog{log.Sugar()}})
		if err != nil {
			return nil, err
		}
		c, err := target.Dial(ctx)
		if err == nil {
			warnings, err := engine.Prepare(ctx, c, target.Namespace)
			for _, w := range warnings {
				log.Warn("prepare the namespace", zap.String("warning", w))
			}
			if err == nil {
				return c, nil
			}
			c.Close()
		}
		if errors.Is(err, engine.ErrOtherKeys) {
			return nil, err
		}
		log.Info("waiting for the engine", zap.Error(err))
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(dialAgain):
		}
	}
}

// work polls the shared queue and the worker's own until ctx ends.
func work(ctx context.Context, c client.Client, w wiring, log *zap.Logger) error {
	options := sdk.Options{
		Interceptors:                           []interceptor.WorkerInterceptor{masking.Interceptor(w.secrets.masker), heartbeat.Interceptor()},
		WorkerStopTimeout:                      stopWithin,
		DefaultHeartbeatThrottleInterval:       heartbeatEvery,
		MaxHeartbeatThrottleInterval:           heartbeatEvery,
		MaxConcurrentActivityExecutionSize:     activitiesAtOnce,
		MaxConcurrentWorkflowTaskExecutionSize: cachedWorkflows,
		OnFatalError:                           func(err error) { log.Error("worker", zap.Error(err)) },
	}
	shared := sdk.New(c, workflows.TaskQueue, options)
	options.DisableWorkflowWorker = true
	options.MaxConcurrentActivityExecutionSize = buildsAtOnce
	own := sdk.New(c, w.queue, options)
	w.register(shared, own)
	if err := own.Start(); err != nil {
		return fmt.Errorf("start polling %s: %w", w.queue, err)
	}
	defer own.Stop()
	if err := shared.Start(); err != nil {
		return fmt.Errorf("start polling %s: %w", workflows.TaskQueue, err)
	}
	defer shared.Stop()
	log.Info("working", zap.String("queue", workflows.TaskQueue), zap.String("own_queue", w.queue))
	<-ctx.Done()
	log.Info("stopping")
	return nil
}
