package hosttest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/longshore-dev/longshore/internal/host"
)

// testState holds the commands that files of the state folder are moved, copied and given away with.
func testState(t *testing.T, open func(t *testing.T) host.Host, world World) {
	ctx := bounded(t)
	h := open(t)
	folder := unique("state")
	cleanup(t, func(ctx context.Context) error { return h.Files().Remove(ctx, folder) })
	at := h.Files().Root() + "/" + folder + "/"
	run := func(args ...string) error {
		_, err := h.Run(ctx, host.Command{Args: args, Root: !world.NoRoot})
		return err
	}
	reads := func(name, want string) {
		t.Helper()
		if got, err := h.Files().Read(ctx, folder+"/"+name); err != nil || string(got) != want {
			t.Errorf("%s reads as %q, %v; want %q", name, got, err, want)
		}
	}
	for _, name := range []string{"from/one", "from/two", "from/deep/three", "to/one"} {
		must(t, h.Files().Write(ctx, folder+"/"+name, []byte(name), 0))
	}

	must(t, run("install", "-d", "-m", "0755", "--", at+"to", at+"made", at+"made/below"))
	must(t, run("mv", "-f", "--", at+"from/one", at+"from/two", at+"to/"))
	reads("to/one", "from/one")
	reads("to/two", "from/two")
	must(t, run("cp", "-a", "--", at+"from/deep", at+"made/below/"))
	reads("made/below/deep/three", "from/deep/three")
	reads("from/deep/three", "from/deep/three")
	must(t, run("mv", "-f", "--", at+"made", at+"named"))
	reads("named/below/deep/three", "from/deep/three")
	if !world.NoRoot {
		must(t, run("chown", "1000:1001", "--", at+"to/one", at+"to/two"))
		reads("to/one", "from/one")
	}
	if names, err := h.Files().List(ctx, folder); err != nil || !slices.Equal(names, []string{"from", "named", "to"}) {
		t.Errorf("there are %q, %v", names, err)
	}
	for _, args := range [][]string{
		{"mv", "-f", "--", at + "none", at + "to/"}, {"cp", "-a", "--", at + "none", at + "to/"}, {"chown", "0:0", "--", at + "none"},
	} {
		var exit *host.ExitError
		if err := run(args...); !errors.As(err, &exit) || exit.Code == 0 {
			t.Errorf("%s of what is not there: %v", args[0], err)
		}
	}
}
