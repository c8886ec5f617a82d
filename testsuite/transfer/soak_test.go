//go:build soak

package transfer

import (
	"math/rand/v2"
	"testing"

	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// TestSoakCuts cuts uploads at fifty places that nobody has chosen.
func TestSoakCuts(t *testing.T) {
	p := newPlace(t, hosts.OnRelease(hosts.Trixie))
	for image := range 5 {
		var after []int64
		for range 10 {
			after = append(after, 200<<10+rand.Int64N(3*mib))
		}
		t.Logf("cut after %v bytes", after)
		interrupted(t, p, p.image(string(rune('a'+image)), layer{uint64(1000 + image), 48 * mib}), 48*mib, after...)
	}
}
