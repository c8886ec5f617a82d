//go:build e2e || soak

package transfer

import (
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
)

const (
	mib = 1 << 20
	// nothing is what a transfer of nothing may take on the wire, or asking what a host holds.
	nothing = 64 << 10
)

// interrupted cuts the line each time that so many bytes have crossed, and sees the whole take no more than 1 MiB for each cut.
func interrupted(t *testing.T, p *place, image app.Image, bytes int64, after ...int64) {
	t.Helper()
	before := p.crossed()
	for _, n := range after {
		p.cutAt(p.worker(), image, n)
	}
	if _, err := p.transfer(p.worker(), image); err != nil {
		t.Fatal(err)
	}
	p.holds(image)
	crossed, cuts := p.crossed()-before, int64(len(after))
	if most := bytes + bytes/20 + cuts*(mib+nothing) + nothing; crossed > most {
		t.Errorf("%d bytes crossed with %d cuts, where %d were missing", crossed, cuts, bytes)
	}
	t.Logf("%d bytes crossed with %d cuts, where %d were missing", crossed, cuts, bytes)
}
