//go:build e2e

package transfer

import (
	"archive/tar"
	"bytes"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// big is a layer that a change of a little must not send as a whole.
var big = layer{60, 32 * mib}

// scattered is an archive with so many of its bytes changed, a block at a time, in places all over it.
func scattered(archive []byte, changed, block int) []byte {
	changedArchive := slices.Clone(archive)
	random := rand.New(rand.NewPCG(1, uint64(changed)))
	for range changed / block {
		at := 1024 + random.IntN(len(archive)-block-4096)
		for i := range block {
			changedArchive[at+i] = byte(random.Uint32())
		}
	}
	return changedArchive
}

// archives makes an image of layers' bytes on the builder.
func (p *place) archives(name string, layers ...[]byte) app.Image {
	p.t.Helper()
	return putArchives(p.ctx, p.t, p.local.Engine(), p.repo+":"+name, layers...)
}

// expecting checks what a transfer puts on the wire.
func (p *place) expecting(what string, image app.Image, least, most int64) {
	p.t.Helper()
	result, crossed := p.counted(p.now, image)
	if crossed < least || crossed > most {
		p.t.Errorf("%s: %d bytes crossed, expected %d to %d", what, crossed, least, most)
	}
	// The rest is talk, and what the host knows of a layer: about a hundredth of it.
	if sent := result.Transferred.SentBytes; sent > crossed || sent < crossed-nothing-int64(big.size/80) {
		p.t.Errorf("%s: %d bytes crossed, and the result says %+v", what, crossed, result.Transferred)
	}
	if result.Note != "" {
		p.t.Errorf("%s: %s", what, result.Note)
	}
	p.t.Logf("%s: %d bytes", what, crossed)
}

// The site's newest image serves as the base.
func TestAChangedLayerCrossesAsItsChange(t *testing.T) {
	for _, c := range []struct {
		release hosts.Release
		login   string
	}{{hosts.Bookworm, hosts.Sudoer}, {hosts.Trixie, hosts.Member}} {
		t.Run(string(c.release), func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, hosts.OnRelease(c.release), hosts.LoginAs(c.login))
			p.now = p.worker()
			below, content := layer{61, mib}.archive(), big.archive()
			p.expecting("cold", p.archives("1-a", below, content), 33*mib, 35*mib)

			content = slices.Clone(content)
			content[len(content)/2]++
			p.expecting("one byte", p.archives("2-a", below, content), 0, 100<<10)

			percent := len(content) / 100
			content = scattered(content, percent, 4096)
			p.expecting("1 % in scattered places", p.archives("3-a", below, content), 0, int64(5*percent))

			p.now = p.worker() // that has to ask the host what it knows of its layers
			content = scattered(content, percent, 8192)
			p.expecting("by another worker", p.archives("4-a", below, content), 0, int64(5*percent))

			shifted := slices.Concat(archiveOfFile("first", 3000), content)
			p.expecting("everything shifted", p.archives("5-a", below, shifted), 0, 100<<10)

			p.expecting("the same content on another base", p.archives("6-a", layer{62, mib}.archive(), content), mib, mib+2*nothing)

			p.expecting("back to front", p.archives("7-a", layer{63, mib}.archive(), content, below), mib, mib+2*nothing)
		})
	}
}

// archiveOfFile is a file's part of an archive, without the archive's end.
func archiveOfFile(name string, size int) []byte {
	whole := archive(map[string][]byte{name: bytes.Repeat([]byte{'x'}, size)})
	return whole[:len(whole)-1024]
}

// contentOf is the content of all files in layers, in the order of their names, as of an exported container.
func contentOf(layers ...[]byte) []byte {
	files := map[string][]byte{}
	for _, l := range layers {
		r := tar.NewReader(bytes.NewReader(l))
		for h, err := r.Next(); err == nil; h, err = r.Next() {
			files[h.Name], _ = io.ReadAll(r) // from memory
		}
	}
	var all []byte
	for _, name := range slices.Sorted(maps.Keys(files)) {
		all = append(all, files[name]...)
	}
	return all
}
