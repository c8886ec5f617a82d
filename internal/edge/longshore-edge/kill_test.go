//go:build e2e

package main

import (
	"math/rand/v2"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// TestKilledAtAnyTimeItServesWhatItAcknowledged kills the edge hard while changes come in as fast as it takes them.
func TestKilledAtAnyTimeItServesWhatItAcknowledged(t *testing.T) {
	const kills = 25
	binary, dir, port := build(t), t.TempDir(), freePort(t)
	web := service(t, "any")
	var asked, acknowledged atomic.Int64
	p := startEdge(t, binary, dir, port)
	for range kills {
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				n := int(asked.Add(1))
				if _, err := client(dir).Put(t.Context(), table(n, web.URL)); err != nil {
					return
				}
				acknowledged.Store(int64(n))
			}
		}()
		time.Sleep(time.Duration(20+rand.IntN(200)) * time.Millisecond)
		p.signal(t, syscall.SIGKILL)
		<-p.done
		<-stopped

		p = startEdge(t, binary, dir, port)
		status, err := client(dir).Status(t.Context())
		if err != nil || status.Problem != "" || len(status.Tables) != 1 {
			t.Fatalf("%+v %v", status, err)
		}
		serves := int64(app.ReleaseNumber(status.Tables[0].Release))
		if serves < acknowledged.Load() || serves > asked.Load() {
			t.Fatalf("serves %d after %d of %d were acknowledged", serves, acknowledged.Load(), asked.Load())
		}
		answer, err := client(dir).Probe(t.Context(), app.EdgeProbe{Host: host, Path: "/"})
		if err != nil || !answer.OK || answer.Release != status.Tables[0].Release {
			t.Fatalf("%+v %v", answer, err)
		}
	}
	t.Logf("%d kills, %d changes", kills, acknowledged.Load())
}
