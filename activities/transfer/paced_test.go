package transfer_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host/memory"
)

// TestTransferKeepsToTheRate holds a whole transfer to the bytes that it sends, by a fake clock.
func TestTransferKeepsToTheRate(t *testing.T) {
	for _, perSecond := range []int64{1000, 0} {
		synctest.Test(t, func(t *testing.T) {
			p := newPlace()
			image := p.builder.AddImage(tag, memory.ImageSpec{Layers: []string{strings.Repeat("layer ", 8<<10)}})
			began := time.Now()
			result, err := p.activities.Transfer(t.Context(), activities.TransferInput{
				Target: activities.Target{Host: app.Host{Name: "web-1"}}, Builder: app.Host{Name: "builder"}, Service: "web", Image: image, MaxRate: perSecond,
			})
			if err != nil {
				t.Fatal(err)
			}
			took, sent := time.Since(began), result.Transferred.SentBytes
			const free = 8 << 10 // what may go at once
			if sent < 2*free {
				t.Fatalf("only %d bytes are sent", sent)
			}
			if perSecond == 0 && took > time.Second || perSecond > 0 && took < time.Duration((sent-free)/perSecond)*time.Second {
				t.Errorf("%d bytes at %d bytes a second took %s", sent, perSecond, took)
			}
		})
	}
}
