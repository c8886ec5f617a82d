package command

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRequestIDsSortByTimeAndDiffer(t *testing.T) {
	now := time.Date(2025, 12, 31, 23, 59, 59, 0, time.UTC)
	ids := []string{newRequestID(now), newRequestID(now.Add(time.Second)), newRequestID(now.Add(time.Hour))}
	if !slices.IsSorted(ids) {
		t.Errorf("%q are not in order", ids)
	}
	if a, b := newRequestID(now), newRequestID(now); a == b {
		t.Errorf("two requests are called %s", a)
	}
}

func TestParseReplicas(t *testing.T) {
	got, err := parseReplicas([]string{"web=4", "worker=0"})
	if diff := cmp.Diff(map[string]int{"web": 4, "worker": 0}, got); err != nil || diff != "" {
		t.Errorf("%v, %s", err, diff)
	}
	for _, args := range [][]string{nil, {"web"}, {"=4"}, {"web=-1"}, {"web=many"}, {"web=1", "web=2"}} {
		if got, err := parseReplicas(args); err == nil {
			t.Errorf("%q is taken for %v", args, got)
		}
	}
}
