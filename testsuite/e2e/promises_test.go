//go:build e2e

package e2e

import "testing"

// What a deploy promises, each with a site of its own on one server.
func TestPromises(t *testing.T) {
	s := newScene(t)
	t.Run("a plain service keeps its data and is only replaced when it changes", func(t *testing.T) { plainServices(t, s) })
	t.Run("configs are mounted as asked for", func(t *testing.T) { configs(t, s) })
	t.Run("profiles turn services on and off", func(t *testing.T) { profiles(t, s) })
	t.Run("sites do not reach each other's containers", func(t *testing.T) { sitesApart(t, s) })
	t.Run("only so many releases are kept", func(t *testing.T) { keepsReleases(t, s) })
	t.Run("one run a site", func(t *testing.T) { oneRunASite(t, s) })
	t.Run("the CLI tells what is there", func(t *testing.T) { tells(t, s) })
	t.Run("a lost engine is no loss", func(t *testing.T) { engineLost(t, s) })
}
