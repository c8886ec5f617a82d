package run

import (
	"context"

	commonpb "go.temporal.io/api/common/v1"

	"github.com/longshore-dev/longshore/workflows"
)

// asking finds out what a run waits for a person to decide. A run that waits has a timer open, which its history shows
// for nothing; only then is the run itself asked, which takes a worker.
type asking struct {
	follower  Follower
	execution *commonpb.WorkflowExecution
	answers   chan answered
	timer     int64              // asked about last
	stop      context.CancelFunc // ends the asking about it
}

// answered is what a run said while a timer was the newest that is open.
type answered struct {
	timer    int64
	question workflows.Question
}

func (f Follower) asking(execution *commonpb.WorkflowExecution) *asking {
	return &asking{follower: f, execution: execution, answers: make(chan answered), stop: func() {}}
}

// about asks the run, until ctx ends, where its newest open timer is another than before; 0 is none.
func (a *asking) about(ctx context.Context, timer int64) {
	if timer == a.timer {
		return
	}
	a.stop()
	a.timer = timer
	if timer == 0 {
		return
	}
	ctx, a.stop = context.WithCancel(ctx)
	go a.ask(ctx, timer)
}

// ask asks until the run has answered. A run that knows no such question waits for nobody.
func (a *asking) ask(ctx context.Context, timer int64) {
	for {
		question, err := a.follower.Question(ctx, a.execution.GetWorkflowId(), a.execution.GetRunId())
		if err == nil {
			select {
			case a.answers <- answered{timer, question}:
			case <-ctx.Done():
			}
			return
		}
		if !Passing(err) || Pause(ctx, retryEvery) != nil {
			return
		}
	}
}

// Question asks a run what it waits for a person to decide.
func (f Follower) Question(ctx context.Context, id, runID string) (workflows.Question, error) {
	ctx, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	var question workflows.Question
	answer, err := f.Client.QueryWorkflow(ctx, id, runID, workflows.QueryQuestion)
	if err != nil {
		return question, err
	}
	return question, answer.Get(&question)
}
