package harness

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// Chance is seeded with LONGSHORE_SEED, or anew; the seed is printed, to have the same again.
func Chance(t testing.TB) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("LONGSHORE_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("LONGSHORE_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, seed))
}
