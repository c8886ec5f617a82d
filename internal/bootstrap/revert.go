package bootstrap

import (
	"errors"

	"github.com/longshore-dev/longshore/internal/host"
)

// nothingToRevert reads the code 3 by which the scripts of Revert say that nothing was ever changed.
func nothingToRevert(err error) error {
	var exit *host.ExitError
	if errors.As(err, &exit) && exit.Code == 3 {
		return ErrNothingToRevert
	}
	return err
}
