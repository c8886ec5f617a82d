package bootstrap

import (
	"context"

	"github.com/longshore-dev/longshore/internal/host"
)

// Machine is a host as items see it: commands as root, and files.
type Machine struct {
	host host.Host
	// fresh opens a second connection to the host that shares nothing with the first, to prove that one can still log in.
	fresh    func(ctx context.Context) (host.Host, error)
	settings Settings
}
