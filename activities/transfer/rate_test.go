package transfer

import (
	"bytes"
	"context"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
)

// TestRate counts what several transfers of a site read together against the clock, which is a fake one.
func TestRate(t *testing.T) {
	const mb = 1_000_000
	for name, c := range map[string]struct {
		perSecond int64
		readers   int
		size      int
		want      time.Duration // at least, and not a second more
	}{
		"one":       {5 * mb, 1, 50 * mb, 10 * time.Second},
		"together":  {5 * mb, 4, 10 * mb, 8 * time.Second},
		"slow":      {8000, 2, 40_000, 10 * time.Second},
		"unlimited": {0, 3, 50 * mb, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rates, began := newRates(), time.Now()
				var all sync.WaitGroup
				for range c.readers {
					all.Go(func() {
						limit, leave := rates.take("site", c.perSecond)
						defer leave()
						n, err := io.Copy(io.Discard, paced{t.Context(), bytes.NewReader(make([]byte, c.size)), limit})
						if err != nil || n != int64(c.size) {
							t.Errorf("%d bytes, %v", n, err)
						}
					})
				}
				all.Wait()
				// What may go at once comes free.
				if took := time.Since(began); took < c.want-time.Second || took > c.want+time.Second {
					t.Errorf("%d times %d bytes took %s, not %s", c.readers, c.size, took, c.want)
				}
				if len(rates.sites) != 0 {
					t.Error("a bound outlasts its last transfer")
				}
			})
		})
	}
}

// TestRatesOfSites are apart, and the newest rate of a site holds for all its transfers.
func TestRatesOfSites(t *testing.T) {
	rates := newRates()
	first, leaveFirst := rates.take("shop", 1000_000)
	other, leaveOther := rates.take("books", 0)
	again, leaveAgain := rates.take("shop", 2000_000)
	if first != again || first.Limit() != 2000_000 || other == first || other.Limit() != rate.Inf {
		t.Errorf("limits %v, %v, %v", first.Limit(), again.Limit(), other.Limit())
	}
	leaveFirst()
	if still, leave := rates.take("shop", 2000_000); still != first {
		t.Error("the bound ends before its last transfer")
	} else {
		leave()
	}
	leaveAgain()
	leaveOther()
}

// TestPacedIsCancelled ends a wait with the transfer.
func TestPacedIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit, leave := newRates().take("site", 1000)
		defer leave()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := io.Copy(io.Discard, paced{ctx, bytes.NewReader(make([]byte, 1<<20)), limit}); err == nil {
			t.Error("a cancelled transfer is sent to its end")
		}
	})
}
