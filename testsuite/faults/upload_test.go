//go:build e2e || soak

package faults

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
)

const (
	mib = 1 << 20
	// chatter is what a deploy takes of the line beside the image: what it asks the host, and has it do.
	chatter = mib / 2
	// resent is what an interruption may have sent again.
	resent = mib
)

const withData = `FROM scratch
COPY testapp /testapp
COPY data /data
COPY version /version
ENTRYPOINT ["/testapp"]
`

// giveData has the app's next image bring bytes that nothing can be made of but themselves.
func (s *stage) giveData(t *testing.T, size int) {
	t.Helper()
	data := make([]byte, size)
	random := rand.NewChaCha8([32]byte{byte(s.version), byte(size), byte(size >> 8), byte(size >> 16)})
	_, _ = random.Read(data) // never fails
	s.app.Write("Dockerfile", withData)
	s.app.Write("data", string(data))
}

func (s *stage) crossed() int64 {
	sent, received := s.host.Link.Bytes()
	return sent + received
}

// reached waits until so many bytes have crossed since a count, while the deploy goes on.
func (d *deploy) reached(t *testing.T, since, bytes int64) {
	t.Helper()
	harness.Eventually(t, patience, func() error {
		if ended := d.command.Stdout(); strings.Contains(ended, `"outcome"`) {
			t.Fatalf("the deploy has ended before: %s", ended)
		}
		if n := d.crossed() - since; n < bytes {
			return fmt.Errorf("%d bytes have crossed, not %d", n, bytes)
		}
		return nil
	})
}

// interrupted deploys an image with size new bytes, lets the fault strike each time that so many bytes have crossed, and
// wants the run to go on by itself, and each time where it was.
func (s *stage) interrupted(t *testing.T, size int, fault func(t *testing.T), after ...int64) {
	t.Helper()
	s.giveData(t, size)
	s.host.Link.Bandwidth(6 * mib) // else the end may come before the fault
	defer s.host.Link.Bandwidth(0)
	before := s.crossed()
	d := s.begin(t)
	for _, bytes := range after {
		d.reached(t, before, bytes)
		fault(t)
	}
	result := d.result(t, 0, app.Succeeded)
	s.release = result.Release
	crossed, most := s.crossed()-before, int64(size)+int64(size)/50+chatter+int64(len(after))*resent
	if crossed < int64(size) || crossed > most {
		t.Errorf("%d bytes crossed, where %d are new, and %d the most", crossed, size, most)
	}
	t.Logf("%d bytes crossed in %s with %d faults, where %d are new", crossed, time.Since(d.began).Round(time.Millisecond), len(after), size)
	if version, err := s.serving(t); err != nil || version != fmt.Sprint(s.version) {
		t.Errorf("version %q serves, %v, not %d", version, err, s.version)
	}
	s.nothingIncoming(t)
}

// nothingIncoming wants nothing of an upload to be left on the host.
func (s *stage) nothingIncoming(t *testing.T) {
	t.Helper()
	left, err := s.host.Exec(t.Context(), "sh", "-c",
		"ls /var/lib/longshore/incoming; docker ps --all --quiet --filter label="+app.LabelRole+"="+app.RoleLoader)
	if err != nil || left != "lock" {
		t.Errorf("left on the host: %q, %v", left, err)
	}
}
