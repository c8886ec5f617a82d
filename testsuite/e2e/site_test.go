//go:build e2e

package e2e

import (
	"cmp"
	"fmt"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
)

// site is a checkout of a project with one site, "production".
type site struct {
	*harness.App
	scene   *scene
	project string
	route   string
	on      []app.Host
}

// newSite makes a project on the scene's host, or on others. It answers to name.example.
func (s *scene) newSite(name string, on ...app.Host) *site {
	if len(on) == 0 {
		on = []app.Host{s.host.AppHost()}
	}
	x := &site{scene: s, project: s.Project(name), route: name + ".example", on: on}
	files := harness.Files(x.project, x.route, on)
	files["compose.yaml"] = x.compose(web{})
	x.App = s.NewApp(files)
	return x
}

// web is the routed service of a compose file, and what else is in the file. Its zero value is a service that works.
type web struct {
	build  string // ".", the test app, where it is empty
	env    []string
	update string // the settings of update_config, such as "monitor: 5s"
	keys   string // more keys of the service, in lines that begin with four spaces
	health string
	drain  string
	own    string // more keys of x-longshore, in lines that begin with six spaces
	rest   string // more services and the rest of the file
	top    string // more keys of the whole file
}

// compose is a compose file of the site.
func (x *site) compose(w web) string {
	env := " []"
	if len(w.env) > 0 {
		env = ""
	}
	for _, entry := range w.env {
		env += fmt.Sprintf("\n      - %q", entry)
	}
	return fmt.Sprintf(`%sservices:
  web:
    build: %s
    environment:%s
    deploy: { replicas: 2, update_config: { %s } }
    stop_grace_period: 5s
%s    x-longshore:
      route: { hosts: [%s], port: 3000 }
      health: { path: /up, interval: 50ms, %s }
      drain: %s
%s%s`, w.top, cmp.Or(w.build, "."), env, w.update, w.keys, x.route, cmp.Or(w.health, "within: 30s, stable_for: 200ms"), cmp.Or(w.drain, "2s"), w.own, w.rest)
}

// set writes and commits another compose file and another version of the app.
func (x *site) set(version string, w web) {
	x.Write("compose.yaml", x.compose(w))
	x.SetVersion(version)
}

// deploy deploys and waits for the end.
func (x *site) deploy(t *testing.T, args ...string) ended {
	t.Helper()
	return outcome(t, x.start(args...))
}

// start begins a deploy.
func (x *site) start(args ...string) *harness.Command {
	return x.scene.Start(x.Dir, append([]string{"deploy", "-o", "json"}, args...)...)
}

// outcome waits for a deploy's end and reads its result, where there is one.
func outcome(t *testing.T, c *harness.Command) ended {
	t.Helper()
	e := ended{Output: finish(t, c)}
	if e.Stdout != "" {
		if err := e.Output.Result(&e.Result); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

// longshore runs another command of the CLI in the checkout.
func (x *site) longshore(t *testing.T, args ...string) harness.Output {
	t.Helper()
	return x.scene.run(t, x.Dir, args...)
}

// name is what the site's things are named after on a host.
func (x *site) name() string { return x.project + "-production" }

// full is the site's name in labels and results.
func (x *site) full() string { return "default/" + x.project + "/production" }
