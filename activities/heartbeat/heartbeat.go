// Package heartbeat keeps every activity's heartbeat going and carries its progress. Activities report progress at any
// rate; the interceptor sends the newest about once a second, so a lost worker is noticed soon and a cancel arrives.
package heartbeat

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"

	"github.com/longshore-dev/longshore/activities"
)

const interval = time.Second

type reporterKey struct{}

type reporter struct {
	mu   sync.Mutex
	last activities.Beat
}

// Report keeps how far an activity has come, for the next heartbeat. Outside an activity it does nothing. It may be
// called concurrently.
func Report(ctx context.Context, b activities.Beat) {
	r, ok := ctx.Value(reporterKey{}).(*reporter)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = b
}

func (r *reporter) newest() activities.Beat {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

// Interceptor makes the worker's interceptor. Beside the heartbeats it sees to it that two attempts of one activity
// never run at once in this worker: an attempt that the engine has given up (while it could not be reached) is ended
// before the next begins.
func Interceptor() interceptor.WorkerInterceptor {
	return &workerInterceptor{running: map[string]*attempt{}}
}

type workerInterceptor struct {
	interceptor.WorkerInterceptorBase
	mu      sync.Mutex
	running map[string]*attempt // by run and activity id
}

// attempt is one that is running, or has ended.
type attempt struct {
	cancel context.CancelFunc
	done   chan struct{}
}

func (w *workerInterceptor) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &inbound{ActivityInboundInterceptorBase: interceptor.ActivityInboundInterceptorBase{Next: next}, worker: w}
}

type inbound struct {
	interceptor.ActivityInboundInterceptorBase
	worker *workerInterceptor
}

func (i *inbound) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	leave, err := i.worker.enter(ctx, cancel)
	if err != nil {
		return nil, err
	}
	defer leave()
	r := &reporter{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		beat(ctx, r)
	}()
	// No heartbeat of an attempt comes after its end: the next attempt may have begun by then.
	defer func() {
		cancel()
		<-ended
	}()
	return i.Next.ExecuteActivity(context.WithValue(ctx, reporterKey{}, r), in)
}

// beat sends heartbeats until the activity ends.
func beat(ctx context.Context, r *reporter) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		activity.RecordHeartbeat(ctx, r.newest())
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// enter ends the activity's earlier attempt in this worker, waits for it, and registers the new one.
func (w *workerInterceptor) enter(ctx context.Context, cancel context.CancelFunc) (leave func(), err error) {
	info := activity.GetInfo(ctx)
	key := info.WorkflowExecution.RunID + "/" + info.ActivityID
	mine := &attempt{cancel: cancel, done: make(chan struct{})}
	for {
		w.mu.Lock()
		earlier := w.running[key]
		if earlier == nil {
			w.running[key] = mine
			w.mu.Unlock()
			break
		}
		w.mu.Unlock()
		earlier.cancel()
		select {
		case <-earlier.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return func() {
		w.mu.Lock()
		delete(w.running, key)
		w.mu.Unlock()
		close(mine.done)
	}, nil
}
