package workflows

import (
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
)

func TestWhatARequestIsToldOfAs(t *testing.T) {
	site := app.Site{Org: app.DefaultOrg, Project: "shop", Name: "production"}
	hosts := []app.Host{{Name: "web-1"}, {Name: "web-2"}}
	for _, c := range []struct {
		name             string
		request          Request
		summary, details string
	}{
		{
			"a rotation",
			Request{ID: "r", Kind: app.RunRotate, Recorded: &RecordedInput{
				Site: site, Hosts: hosts, Order: Order{By: "ann"},
				Secrets: []app.Secret{{Name: "API", Version: "2", Sealed: "sealed"}, {Name: "KEY", Version: "3", Sealed: "sealed"}},
			}},
			"rotate shop production",
			"**Site** default/shop/production on web-1, web-2\n\n**By** ann\n\n**Secrets** API 2, KEY 3",
		},
		{
			"a rollback",
			Request{ID: "r", Kind: app.RunRollback, Recorded: &RecordedInput{Site: site, Hosts: hosts[:1], To: "1-aaa", Order: Order{By: "ann", Why: "slow"}}},
			"rollback shop production 1-aaa",
			"**Site** default/shop/production on web-1\n\n**By** ann\n\n**Why** slow",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if f := c.request.problem(site); f != nil {
				t.Fatalf("%+v", f)
			}
			if got := c.request.summary(); got != c.summary {
				t.Errorf("%q", got)
			}
			if got := c.request.details(); got != c.details {
				t.Errorf("%q", got)
			}
		})
	}
}
