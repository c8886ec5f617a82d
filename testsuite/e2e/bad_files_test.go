//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
)

// nowhere is a host that must not be asked.
var nowhere = app.Host{Name: "web-1", Address: "127.0.0.1:1"}

// What is wrong with the files or the checkout ends a deploy before anything is asked of an engine or a host.
func TestBadFiles(t *testing.T) {
	w := harness.New(t)
	s := &scene{World: w}
	for name, test := range map[string]struct {
		file     string
		from, to string
		says     []string
	}{
		"a key that compose does not know": {"compose.yaml", "    stop_grace_period:", "    stop_grace_perod:",
			[]string{"compose.yaml:6:5:", "services.web.stop_grace_perod", `did you mean "stop_grace_period"`}},
		"a key that Longshore does not know": {"compose.yaml", "      health:", "      healh:",
			[]string{"compose.yaml:9:7:", "services.web.x-longshore.healh", `did you mean "health"`}},
		"a key of longshore.yml": {"longshore.yml", "project:", "projct:",
			[]string{"longshore.yml:1:1:", `did you mean "project"`}},
		"a number that is none": {"compose.yaml", "replicas: 2", "replicas: many",
			[]string{"compose.yaml:5:15:", "services.web.deploy.replicas"}},
		"a list that is none": {"compose.yaml", "hosts: [shop.example]", "hosts: { name: shop.example }",
			[]string{"compose.yaml:8:16:", "services.web.x-longshore.route.hosts"}},
		"a time that is none": {"compose.yaml", "drain: 2s", "drain: soon",
			[]string{"compose.yaml:10:", "services.web.x-longshore.drain", "soon"}},
		"neither image nor build": {"compose.yaml", "    build: .\n", "",
			[]string{"services.web", "image", "build"}},
		"a folder to build that is not there": {"compose.yaml", "build: .", "build: ./missing",
			[]string{"compose.yaml:3:", "services.web.build", "missing"}},
		"two routes alike": {"compose.yaml", "    build: .\n", "    build: .\n  twin:\n    build: .\n    x-longshore: { route: { host: shop.example, port: 1 } }\n  web-2:\n    build: .\n",
			[]string{"shop.example", "twin"}},
		"a key that cannot be honoured": {"compose.yaml", "    build: .\n", "    build: .\n    container_name: web\n",
			[]string{"compose.yaml:4:", "services.web.container_name"}},
		"a variable that is not set": {"compose.yaml", "drain: 2s", "drain: ${NOT_SET}",
			[]string{"compose.yaml:10:", "NOT_SET"}},
		"a host that is not defined": {"longshore.yml", "hosts: [web-1]", "hosts: [web-11]",
			[]string{"longshore.yml:", `did you mean "web-1"`}},
		"no YAML": {"compose.yaml", "services:", "services: [",
			[]string{"compose.yaml:"}},
	} {
		t.Run(name, func(t *testing.T) {
			x := s.newSite("shop", nowhere)
			content, err := os.ReadFile(filepath.Join(x.Dir, test.file))
			if err != nil || !strings.Contains(string(content), test.from) {
				t.Fatalf("%q is not in %s, %v", test.from, content, err)
			}
			x.Write(test.file, strings.Replace(string(content), test.from, test.to, 1))
			x.Commit("a mistake")
			refused(t, x, 2, test.says...)
		})
	}
	t.Run("changes that are not committed", func(t *testing.T) {
		x := s.newSite("shop", nowhere)
		x.Write("version", "changed\n")
		refused(t, x, 2, "version", "--dirty", "commit")
	})
	t.Run("no engine", func(t *testing.T) {
		refused(t, s.newSite("shop", nowhere), 1, "engine", "longshore up")
	})
}

// refused checks that a deploy does not begin, and says why.
func refused(t *testing.T, x *site, code int, says ...string) {
	t.Helper()
	out := x.longshore(t, "deploy", "-o", "plain")
	if out.Code != code || out.Stdout != "" {
		t.Errorf("want code %d and nothing but an error: %s", code, out)
	}
	for _, want := range says {
		if !strings.Contains(out.Stderr, want) {
			t.Errorf("%q is not in what is said: %s", want, out.Stderr)
		}
	}
}
