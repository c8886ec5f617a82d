package bootstrap

import (
	"slices"
	"testing"
)

// TestSSHLogins lets a bootstrap by one login leave the others of the drop-in where they are.
func TestSSHLogins(t *testing.T) {
	text := ""
	for _, logins := range [][]string{{"root", "deploy"}, {"deploy"}, {"ann", "deploy"}, {"root", "deploy"}} {
		text = sshdText(true, withLogins(sshdLogins(text), logins))
	}
	if got, want := sshdLogins(text), []string{"root", "deploy", "ann"}; !slices.Equal(got, want) {
		t.Errorf("the logins are %q, not %q", got, want)
	}
}
