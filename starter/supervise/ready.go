package supervise

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/activities/engine"
	"github.com/longshore-dev/longshore/workflows"
)

// comeUp bounds the time from a program's first start until it is of use.
const comeUp = time.Minute

// tooManyDeaths says that a program that has not been of use yet never will be.
const tooManyDeaths = 5

// awaitEngine waits until the engine answers, is ours and is prepared.
func (s *supervisor) awaitEngine(ctx context.Context, p *program) error {
	return s.await(ctx, p, func(ctx context.Context) error {
		port := portOf(s.endpoints.Engine)
		if ours, err := listens(int(p.pid.Load()), port); err != nil || !ours {
			return errors.Join(err, fmt.Errorf("it does not listen on port %d", port))
		}
		c, err := dial(ctx, s.state)
		if err != nil {
			return err
		}
		defer c.Close()
		if err := markBorn(s.state); err != nil {
			return err
		}
		warnings, err := engine.Prepare(ctx, c, client.DefaultNamespace)
		for _, w := range warnings {
			s.say("warning: %s", w)
		}
		return err
	})
}

// awaitWorker waits until the worker asks the engine for tasks.
func (s *supervisor) awaitWorker(ctx context.Context, p *program) error {
	c, err := dial(ctx, s.state)
	if err != nil {
		return err
	}
	defer c.Close()
	return s.await(ctx, p, func(ctx context.Context) error {
		started := p.started.Load()
		if started == nil {
			return errors.New("it has not started")
		}
		last, err := LastPoll(ctx, c)
		if err != nil {
			return err
		}
		// The engine lists pollers for minutes after they are gone: only one later than the process counts.
		if last.Before(*started) {
			return errors.New("it does not poll the task queue")
		}
		return nil
	})
}

// LastPoll is when a worker last asked for workflow tasks; zero where none has in the last minutes.
func LastPoll(ctx context.Context, c client.Client) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	queue, err := c.DescribeTaskQueue(ctx, workflows.TaskQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		return time.Time{}, fmt.Errorf("ask the engine for its workers: %w", err)
	}
	var last time.Time
	for _, poller := range queue.GetPollers() {
		if at := poller.GetLastAccessTime().AsTime(); at.After(last) {
			last = at
		}
	}
	return last, nil
}

// await calls useful until it succeeds. A program that keeps dying is given up with the end of its log.
func (s *supervisor) await(ctx context.Context, p *program, useful func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, comeUp)
	defer cancel()
	for {
		err := useful(ctx)
		if err == nil {
			return nil
		}
		if errors.Is(err, engine.ErrOtherKeys) { // which no waiting mends
			return err
		}
		if p.deaths.Load() >= tooManyDeaths {
			return fmt.Errorf("the %s does not stay up%s", p.name, lastLines(LogPath(s.state, p.name), 2<<10))
		}
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return fmt.Errorf("stopped before the %s was up", p.name)
			}
			return fmt.Errorf("the %s is not up after %s: %w%s", p.name, comeUp, err, lastLines(LogPath(s.state, p.name), 2<<10))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// dial asks once, and briefly: the callers ask again.
func dial(ctx context.Context, state string) (client.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return engine.Dial(ctx, engine.Settings{State: state, Embedded: true})
}
