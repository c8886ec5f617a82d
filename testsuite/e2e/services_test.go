//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
)

// plainServices deploys a service with a volume beside web, in an image that does not change with the version.
func plainServices(t *testing.T, s *scene) {
	x := s.newSite("plain")
	const store = "  store:\n    build: { context: ., dockerfile: Store }\n    environment: [SIZE=%]\n    volumes: [data:/data]\nvolumes: { data: {} }\n"
	x.Write("Store", "FROM scratch\nCOPY testapp /\nCOPY Store /version\nENTRYPOINT [\"/testapp\"]\n")
	deploy := func(version, size string) string {
		t.Helper()
		x.set(version, web{rest: strings.Replace(store, "%", size, 1)})
		x.deploy(t).want(t, app.Succeeded, 0)
		found := x.inspect(t, s.host, "store", "{{.ID}} {{.State.Status}}")
		if len(found) != 1 || !strings.HasSuffix(found[0], " running") {
			t.Fatalf("the store: %q", found)
		}
		return found[0]
	}
	first := deploy("1", "small")
	file := on(t, s.host, "docker", "volume", "inspect", "--format", "{{.Mountpoint}}", x.name()+"-data") + "/kept"
	on(t, s.host, "touch", file)
	if again := deploy("2", "small"); again != first {
		t.Errorf("the store was replaced with another version of web: %s, before %s", again, first)
	}
	if changed := deploy("2", "large"); changed == first {
		t.Error("the store was not replaced when its environment changed")
	}
	on(t, s.host, "test", "-f", file)
	if mounted := x.inspect(t, s.host, "store", "{{range .Mounts}}{{.Name}}:{{.Destination}}{{end}}"); !slices.Equal(mounted, []string{x.name() + "-data:/data"}) {
		t.Errorf("mounted is %q", mounted)
	}
}

// configs mounts a file with a mode, and one with a content of its own.
func configs(t *testing.T, s *scene) {
	x := s.newSite("configs")
	x.Write("app.conf", "speed = fast\n")
	w := web{
		keys: "    configs:\n      - { source: file, target: /etc/app.conf, mode: 0440, uid: \"65\", gid: \"66\" }\n      - inline\n",
		rest: "configs:\n  file: { file: ./app.conf }\n  inline: { content: \"written here\" }\n",
	}
	x.set("1", w)
	x.deploy(t).want(t, app.Succeeded, 0)
	look := func() string {
		t.Helper()
		pid := x.inspect(t, s.host, "web", "{{.State.Pid}}")[0]
		return on(t, s.host, "sh", "-c", `cd /proc/$1/root && stat --format '%a %u %g' etc/app.conf inline && cat etc/app.conf inline`, "-", pid)
	}
	if got, want := look(), "440 65 66\n444 0 0\nspeed = fast\nwritten here"; got != want {
		t.Errorf("in the container is %q, not %q", got, want)
	}
	x.Write("app.conf", "speed = faster\n")
	x.Commit("only the config changes")
	x.deploy(t).want(t, app.Succeeded, 0)
	if got := look(); !strings.Contains(got, "speed = faster\n") {
		t.Errorf("in the container is %q", got)
	}
}

// profiles deploys a service of a profile, and takes it away again.
func profiles(t *testing.T, s *scene) {
	x := s.newSite("profiles")
	x.set("1", web{rest: "  debug:\n    build: .\n    profiles: [debug]\n"})
	for _, step := range []struct {
		flags []string
		want  string
	}{{nil, "web web"}, {[]string{"--profile", "debug"}, "debug web web"}, {nil, "web web"}} {
		x.deploy(t, step.flags...).want(t, app.Succeeded, 0)
		if got := strings.Join(x.services(t), " "); got != step.want {
			t.Errorf("with %q run %q, not %q", step.flags, got, step.want)
		}
	}
}

// services are the services of the site's containers on the scene's host, one for each container.
func (x *site) services(t *testing.T) []string {
	t.Helper()
	return sorted(on(t, x.scene.host, "docker", "ps", "--all", "--filter", "label="+app.LabelSite+"="+x.full(),
		"--format", `{{.Label "`+app.LabelService+`"}}`))
}

// sitesApart tries to reach one site's container from another's, and from its own.
func sitesApart(t *testing.T, s *scene) {
	one, other := s.newSite("one"), s.newSite("other")
	one.deploy(t).want(t, app.Succeeded, 0)
	other.deploy(t).want(t, app.Succeeded, 0)
	const template = "{{.State.Pid}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
	from, _, _ := strings.Cut(one.inspect(t, s.host, "web", template)[0], " ")
	reaches := func(x *site) bool {
		t.Helper()
		_, address, _ := strings.Cut(x.inspect(t, s.host, "web", template)[1], " ")
		out := on(t, s.host, "nsenter", "--net", "--target", from,
			"sh", "-c", "timeout 2 bash -c 'exec 3<>/dev/tcp/"+address+"/3000 && echo reached' || true")
		return out == "reached"
	}
	if !reaches(one) {
		t.Error("a container does not reach its own site's")
	}
	if reaches(other) {
		t.Error("a container reaches another site's")
	}
}
