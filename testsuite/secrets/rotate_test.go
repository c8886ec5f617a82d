//go:build e2e

package secrets

import (
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
)

// A rotation loses neither a request nor a query, and what it tells is what is found: the new user runs, and the database
// refuses the old one. The two users take turns.
func TestRotationLosesNothing(t *testing.T) {
	s := set(t, project{})
	s.rotates(1, "shop_b")
	s.rotates(2, "shop_a")

	s.rewrite(func(p *project) { p.asFile, p.onChange = true, "{ signal: SIGHUP }" })
	s.deploy("production")
	before := s.containers(0, "web")
	s.rotates(3, "shop_b")
	if after := s.containers(0, "web"); !slices.Equal(slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after))) {
		t.Errorf("containers that read the secret again on a signal were replaced: %v by %v", before, after)
	}
}

// rotates rotates the database's address from a version to the next, under load, and wants every site to be that user
// then, and no other to be let in.
func (s *stage) rotates(from int, user string) {
	s.t.Helper()
	older, newer := strconv.Itoa(from), strconv.Itoa(from+1)
	old := s.value("DATABASE_URL", older)
	var result app.RotationResult
	s.underLoad(func() {
		var out harness.Output
		if result, out = s.rotate("--why", "a test"); out.Code != 0 {
			s.t.Errorf("the rotation ended with %s", out)
		}
	})
	if result.Outcome != app.Succeeded || !result.Revoked || result.Old != older || result.New != newer || len(result.Sites) != len(s.project.sites) {
		s.t.Fatalf("the rotation tells %+v", result)
	}
	for site, told := range result.Sites {
		if told.Version != newer {
			s.t.Errorf("the rotation tells of %+v", told)
		}
		s.runs(site, newer, user)
		if s.admits(site, old) {
			s.t.Errorf("%s: the database admits version %s", told.Site, older)
		}
		if !s.admits(site, s.value("DATABASE_URL", newer)) {
			s.t.Errorf("%s: the database refuses version %s", told.Site, newer)
		}
	}
}
