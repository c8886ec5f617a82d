package command

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
)

func TestBootstrapCodes(t *testing.T) {
	well := app.BootstrapReport{Items: []app.Item{{Changed: true}}}
	same := app.BootstrapReport{Check: true, Items: []app.Item{{}}}
	differs := app.BootstrapReport{Check: true, Items: []app.Item{{Differs: true}}}
	failed := app.BootstrapReport{Check: true, Failure: &app.Failure{}}
	for name, test := range map[string]struct {
		reports []app.BootstrapReport
		want    exit.Code
	}{
		"changed":                      {[]app.BootstrapReport{well, well}, exit.OK},
		"a check without a difference": {[]app.BootstrapReport{same}, exit.OK},
		"a check with one":             {[]app.BootstrapReport{same, differs, same}, exit.Failure},
		"a failure":                    {[]app.BootstrapReport{well, failed}, exit.Clean},
		"a failure beside differences": {[]app.BootstrapReport{differs, failed, differs}, exit.Clean},
	} {
		if got := codeOf(test.reports); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

func TestLoginNote(t *testing.T) {
	for _, test := range []struct {
		host config.FleetHost
		want string
	}{
		{
			config.FleetHost{Host: app.Host{Name: "web-1", Address: "root@203.0.113.7:2222"}, Bootstrap: app.Bootstrap{User: "deploy"}, Defined: true},
			"set hosts.web-1.address to deploy@203.0.113.7:2222 in longshore.yml",
		},
		{
			config.FleetHost{Host: app.Host{Name: "web-1", Address: "web-1"}, Bootstrap: app.Bootstrap{User: "deploy"}},
			"longshore deploy --host deploy@web-1",
		},
	} {
		if got := loginNote(test.host); !strings.HasSuffix(got, test.want) {
			t.Errorf("got  %s\nwant … %s", got, test.want)
		}
	}
}

func TestBootstrapOfAnItemThatCannotBeReverted(t *testing.T) {
	var out, errs bytes.Buffer
	code := Main(context.Background(), []string{"bootstrap", "root@203.0.113.7", "--revert", "docker"}, Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	if code != exit.Usage || !strings.Contains(errs.String(), "firewall and ssh") {
		t.Errorf("code %d: %s%s", code, &out, &errs)
	}
}

func TestLastBootstrapForAPerson(t *testing.T) {
	now := time.Date(2025, 3, 4, 12, 0, 0, 0, time.UTC)
	at := now.Add(-3 * time.Minute)
	items := []app.Item{{Name: "docker"}, {Name: "firewall", Differs: true}, {Name: "ssh", Differs: true}}
	for want, report := range map[string]app.BootstrapReport{
		"checked 3m ago, differs: firewall, ssh": {At: at, Check: true, Items: items},
		"bootstrapped 3m ago, changed: docker":   {At: at, Items: []app.Item{{Name: "docker", Changed: true}}},
		"bootstrapped 3m ago, no changes":        {At: at, Items: []app.Item{{Name: "docker"}}},
		"checked 3m ago, failed: no way in…":     {At: at, Check: true, Items: items, Failure: &app.Failure{Message: "no way in\nat all"}},
	} {
		if got := bootstrapText(report, now); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// A deploy that found no Docker asks nobody where nobody is at a terminal.
func TestBootstrapIsOfferedToPeopleOnly(t *testing.T) {
	c := &cli{Streams: Streams{In: strings.NewReader("y\n")}, format: display.Plain}
	noDocker := app.Result{Failure: &app.Failure{Kind: app.KindNoDocker}}
	if c.wantsBootstrap(t.Context(), &deployFlags{}, &config.Project{}, noDocker) {
		t.Error("it asks a pipe")
	}
}
