package secret

import (
	"fmt"
	"regexp"
)

// nameForm leaves out all that means something in a path, a URL, a shell or a list, so that a name can stand everywhere.
var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,127}$`)

// CheckName says what is wrong with a secret's name.
func CheckName(name string) error {
	if nameForm.MatchString(name) {
		return nil
	}
	return fmt.Errorf("%q is not a secret's name: it is a letter or _, then at most 127 letters, digits, and any of _ . -", name)
}
