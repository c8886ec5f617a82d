//go:build e2e

package secrets

import (
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
)

// Where the apps of one site are not well with the new version, all sites go back to the old one, and the new one is good
// nowhere.
func TestUnwellConsumerTakesAllBack(t *testing.T) {
	s := set(t, project{sites: []string{"production", "staging"}})
	s.rotates(1, "shop_b")

	s.rewrite(func(p *project) { p.unwellAs = "shop_a" })
	s.deploy("production")
	var result app.RotationResult
	s.underLoad(func() {
		var out harness.Output
		if result, out = s.rotate(); out.Code != 3 {
			t.Errorf("the rotation ended with %s", out)
		}
	})
	if result.Outcome != app.FailedClean || result.Revoked || result.Failure == nil || result.Failure.Kind != app.KindUnhealthy {
		t.Errorf("the rotation tells %+v: %+v", result, result.Failure)
	}
	current := s.value("DATABASE_URL", "2")
	if out := s.run("secret", "show", "DATABASE_URL"); out.Stdout != current {
		t.Errorf("the current version is not the old one: %s", out)
	}
	for site := range s.project.sites {
		s.runs(site, "2", "shop_b")
		if !s.admits(site, current) {
			t.Errorf("%s: the database refuses version 2", s.project.sites[site])
		}
		if s.admits(site, s.value("DATABASE_URL", "3")) {
			t.Errorf("%s: the database admits version 3", s.project.sites[site])
		}
	}
}
