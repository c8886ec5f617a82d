//go:build e2e

package transfer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

var (
	base   = layer{1, 12 * mib}
	middle = layer{2, 4 * mib}
	top    = layer{3, 2 * mib}
)

func TestOnlyTheMissingLayersCross(t *testing.T) {
	for _, release := range []hosts.Release{hosts.Bookworm, hosts.Trixie} {
		t.Run(string(release), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, hosts.OnRelease(release))
			worker := p.worker()
			first := p.image("1", base, middle, top)
			expect := func(what string, image app.Image, bytes int64) {
				t.Helper()
				loads := p.loads()
				if bytes > 0 {
					loads++
				}
				result, crossed := p.counted(worker, image)
				if n := p.loads(); n != loads {
					t.Errorf("%s: the engine has been asked for %d loads, not %d", what, n, loads)
				}
				if most := bytes + bytes/20 + nothing; crossed > most || crossed < bytes {
					t.Errorf("%s: %d bytes crossed, where %d were missing", what, crossed, bytes)
				}
				if sent := result.Transferred.SentBytes; sent < bytes || sent > bytes+bytes/20 || result.Note != "" {
					t.Errorf("%s: the result says %+v, %q", what, result.Transferred, result.Note)
				}
				t.Logf("%s: %d of %d bytes", what, crossed, bytes)
			}
			expect("cold", first, 18*mib)
			expect("unchanged", first, 0)
			expect("changed top layer", p.image("2", base, middle, layer{4, 2 * mib}), 2*mib)
			// What is above it is the same content with other layers below it, and copied from there.
			expect("changed middle layer", p.image("3", base, layer{5, 4 * mib}, top), 4*mib)
			expect("another app on the same base", p.image("other", base, layer{6, mib}), mib)
			renamed := first
			renamed.Ref = p.repo + ":renamed"
			must(t, p.local.Engine().ImageTag(p.ctx, first.ID, renamed.Ref))
			t.Cleanup(func() { _ = p.local.Engine().ImageRemove(p.ctx, renamed.Ref) })
			expect("another name", renamed, 0)
			_, err := p.host.Exec(p.ctx, "sh", "-c", "docker rmi -f $(docker images -q "+p.repo+" | sort -u)")
			must(t, err)
			expect("removed by hand", first, 18*mib)
		})
	}
}

// The worker is another one after each cut, which knows nothing of the one before.
func TestAnUploadThatIsCutGoesOn(t *testing.T) {
	for _, c := range []struct {
		release hosts.Release
		login   string
	}{{hosts.Bookworm, hosts.Sudoer}, {hosts.Trixie, hosts.Member}} {
		t.Run(string(c.release), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, hosts.OnRelease(c.release), hosts.LoginAs(c.login))
			image := p.image("1", layer{10, 16 * mib})
			interrupted(t, p, image, 16*mib, 2*mib, mib+12345, 4*mib, 400<<10, 5*mib)
		})
	}
}

func TestAnUploadThatIsCutFiftyTimes(t *testing.T) {
	p := newPlace(t)
	cutOften(t, p, p.image("1", layer{12, 32 * mib}), 32*mib)
}

// What has arrived is spoilt while the upload is interrupted: it is found out before anything is loaded.
func TestACorruptUploadIsSentAgain(t *testing.T) {
	p := newPlace(t)
	for name, spoil := range map[string]string{
		"changed":   `printf x | dd of="$f" conv=notrunc bs=1 seek=1000`,
		"truncated": `truncate -s 1234567 "$f"`,
		"too long":  `truncate -s 100M "$f"`,
		"full size": `truncate -s "$size" "$f"`,
	} {
		t.Run(name, func(t *testing.T) {
			image := p.image(strings.ReplaceAll(name, " ", "-"), layer{uint64(20 + len(name)*256 + int(name[0])), 8 * mib})
			worker := p.worker()
			p.cutAt(worker, image, 4*mib)
			bundles, err := filepath.Glob(filepath.Join(p.spool, "*.bundle"))
			must(t, err)
			info, err := os.Stat(bundles[0])
			must(t, err)
			spoil = fmt.Sprintf("set -e; size=%d; f=$(ls /var/lib/longshore/incoming/*.part); %s", info.Size(), spoil)
			_, err = p.host.Exec(p.ctx, "sh", "-c", spoil)
			must(t, err)
			if _, crossed := p.counted(worker, image); crossed > 16*mib {
				t.Errorf("%d bytes crossed", crossed)
			}
		})
	}
}

// Two workers send two images that share their base to one host at once: the base crosses once.
func TestTwoDeploysToOneHost(t *testing.T) {
	p := newPlace(t)
	before := p.crossed()
	var both sync.WaitGroup
	for i, name := range []string{"one", "other"} {
		image := p.image(name, base, layer{uint64(40 + i), mib})
		worker := p.worker()
		both.Go(func() {
			if _, err := p.transfer(worker, image); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if crossed := p.crossed() - before; crossed > 15*mib {
		t.Errorf("%d bytes crossed", crossed)
	}
}
