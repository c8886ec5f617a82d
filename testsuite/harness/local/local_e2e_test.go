//go:build e2e

package local

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
)

func TestRemoveTakesOnlyTheProjectsOwn(t *testing.T) {
	ctx := t.Context()
	run := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(ctx, "docker", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("docker %s: %v: %s", args[0], err, out)
		}
		return strings.TrimSpace(string(out))
	}
	create := func(project string) {
		t.Helper()
		label := app.LabelSite + "=default/" + project + "/production"
		build := exec.CommandContext(ctx, "docker", "build", "--quiet", "--label", label, "--tag", project+":1", "-")
		build.Stdin = strings.NewReader("FROM scratch\nLABEL of=" + project + "\nCMD [\"/nothing\"]\n")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		run("network", "create", "--label", label, project)
		run("volume", "create", "--label", label, project)
		run("create", "--label", label, "--name", project, "--network", project, "--volume", project+":/data", project+":1")
	}
	left := func(project string) (n int) {
		t.Helper()
		only := "label=" + app.LabelSite + "=default/" + project + "/production"
		for _, list := range [][]string{{"ps", "--all"}, {"network", "ls"}, {"volume", "ls"}, {"image", "ls", "--all"}} {
			n += len(strings.Fields(run(append(list, "--quiet", "--filter", only)...)))
		}
		return n
	}
	const mine, theirs = "longshore-test-mine", "longshore-test-mine-2"
	for _, project := range []string{mine, theirs} {
		if err := Remove(ctx, project, t.TempDir()); err != nil {
			t.Fatal(err)
		}
		create(project)
	}
	before := left(theirs)
	if err := Remove(ctx, mine, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if n := left(mine); n != 0 {
		t.Errorf("%d things of the project are left", n)
	}
	if n := left(theirs); n != before || n < 4 {
		t.Errorf("of another project %d things are left of %d", n, before)
	}
	if err := Remove(ctx, theirs, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if n := left(theirs); n != 0 {
		t.Errorf("%d things of the other project are left", n)
	}
}

func TestWithin(t *testing.T) {
	for mounts, want := range map[string]bool{
		"/srv/demo/host/edge\n": true, "/srv/demo/host": true, "/srv/demo/hostess/edge\n": false, "": false,
	} {
		if got := within("/srv/demo/host", mounts); got != want {
			t.Errorf("%q: %t", mounts, got)
		}
	}
}
