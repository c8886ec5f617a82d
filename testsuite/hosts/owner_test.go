package hosts

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestGone(t *testing.T) {
	self, err := owner(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), "true")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	ended, err := owner(child.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(self, "/")
	for name, test := range map[string]struct {
		owner string
		want  bool
	}{
		"a living process":            {self, false},
		"an ended process":            {ended, true},
		"an earlier one of the id":    {parts[0] + "/" + parts[1] + "/1", true},
		"a process of another world":  {"pid:[1]/" + parts[1] + "/1", false},
		"a host that is to be kept":   {"kept", false},
		"a container without a label": {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := gone(test.owner); got != test.want {
				t.Errorf("gone(%q) is %t", test.owner, got)
			}
		})
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, options := range map[string][]Option{
		"release": {OnRelease("potato")},
		"login":   {LoginAs("nobody")},
	} {
		t.Run(name, func(t *testing.T) {
			if h, err := Launch(t.Context(), options...); err == nil {
				t.Errorf("%s was launched", h.Name)
			}
		})
	}
}

func TestImagesAreNamedByTheirContent(t *testing.T) {
	seen := map[string]bool{}
	for _, release := range []Release{Bookworm, Trixie} {
		for _, r := range []recipe{bareRecipe(release), dockerRecipe(release)} {
			if seen[r.tag()] {
				t.Errorf("%s is the name of two images", r.tag())
			}
			seen[r.tag()] = true
		}
	}
	changed := dockerRecipe(Trixie)
	changed.dockerfile += "RUN true\n"
	if seen[changed.tag()] {
		t.Error("another recipe has the same name")
	}
}
