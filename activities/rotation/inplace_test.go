package rotation_test

import (
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// A consumer says whether its apps read the secret again where they run.
func TestFindConsumersInPlace(t *testing.T) {
	file := app.ServiceSecret{Name: "PASSWORD", Version: "2", Target: "/run/secrets/PASSWORD"}
	for name, c := range map[string]struct {
		have     app.ServiceSecret
		onChange string
		want     bool
	}{
		"a file, and a signal":          {file, app.OnChangeSignal, true},
		"a file that is read again":     {file, app.OnChangeNone, true},
		"a file, and new containers":    {file, app.OnChangeRestart, false},
		"a variable":                    {app.ServiceSecret{Name: "PASSWORD", Version: "2", Env: "PASSWORD"}, app.OnChangeRestart, false},
		"a variable beside such a file": {app.ServiceSecret{Name: "PASSWORD", Version: "2", Env: "PASSWORD"}, app.OnChangeSignal, false},
	} {
		t.Run(name, func(t *testing.T) {
			m, site := newMachine("web-1"), inShop("production")
			s := spec(app.ScopeProject, "2")
			s.Services[0].OnChange.Action = app.OnChangeSignal // db, which does not have it
			s.Services[1].Container.Secrets = []app.ServiceSecret{{Name: "OTHER", Target: "/run/secrets/OTHER"}, c.have}
			s.Services[1].OnChange.Action = c.onChange
			m.records(t, site, 6, s)
			found := find(t, &engine{}, activities.FindConsumersInput{Secret: line, Sites: []activities.RotationSite{on(site, "web-1")}}, m)
			if len(found) != 1 || found[0].InPlace != c.want {
				t.Errorf("found %+v", found)
			}
		})
	}
}
