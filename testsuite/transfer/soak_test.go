//go:build soak

package transfer

import (
	"testing"

	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// TestSoakCuts cuts the uploads of large images.
func TestSoakCuts(t *testing.T) {
	for _, release := range []hosts.Release{hosts.Bookworm, hosts.Trixie} {
		t.Run(string(release), func(t *testing.T) {
			p := newPlace(t, hosts.OnRelease(release))
			cutOften(t, p, p.image("1", layer{1000, 200 * mib}, layer{1001, 56 * mib}), 256*mib)
		})
	}
}
