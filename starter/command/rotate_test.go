package command

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/store"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
	"github.com/longshore-dev/longshore/workflows"
)

// fakeEngine is the part of an engine that a rotation is asked of.
type fakeEngine struct {
	client.Client
	running   bool
	state     *workflows.RotationState // nil for a run without a worker
	cancelled string
}

func (f *fakeEngine) ExecuteWorkflow(context.Context, client.StartWorkflowOptions, any, ...any) (client.WorkflowRun, error) {
	return nil, serviceerror.NewWorkflowExecutionAlreadyStarted("it runs", "", "1")
}

func (f *fakeEngine) DescribeWorkflowExecution(context.Context, string, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if !f.running {
		return nil, serviceerror.NewNotFound("no such run")
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflowpb.WorkflowExecutionInfo{
		Status: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, Execution: &commonpb.WorkflowExecution{RunId: "run-1"},
	}}, nil
}

func (f *fakeEngine) CancelWorkflow(_ context.Context, id, runID string) error {
	f.cancelled = id + " " + runID
	return nil
}

func (f *fakeEngine) QueryWorkflow(context.Context, string, string, string, ...any) (converter.EncodedValue, error) {
	if f.state == nil {
		return nil, serviceerror.NewUnavailable("no worker")
	}
	payload, err := converter.GetDefaultDataConverter().ToPayloads(f.state)
	return client.NewValue(payload), err
}

func fakeRotation(f *fakeEngine) (rotation, *bytes.Buffer) {
	out := &bytes.Buffer{}
	scope := app.SecretScope{Kind: app.ScopeSite, Of: "default/shop/staging", Folder: "/shop/secrets/sites/staging"}
	return rotation{
		cli: &cli{Streams: Streams{Out: out, Err: out}, format: display.Plain}, session: &session{Client: f},
		line: app.SecretLine{Name: "TOKEN", Scope: scope},
	}, out
}

func TestASecondRotationIsRefused(t *testing.T) {
	r, out := fakeRotation(&fakeEngine{running: true})
	if _, err := r.start(t.Context(), workflows.RotateSecretInput{}); err != errRotates {
		t.Errorf("got %v, want errRotates", err)
	}
	if code := exit.Of(r.refused()); code != exit.Refused || !strings.Contains(out.String(), "longshore secret watch TOKEN --site staging") {
		t.Errorf("got %d, %s", code, out)
	}
}

func TestCancelOfARotation(t *testing.T) {
	for name, test := range map[string]struct {
		engine fakeEngine
		says   string
		fails  string
	}{
		"none under way":     {fakeEngine{}, "", "no rotation of default/shop/staging TOKEN is under way"},
		"one that goes back": {fakeEngine{running: true, state: &workflows.RotationState{Phase: app.PhaseSoak}}, "to stop and go back", ""},
		"one that does not":  {fakeEngine{running: true, state: &workflows.RotationState{Forward: true}}, "is revoked already", ""},
		"one without worker": {fakeEngine{running: true}, "to stop and go back", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, out := fakeRotation(&test.engine)
			err := r.cancel(t.Context())
			if test.fails != "" {
				if err == nil || err.Error() != test.fails || test.engine.cancelled != "" {
					t.Errorf("got %v and cancelled %q", err, test.engine.cancelled)
				}
				return
			}
			if err != nil || !strings.Contains(out.String(), test.says) || test.engine.cancelled != "rotate-secret/default/shop/staging/TOKEN run-1" {
				t.Errorf("got %v, %s and cancelled %q", err, out, test.engine.cancelled)
			}
		})
	}
}

func TestStatusOfARotation(t *testing.T) {
	r, out := fakeRotation(&fakeEngine{})
	if err := r.status(t.Context()); err != nil || !strings.HasPrefix(out.String(), "no rotation of default/shop/staging TOKEN is under way") {
		t.Errorf("got %v, %s", err, out)
	}
	r, out = fakeRotation(&fakeEngine{running: true, state: &workflows.RotationState{Phase: app.PhaseRoll, Old: "1", New: "2"}})
	want := "default/shop/staging TOKEN: roll it out\n  version 2 comes in the place of 1\nwatch it with   longshore secret watch TOKEN --site staging\n" +
		"cancel it with  longshore secret cancel TOKEN --site staging\n"
	if err := r.status(t.Context()); err != nil || out.String() != want {
		t.Errorf("got %v, %s", err, cmp.Diff(want, out.String()))
	}
	r, _ = fakeRotation(&fakeEngine{running: true})
	if err := r.status(t.Context()); err == nil || !strings.Contains(err.Error(), "no worker answers") {
		t.Errorf("got %v, want what is missing", err)
	}
}

func TestRotationSettings(t *testing.T) {
	s := newShop(t)
	s.must("", "key show") // for the settings' environment
	for name, test := range map[string]struct {
		secret string
		flags  rotateFlags
		want   app.Rotation
		fails  string
	}{
		"nothing said":        {secret: "A", want: app.Rotation{With: app.WithValue, Soak: app.DefaultSoak}},
		"as the file says":    {secret: "PIN", want: app.Rotation{With: app.WithValue, Soak: time.Hour, Policy: app.SecretPolicy{Length: 8, Alphabet: "digits"}}},
		"no soak":             {secret: "A", flags: rotateFlags{soakGiven: true}, want: app.Rotation{With: app.WithValue}},
		"given":               {secret: "A", flags: rotateFlags{given: true}, want: app.Rotation{With: app.WithGiven, Soak: app.DefaultSoak}},
		"given to a database": {secret: "DATABASE_URL", flags: rotateFlags{given: true}, fails: "leave out --given"},
	} {
		t.Run(name, func(t *testing.T) {
			test.flags.options.Dir = s.dir
			v, err := test.flags.open()
			if err != nil {
				t.Fatal(err)
			}
			got, err := test.flags.settings(v, test.secret)
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) || exit.Of(err) != exit.Usage {
					t.Errorf("got %v, want %q", err, test.fails)
				}
				return
			}
			if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
				t.Errorf("%v, %s", err, diff)
			}
		})
	}
}

func TestTheSitesOfARotationAreThoseBelowTheScope(t *testing.T) {
	s := newShop(t)
	s.must("one", "secret set A")
	s.must("two", "secret set B --site staging")
	for name, want := range map[string][]string{"A": {"default/shop/production", "default/shop/staging"}, "B": {"default/shop/staging"}} {
		f := secretFlags{}
		f.options.Dir = s.dir
		c := &cli{}
		v, r, err := c.openRotation(&f, name)
		if err != nil {
			t.Fatal(err)
		}
		sites, err := f.sites(r.line.Scope)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, site := range sites {
			got = append(got, site.Site.String())
			if len(site.Hosts) != 1 || len(site.Scopes) != 3 {
				t.Errorf("%s of %s lacks hosts or scopes: %+v", site.Site, name, site)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if name == "B" && v.settings.Site.Name != "staging" {
			t.Errorf("the settings are those of %q: a site's own may differ", v.settings.Site.Name)
		}
	}
}

// A random value is no key: to take one would lock the worker out of the host.
func TestTheKeyOfAHostIsNotMadeUp(t *testing.T) {
	line := app.SecretLine{Name: "DEPLOY_KEY", Scope: app.SecretScope{Kind: app.ScopeProject, Of: "acme/shop"}}
	other := app.SecretScope{Kind: app.ScopeSite, Of: "acme/shop/staging"}
	for name, test := range map[string]struct {
		key     app.SecretLine
		with    string
		refused bool
	}{
		"its key":               {line, app.WithValue, true},
		"by a database":         {line, app.WithPostgres, true},
		"given":                 {line, app.WithGiven, false},
		"by steps":              {line, app.WithCommand, false},
		"another secret":        {app.SecretLine{Name: "OTHER", Scope: line.Scope}, app.WithValue, false},
		"that of another scope": {app.SecretLine{Name: line.Name, Scope: other}, app.WithValue, false},
		"a host without":        {app.SecretLine{}, app.WithValue, false},
	} {
		t.Run(name, func(t *testing.T) {
			sites := []activities.RotationSite{{Hosts: []app.Host{{Name: "web-1"}, {Name: "web-2", IdentitySecret: test.key}}}}
			err := checkHostKey(sites, line, app.Rotation{With: test.with})
			if (err != nil) != test.refused || test.refused && (exit.Of(err) != exit.Usage || !strings.Contains(err.Error(), "logs in to web-2")) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAGivenValueIsPendingUntilItIsRotated(t *testing.T) {
	s := newShop(t)
	s.must("one", "secret set A")
	c := &cli{Streams: Streams{In: strings.NewReader("two\n"), Out: &s.out, Err: &s.out}}
	f := rotateFlags{}
	f.options.Dir = s.dir
	v, r, err := c.openRotation(&f.secretFlags, "A")
	if err != nil {
		t.Fatal(err)
	}
	number, err := c.takeGiven(t.Context(), &f, v, r.line)
	if err != nil || number != 2 {
		t.Fatalf("got version %d, %v", number, err)
	}
	record, err := v.folder(r.line.Scope).Read("A")
	if err != nil {
		t.Fatal(err)
	}
	states := []app.VersionState{record.Versions[0].State, record.Versions[1].State}
	if diff := cmp.Diff([]app.VersionState{app.VersionCurrent, app.VersionPending}, states); diff != "" {
		t.Error(diff)
	}
	if out := s.must("", "secret show A --version 2"); out != "two" {
		t.Errorf("it is %q", out)
	}
	if _, err := (store.Folder{Scope: r.line.Scope, Keys: v.keys}).Settle("A", store.Settlement{Current: 2}); err != nil {
		t.Errorf("it cannot become current: %v", err)
	}
}
