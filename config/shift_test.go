package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
)

// updating is a compose file whose web is routed and updated so.
func updating(config, more string) map[string]string {
	return map[string]string{"compose.yaml": "services:\n  web:\n    image: web\n    deploy: {update_config: {" + config + "}}\n" +
		"    x-longshore: {route: {hosts: ['*'], port: 80}}\n" + more}
}

func TestWatch(t *testing.T) {
	const canary = "x-longshore: {canary: {weights: [5], each: 1m}}\n"
	for _, c := range []struct {
		config, more string
		want         app.Watch
	}{
		{"", "", app.Watch{}},
		{"failure_action: rollback, max_failure_ratio: 0", "", app.Watch{}},
		{"monitor: 5m", "", app.Watch{For: 5 * time.Minute, MaxFailureRatio: app.DefaultMaxFailureRatio}},
		{"monitor: 0s", "", app.Watch{}},
		{"monitor: 5m, max_failure_ratio: 0", "", app.Watch{For: 5 * time.Minute}},
		{"monitor: 5m, max_failure_ratio: \"${RATIO}\"", "", app.Watch{For: 5 * time.Minute, MaxFailureRatio: 0.3}},
		{"monitor: 5m, failure_action: pause", "", app.Watch{For: 5 * time.Minute, MaxFailureRatio: 0.05, Action: app.WatchPause}},
		{"", canary, app.Watch{MaxFailureRatio: app.DefaultMaxFailureRatio}},
		{"failure_action: continue, max_failure_ratio: 0.1", canary, app.Watch{MaxFailureRatio: 0.1, Action: app.WatchContinue}},
	} {
		t.Run(c.config+c.more, func(t *testing.T) {
			p := load(t, write(t, updating(c.config, c.more)), Options{Host: "local", Environ: environ(t, "RATIO=0.3")})
			if got := p.Spec.Service("web").Watch; got != c.want {
				t.Errorf("%+v, not %+v", got, c.want)
			}
		})
	}
}

// A ratio of 0 is known from one that was not written, wherever it was written.
func TestRatioOfABase(t *testing.T) {
	files := updating("monitor: 1m", "  other:\n    extends: base\n  base:\n    image: a\n"+
		"    deploy: {update_config: {monitor: 1m, max_failure_ratio: 0}}\n")
	p := load(t, write(t, files), Options{Host: "local"})
	if got := p.Spec.Service("web").Watch.MaxFailureRatio; got != app.DefaultMaxFailureRatio {
		t.Errorf("web: %v", got)
	}
	if s := p.Spec.Service("other"); s.Watch.For == 0 || s.Watch.MaxFailureRatio != 0 {
		t.Errorf("other: %+v", s.Watch)
	}
}

func TestWatchProblems(t *testing.T) {
	for config, want := range map[string]string{
		"failure_action: pause":                "update_config.failure_action: nothing is watched; add update_config.monitor",
		"max_failure_ratio: 0.5":               "update_config.max_failure_ratio: nothing is watched",
		"monitor: 1m, max_failure_ratio: 1.5":  "update_config.max_failure_ratio: must be from 0 to 1",
		"monitor: 1m, max_failure_ratio: -0.5": "update_config.max_failure_ratio: must be from 0 to 1",
		"monitor: -1m":                         "update_config.monitor: must not be negative",
		"monitor: 1m, delay: 5s":               "update_config.delay: cannot be honoured",
	} {
		_, err := tryLoad(t, write(t, updating(config, "")), Options{Host: "local"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", config, err)
		}
	}
	_, err := tryLoad(t, write(t, updating("", "  job:\n    image: job\n    deploy: {update_config: {monitor: 1m}}\n"+
		"  after:\n    image: a\n    depends_on: {job: {condition: service_completed_successfully}}\n")), Options{Host: "local"})
	if err == nil || !strings.Contains(err.Error(), "services.job.deploy.update_config.monitor: another service waits for this one to end") {
		t.Error(err)
	}
}

func TestCanary(t *testing.T) {
	want := &app.Canary{Weights: []int{5, 25, 100}, Each: 2 * time.Minute}
	for name, files := range map[string]map[string]string{
		"at the top":     updating("", "x-longshore: {canary: {weights: [5, 25, 100], each: 2m}}\n"),
		"without a 100":  updating("", "x-longshore: {canary: {weights: [5, 25], each: 2m}}\n"),
		"in the service": {"compose.yaml": "services:\n  web:\n    image: a\n    x-longshore: {route: {host: a, port: 1}, canary: {weights: [5, 25], each: 2m}}\n"},
		"in a file over another": {
			"compose.yaml":          updating("", "x-longshore: {irreversible: false}\n")["compose.yaml"],
			"compose.override.yaml": "x-longshore: {canary: {weights: [5, 25], each: 2m}}\n",
		},
	} {
		p := load(t, write(t, files), Options{Host: "local"})
		if diff := cmp.Diff(want, p.Spec.Canary); diff != "" || p.Spec.Irreversible {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestCanaryProblems(t *testing.T) {
	const canary = "canary: {weights: [5], each: 1m}"
	top := func(text string) map[string]string { return updating("", "x-longshore: {"+text+"}\n") }
	for _, c := range []struct {
		files map[string]string
		want  string
	}{
		{top("canary: {weights: [25, 5], each: 1m}"), "x-longshore.canary.weights: must rise: 5 comes after 25"},
		{top("canary: {weights: [25, 25], each: 1m}"), "x-longshore.canary.weights: must rise"},
		{top("canary: {weights: [0], each: 1m}"), "x-longshore.canary.weights[0]: must be from 1 to 100, not 0"},
		{top("canary: {weights: [101], each: 1m}"), "x-longshore.canary.weights[0]: must be from 1 to 100, not 101"},
		{top("canary: {weights: [half], each: 1m}"), "x-longshore.canary.weights[0]: must be a whole number"},
		{top("canary: {weights: 5, each: 1m}"), "x-longshore.canary.weights: must be a list of whole numbers"},
		{top("canary: {each: 1m}"), "x-longshore.canary: the canary has no weights"},
		{top("canary: {weights: [5]}"), "x-longshore.canary: the canary does not say how long a step takes"},
		{top("canary: {weights: [5], each: 0}"), "x-longshore.canary.each: must be more than 0"},
		{top("canary: {weights: [5], each: 1m, step: 1}"), "x-longshore.canary.step: unknown key"},
		{top("drain: 5s"), "x-longshore.drain: belongs to a service; move it below services.<service>.x-longshore"},
		{top("canari: 1"), `x-longshore.canari: unknown key; did you mean "canary"?`},
		{map[string]string{"compose.yaml": oneService + "x-longshore: {" + canary + "}\n"}, "x-longshore.canary: no service has a route"},
		{map[string]string{"compose.yaml": "services:\n  a: {image: a, x-longshore: {" + canary + "}}\n"}, "services.a.x-longshore.canary: the service has no route"},
		{map[string]string{"compose.yaml": "services:\n  a: {image: a, x-longshore: {route: {host: a, port: 1}, " + canary + "}}\n" +
			"  b: {image: b, x-longshore: {route: {host: b, port: 1}}}\n"}, "services.a.x-longshore.canary: the requests to all routed services are shared out together"},
		{map[string]string{"compose.yaml": "services:\n  a: {image: a, x-longshore: {route: {host: a, port: 1}, " + canary + "}}\nx-longshore: {" + canary + "}\n"},
			"services.a.x-longshore.canary: the site has a canary already"},
	} {
		_, err := tryLoad(t, write(t, c.files), Options{Host: "local"})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s:\n%v", c.want, err)
		}
	}
}

func TestIrreversible(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"at the top":     updating("", "x-longshore: {irreversible: true}\n"),
		"in the service": {"compose.yaml": "services:\n  job:\n    image: a\n    x-longshore: {irreversible: true}\n"},
	} {
		if p := load(t, write(t, files), Options{Host: "local"}); !p.Spec.Irreversible {
			t.Errorf("%s: it says nothing", name)
		}
	}
}

func TestApprove(t *testing.T) {
	const hosts = "hosts: {a: {address: a}}\n"
	for _, c := range []struct {
		file   string
		want   *app.Approve
		origin string
	}{
		{hosts + "sites: {production: {hosts: [a]}}\n", nil, ""},
		{hosts + "sites: {production: {hosts: [a], approve: true}}\n", &app.Approve{Within: app.DefaultApproval}, "longshore.yml:2"},
		{hosts + "sites: {production: {hosts: [a], approve: {within: 4h}}}\n", &app.Approve{Within: 4 * time.Hour}, "longshore.yml:2"},
		{hosts + "approve: {within: 4h}\nsites: {production: {hosts: [a]}}\n", &app.Approve{Within: 4 * time.Hour}, "longshore.yml:2"},
		{hosts + "approve: true\nsites: {production: {hosts: [a], approve: {within: 4h}}}\n", &app.Approve{Within: 4 * time.Hour}, "longshore.yml:3"},
		{hosts + "approve: {within: 4h}\nsites: {production: {hosts: [a], approve: false}}\n", nil, "longshore.yml:3"},
	} {
		p := load(t, write(t, map[string]string{"compose.yaml": oneService, "longshore.yml": c.file}), Options{})
		if !reflect.DeepEqual(p.Spec.Approve, c.want) || !reflect.DeepEqual(p.Settings.Approve, c.want) {
			t.Errorf("%s: %+v", c.file, p.Spec.Approve)
		}
		origin := ""
		for _, o := range p.Origins {
			if o.Key == keyApprove {
				origin = o.Where
			}
		}
		if origin != c.origin {
			t.Errorf("%s: from %q", c.file, origin)
		}
	}
	for file, want := range map[string]string{
		"approve: later\n":                            "approve: must be true or false",
		"approve: {within: 0}\n":                      "approve.within: must be more than 0",
		"approve: {within: soon}\n":                   "approve.within: must be a duration",
		"sites: {production: {approve: {for: 1h}}}\n": "sites.production.approve.for: unknown key",
	} {
		_, err := tryLoad(t, write(t, map[string]string{"compose.yaml": oneService, "longshore.yml": file}), Options{Host: "local"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", file, err)
		}
	}
}
