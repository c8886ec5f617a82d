//go:build e2e

package secrets

import (
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
)

// A rotation loses neither a request nor a query, and what it tells is what is found: the new user runs, and the database
// refuses the old one.
func TestRotationLosesNothing(t *testing.T) {
	s := set(t, project{})
	old := s.value("DATABASE_URL", "1")
	var result app.RotationResult
	s.underLoad(func() {
		var out harness.Output
		if result, out = s.rotate("--why", "a test"); out.Code != 0 {
			t.Errorf("the rotation ended with %s", out)
		}
	})
	if result.Outcome != app.Succeeded || !result.Revoked || result.Old != "1" || result.New != "2" ||
		len(result.Sites) != 1 || result.Sites[0].Version != "2" {
		t.Errorf("the rotation tells %+v", result)
	}
	s.runs(0, "2", "shop_b")
	if s.admits(0, old) || !s.admits(0, s.value("DATABASE_URL", "2")) {
		t.Errorf("the database admits the old user: %v", s.admits(0, old))
	}
}
