//go:build e2e || soak

package transfer

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/testsuite/harness"
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

// cuts is how often a line is cut in one upload, and perWorker how often for one worker.
const (
	cuts      = 50
	perWorker = 10
)

// cutOften cuts the upload of an image of so many bytes at fifty places that nobody has chosen, and after each sees how
// far it has come: what has crossed is there, but for 1 MiB.
func cutOften(t *testing.T, p *place, image app.Image, bytes int64) {
	t.Helper()
	random, began := harness.Chance(t), time.Now()
	var places []int64
	for range cuts {
		places = append(places, random.Int64N(bytes-2*mib))
	}
	slices.Sort(places)
	worker, there, most := p.worker(), int64(0), int64(0)
	for i, cut := range places {
		if i%perWorker == 0 {
			worker = p.worker()
		}
		before := p.crossed()
		p.cutAt(worker, image, cut-there)
		arrived := p.arrived()
		lost := p.crossed() - before - (arrived - there)
		if lost > mib+nothing {
			t.Errorf("cut at %d of %d bytes: %d bytes have crossed that are not there", cut, bytes, lost)
		}
		there, most = arrived, max(most, lost)
	}
	_, err := p.transfer(worker, image)
	must(t, err)
	p.holds(image)
	t.Logf("%d cuts in %s; most was lost with one of them: %d bytes", cuts, time.Since(began).Round(time.Second), most)
}

// arrived is how much of an upload the host has, for the next attempt to go on from.
func (p *place) arrived() int64 {
	p.t.Helper()
	size, err := p.host.Exec(p.ctx, "sh", "-c", "cat "+p.remote.Files().Root()+"/incoming/*.part 2>/dev/null | wc -c")
	must(p.t, err)
	n, err := strconv.ParseInt(strings.TrimSpace(size), 10, 64)
	must(p.t, err)
	return n / host.PutBlock * host.PutBlock
}
