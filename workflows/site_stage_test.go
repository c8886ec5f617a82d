package workflows_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/converter"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/workflows"
)

var siteOfTests = app.Site{Org: app.DefaultOrg, Project: "shop", Name: "production"}

// siteStage is one run of a site's workflow in Temporal's test environment: what the hosts know, what the engine has of
// runs, and what came of it. Stand-ins for runs take the fence that they are told to and succeed, unless said otherwise.
type siteStage struct {
	t   *testing.T
	env *testsuite.TestWorkflowEnvironment

	hosts    map[string]activities.Remembered // by name; one that is missing does not answer
	open     []string                         // workflow ids of runs that go on without the site
	doubtful []string                         // workflow ids that were asked for, because they should not have begun
	rejoined map[string]app.Result            // by workflow id
	results  map[string]app.Result            // what runs answer, by the source of a deploy or the kind of another
	errs     map[string]error                 // the same for runs that fail

	begun  []string // the runs, by workflow id, in their order
	orders map[string]workflows.Order

	mu   sync.Mutex // activities run at once
	kept []string   // what hosts were told of freezes
}

func newSiteStage(t *testing.T) *siteStage {
	return &siteStage{
		t: t, hosts: map[string]activities.Remembered{"web-1": {}, "web-2": {}}, rejoined: map[string]app.Result{},
		results: map[string]app.Result{}, errs: map[string]error{}, orders: map[string]workflows.Order{},
	}
}

// at has something happen so long after the workflow's begin.
type at struct {
	after time.Duration
	do    func()
}

// play runs the site with a script, asks it to end after an hour, and answers its state then.
func (s *siteStage) play(in workflows.SiteInput, script ...at) (state workflows.SiteState, err error) {
	s.t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	s.env = suite.NewTestWorkflowEnvironment()
	s.env.RegisterWorkflowWithOptions(workflows.Site, workflow.RegisterOptions{Name: workflows.SiteName})
	s.env.RegisterWorkflowWithOptions(s.deploy, workflow.RegisterOptions{Name: workflows.DeployName})
	for _, kind := range app.RunKinds()[1:] {
		s.env.RegisterWorkflowWithOptions(s.recorded, workflow.RegisterOptions{Name: string(kind)})
	}
	activities.Remember.Register(s.env, s.remember)
	activities.KeepFreeze.Register(s.env, s.keepFreeze)
	activities.OpenRuns.Register(s.env, func(_ context.Context, in activities.OpenRunsInput) ([]string, error) {
		s.doubtful = append(s.doubtful, in.Doubtful...)
		open := s.open
		s.open = nil
		return open, nil
	})
	activities.Rejoin.Register(s.env, func(_ context.Context, in activities.RejoinInput) (app.Result, error) {
		return s.rejoined[in.WorkflowID], nil
	})
	for _, a := range script {
		s.env.RegisterDelayedCallback(a.do, a.after)
	}
	s.env.RegisterDelayedCallback(func() {
		state = s.state()
		s.env.CancelWorkflow()
	}, time.Hour)
	s.env.ExecuteWorkflow(workflows.SiteName, in)
	return state, s.env.GetWorkflowError()
}

func (s *siteStage) remember(_ context.Context, in activities.RememberInput) (activities.Remembered, error) {
	known, up := s.hosts[in.Host.Name]
	if !up {
		return known, activities.Fail(app.Failure{Kind: app.KindUnreachable, Message: in.Host.Name + " is down"}, nil)
	}
	return known, nil
}

func (s *siteStage) keepFreeze(_ context.Context, in activities.KeepFreezeInput) (activities.Nothing, error) {
	if _, up := s.hosts[in.Host.Name]; !up {
		return activities.Nothing{}, activities.Fail(app.Failure{Kind: app.KindUnreachable, Message: in.Host.Name + " is down"}, nil)
	}
	text := in.Host.Name + " thawed"
	if in.Freeze != nil {
		text = in.Host.Name + " frozen by " + in.Freeze.By
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, text)
	return activities.Nothing{}, nil
}

func (s *siteStage) deploy(ctx workflow.Context, in workflows.DeployInput) (app.Result, error) {
	return s.run(ctx, in.Spec.Source.ID, in.Order)
}

// recorded stands in for every other kind: their inputs have the same order in them.
func (s *siteStage) recorded(ctx workflow.Context, in workflows.RecordedInput) (app.Result, error) {
	return s.run(ctx, workflow.GetInfo(ctx).WorkflowType.Name, in.Order)
}

func (s *siteStage) run(ctx workflow.Context, what string, order workflows.Order) (app.Result, error) {
	id := workflow.GetInfo(ctx).WorkflowExecution.ID
	s.begun = append(s.begun, id)
	s.orders[id] = order
	if err := workflow.Sleep(ctx, time.Second); err != nil {
		result := app.Result{Outcome: app.Cancelled}
		return result, temporal.NewCanceledError(result)
	}
	if err := s.errs[what]; err != nil {
		return app.Result{}, err
	}
	if result, ok := s.results[what]; ok {
		return result, nil
	}
	return app.Result{Outcome: app.Succeeded, Fence: order.Fence, Release: app.ReleaseID(int(order.Fence), what)}, nil
}

func (s *siteStage) state() workflows.SiteState {
	s.t.Helper()
	var state workflows.SiteState
	answer, err := s.env.QueryWorkflow(workflows.QueryState)
	if err == nil {
		err = answer.Get(&state)
	}
	if err != nil {
		s.t.Error(err)
	}
	return state
}

// answer is what became of an update.
type answer struct {
	value any
	err   error
}

// ask sends an update; what it comes to is known later.
func (s *siteStage) ask(name, id string, in any) *answer {
	a := &answer{err: errors.New("no answer")}
	s.env.UpdateWorkflow(name, id, &testsuite.TestUpdateCallback{
		OnReject:   func(err error) { a.err = err },
		OnComplete: func(value any, err error) { a.value, a.err = value, err },
	}, in)
	return a
}

// request asks for a deploy of the source that is named as the request.
func (s *siteStage) request(id string, change ...func(*workflows.Request)) *answer {
	r := workflows.Request{ID: id, Kind: app.RunDeploy, Deploy: &workflows.DeployInput{
		Spec: app.Spec{Site: siteOfTests, Source: app.Source{ID: id}, Hosts: []app.Host{{Name: "web-1"}, {Name: "web-2"}}}, Order: workflows.Order{By: "tester"},
	}}
	for _, c := range change {
		c(&r)
	}
	return s.ask(workflows.UpdateRequest, id, r)
}

// kind is the failure's kind that an update was refused with.
func (a *answer) kind() string {
	if a.err == nil {
		return ""
	}
	return activities.FailureOf(a.err).Kind
}

// carried is what a site's workflow has continued as new with.
func carried(t *testing.T, err error) workflows.SiteInput {
	t.Helper()
	var again *workflow.ContinueAsNewError
	var in workflows.SiteInput
	if !errors.As(err, &again) {
		t.Fatalf("it did not continue as new: %v", err)
	}
	if err := converter.GetDefaultDataConverter().FromPayloads(again.Input, &in); err != nil {
		t.Fatal(err)
	}
	return in
}
