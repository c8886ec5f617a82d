//go:build e2e

package transfer

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/image/chunk"
)

// What the host knows of its layers is wrong, or a layer itself is: it is found out, the missing layer goes over whole,
// and the image is right.
func TestABaseThatIsNotAsItWas(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	const size = 4 * mib
	index := func(image app.Image) string { return "/var/lib/longshore/chunks/" + chunk.Name(image.Layers[0]) }
	for number, c := range []struct {
		name  string
		spoil func(old app.Image, changed []byte)
		noted bool
	}{
		{name: "the index is damaged", spoil: func(old app.Image, _ []byte) {
			p.run(`printf x | dd of="$1" conv=notrunc bs=1 seek=1000 && [ -s "$1" ]`, index(old))
		}},
		{name: "the index is cut short", spoil: func(old app.Image, _ []byte) { p.run(`truncate -s 1000 "$1"`, index(old)) }},
		{name: "the index is another layer's", noted: true, spoil: func(old app.Image, changed []byte) {
			wrong, err := chunk.Of(bytes.NewReader(changed), int64(len(changed)))
			must(t, err)
			data, err := wrong.Encode(old.Layers[0])
			must(t, err)
			must(t, p.remote.Files().Write(p.ctx, "chunks/"+chunk.Name(old.Layers[0]), data, 0o644))
		}},
		{name: "a byte of the layer is another", noted: true, spoil: func(app.Image, []byte) {
			p.run(`f=$(ls -t /var/lib/docker/overlay2/*/diff/file-$1) && printf x | dd of="$f" conv=notrunc bs=1 seek=2000000`, "102")
		}},
		{name: "the layer's file is gone", noted: true, spoil: func(app.Image, []byte) {
			p.run(`rm /var/lib/docker/overlay2/*/diff/file-$1`, "103")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := *p
			p.t, p.repo = t, fmt.Sprint(p.repo, "-", number)
			content := layer{uint64(99 + number), size}.archive()
			changed := slices.Clone(content)
			changed[size/2]++
			old, fresh := p.archives("1-a", content), p.archives("2-a", changed)
			p.counted(p.worker(), old)
			c.spoil(old, changed)
			result, crossed := p.counted(p.worker(), fresh)
			if crossed < size || crossed > size+size/4 || (result.Note != "") != c.noted {
				t.Errorf("%d bytes crossed; %q", crossed, result.Note)
			}
			// It is right on the host now, and serves as a base itself.
			whole := p.run(`id=$(docker create "$1" /none) && docker export "$id" | tar -x -O | sha256sum && docker rm "$id" >&2`, fresh.Ref)
			if want := sum(contentOf(changed)); !strings.HasPrefix(whole, want) {
				t.Errorf("the image has the content %s, not %s", whole, want)
			}
			again := slices.Clone(changed)
			again[size/3]++
			if result, crossed := p.counted(p.worker(), p.archives("3-a", again)); crossed > size/20+nothing || result.Note != "" {
				t.Errorf("the next image: %d bytes crossed; %q", crossed, result.Note)
			}
		})
	}
}

// run runs a script on the host and answers what it printed.
func (p *place) run(script string, args ...string) string {
	p.t.Helper()
	out, err := p.host.Exec(p.ctx, slices.Concat([]string{"bash", "-eo", "pipefail", "-c", script, "script"}, args)...)
	must(p.t, err)
	return out
}
