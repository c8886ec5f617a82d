package bootstrap

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
)

// TestNames holds the items to the names that settings and commands know.
func TestNames(t *testing.T) {
	if diff := cmp.Diff(app.BootstrapItems(), Names()); diff != "" {
		t.Errorf("app.BootstrapItems (-said +there are):\n%s", diff)
	}
	if diff := cmp.Diff(app.RevertibleItems(), RevertNames()); diff != "" {
		t.Errorf("app.RevertibleItems (-said +there are):\n%s", diff)
	}
}
