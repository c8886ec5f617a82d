//go:build e2e

package transfer

import (
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities/transfer"
	"github.com/longshore-dev/longshore/internal/image/chunk"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

func TestAChangedLayerInContainerdsStore(t *testing.T) {
	t.Parallel()
	p := newPlace(t, hosts.OnRelease(hosts.Trixie), hosts.SmallDisk("/var/lib/containerd", 1<<30))
	p.run(useContainerd)
	must(t, p.host.WaitDocker(p.ctx))
	p.bringHelper()
	worker := p.worker()
	content := layer{70, 16 * mib}.archive()
	expect := func(what string, least, most int64, layers ...[]byte) {
		t.Helper()
		image := p.archives(strings.ReplaceAll(what, " ", "-"), layers...)
		before := p.crossed()
		result, err := p.transfer(worker, image)
		must(t, err)
		if crossed := p.crossed() - before; crossed < least || crossed > most || result.Note != "" {
			t.Errorf("%s: %d bytes crossed; %q", what, crossed, result.Note)
		}
		if got := p.run(complete, image.Ref); !strings.Contains(got, sum(contentOf(layers...))) {
			t.Errorf("%s: the host has other content: %s", what, got)
		}
	}
	expect("cold", 16*mib, 17*mib, content)
	content = slices.Clone(content)
	content[len(content)/2]++
	expect("one byte", 0, 100<<10, content)
	expect("on another base", mib, mib+2*nothing, layer{71, mib}.archive(), content)
}

// What the host knows of layers goes with the last image that has them, and nothing else does.
func TestWhatTheHostKnowsIsTidiedUp(t *testing.T) {
	t.Parallel()
	// The helper writes what it knows as root, into a folder of the login's.
	p := newPlace(t, hosts.LoginAs(hosts.Member))
	worker := p.worker()
	known := func() []string {
		names, err := p.remote.Files().List(p.ctx, "chunks")
		must(t, err)
		return names
	}
	first := p.image("1-a", layer{80, mib}, layer{81, mib})
	second := p.image("2-a", layer{80, mib}, layer{82, mib})
	p.counted(worker, first)
	p.counted(worker, second)
	if names := known(); len(names) != 3 {
		t.Errorf("it knows %q", names)
	}
	p.run(`docker rmi "$1" && touch "$2"`, first.Ref, p.remote.Files().Root()+"/chunks/new-left")
	third := p.image("3-a", layer{82, mib})
	p.counted(worker, third)
	must(t, transfer.Tidy(p.ctx, p.remote))
	want := []string{chunk.Name(second.Layers[0]), chunk.Name(third.Layers[0])}
	slices.Sort(want)
	if names := known(); !slices.Equal(names, want) {
		t.Errorf("it knows %q, not %q", names, want)
	}
	// The worker knows of these layers still, and nothing of their end.
	p.run(`docker rmi "$1" "$2"`, second.Ref, third.Ref)
	changed := layer{82, mib}.archive()
	changed[mib/2]++
	if result, crossed := p.counted(worker, p.archives("4-a", changed)); crossed < mib || result.Note != "" {
		t.Errorf("without a base, %d bytes crossed; %q", crossed, result.Note)
	}
}

// The classic store's layers are read where they are: no image is saved for them.
func TestNoImageIsSavedForADelta(t *testing.T) {
	for _, release := range []hosts.Release{hosts.Bookworm, hosts.Trixie} {
		t.Run(string(release), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, hosts.OnRelease(release))
			worker := p.worker()
			content := layer{90, 4 * mib}.archive()
			p.counted(worker, p.archives("1-a", layer{91, mib}.archive(), content))
			if _, crossed := p.counted(worker, p.archives("2-a", content)); crossed > nothing {
				t.Errorf("%d bytes crossed", crossed)
			}
			if saved := p.run(`docker events --since 1h --until 0s --filter event=save`); saved != "" {
				t.Errorf("the engine has saved images: %s", saved)
			}
		})
	}
}
