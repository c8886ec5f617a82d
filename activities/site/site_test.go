package site

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/memory"
)

var shop = app.Site{Org: app.DefaultOrg, Project: "shop", Name: "production"}

func TestHostRemembersTheSite(t *testing.T) {
	m := memory.New("web-1")
	a := Activities{Hosts: memory.Opener(m)}
	web := app.Host{Name: "web-1"}
	remember := func() activities.Remembered {
		t.Helper()
		known, err := a.Remember(t.Context(), activities.RememberInput{Host: web, Site: shop})
		if err != nil {
			t.Fatal(err)
		}
		return known
	}
	if diff := cmp.Diff(activities.Remembered{}, remember()); diff != "" {
		t.Errorf("a host that never had the site: %s", diff)
	}
	if _, err := fence.Take(t.Context(), m.Host(), shop, "run", 7); err != nil {
		t.Fatal(err)
	}
	files := m.Host().Files()
	for path, content := range map[string]string{
		"/releases/3-abc.json": `{"id":"3-abc","number":3,"behind":["web-2"]}`, "/current": "3-abc\n",
	} {
		if err := files.Write(t.Context(), fence.SiteDir(shop)+path, []byte(content), 0); err != nil {
			t.Fatal(err)
		}
	}
	freeze := &app.Freeze{By: "tester", Why: "the fair", At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	for _, kept := range []*app.Freeze{freeze, nil} {
		if _, err := a.KeepFreeze(t.Context(), activities.KeepFreezeInput{Host: web, Site: shop, Freeze: kept}); err != nil {
			t.Fatal(err)
		}
		want := activities.Remembered{Current: "3-abc", Fence: 7, Behind: []string{"web-2"}, Freeze: kept}
		if diff := cmp.Diff(want, remember()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestHostThatIsDownIsClassed(t *testing.T) {
	m := memory.New("web-1")
	m.Before(func(context.Context, memory.Op) error { return host.ErrUnreachable })
	a := Activities{Hosts: memory.Opener(m)}
	_, remember := a.Remember(t.Context(), activities.RememberInput{Host: app.Host{Name: "web-1"}, Site: shop})
	_, keep := a.KeepFreeze(t.Context(), activities.KeepFreezeInput{Host: app.Host{Name: "web-1"}, Site: shop, Freeze: &app.Freeze{}})
	for _, err := range []error{remember, keep} {
		if f := activities.FailureOf(err); err == nil || f.Kind != app.KindUnreachable || f.Host != "web-1" {
			t.Errorf("%+v, %v", f, err)
		}
	}
}

func TestBrokenFreezeNamesItsFile(t *testing.T) {
	m := memory.New("web-1")
	if err := m.Host().Files().Write(t.Context(), freezePath(shop), []byte("no"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFreeze(t.Context(), m.Host(), shop); err == nil || !strings.Contains(err.Error(), freezePath(shop)) {
		t.Error(err)
	}
}

// Whatever a run ended with, a site can go on with it.
func TestEveryEndHasAResult(t *testing.T) {
	failed := app.Result{Outcome: app.FailedClean, Site: shop.String()}
	for name, test := range map[string]struct {
		answer app.Result
		err    error
		want   app.Outcome
	}{
		"an answer":             {app.Result{Outcome: app.Succeeded}, nil, app.Succeeded},
		"an empty answer":       {app.Result{}, nil, app.FailedDirty},
		"an unreadable answer":  {app.Result{}, errors.New("no key"), app.FailedDirty},
		"a failure":             {app.Result{}, temporal.NewNonRetryableApplicationError("failed", "failed-clean", nil, failed), app.FailedClean},
		"a failure of its own":  {app.Result{}, temporal.NewApplicationError("panic", "panic"), app.FailedDirty},
		"a cancel":              {app.Result{}, temporal.NewCanceledError(app.Result{Outcome: app.Cancelled}), app.Cancelled},
		"a cancel at its begin": {app.Result{}, temporal.NewCanceledError(), app.Cancelled},
		"a termination":         {app.Result{}, &temporal.TerminatedError{}, app.FailedDirty},
		"a timeout":             {app.Result{}, temporal.NewTimeoutError(1, nil), app.FailedDirty},
	} {
		got := resultOf(activities.RejoinInput{Site: shop}, test.answer, test.err)
		if got.Outcome != test.want || (test.want == app.FailedDirty && (got.Failure == nil || got.Failure.Advice == "" || got.Site != shop.String())) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
