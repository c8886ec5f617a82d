// Package reach opens hosts as the user of this process would reach them. The worker and its reads share it.
package reach

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/longshore-dev/longshore/activities/engine"
	"github.com/longshore-dev/longshore/activities/unseal"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/pool"
	"github.com/longshore-dev/longshore/internal/ssh"
	"github.com/longshore-dev/longshore/internal/store"
)

// Hosts makes the pool of all hosts that this process works on. A user who is not root keeps the state of the host
// "local" in the state folder, since the usual place is root's. Keys that are secrets are opened by the identities of that
// folder, and learner is told of each before it is used.
func Hosts(state string, learner unseal.Learner) (*pool.Pool, error) {
	environment, err := ssh.CurrentEnvironment()
	if err != nil {
		return nil, err
	}
	localState := ""
	if os.Geteuid() != 0 {
		localState = filepath.Join(state, "host")
	}
	hosts := pool.New(environment, localState)
	hosts.Keys = keys{store.Keys{Path: engine.IdentityPath(state)}, learner}.read
	return hosts, nil
}

// Fresh opens hosts over connections that are shared with nobody. Who closes such a host closes its connection.
func Fresh(state string, learner unseal.Learner) func(context.Context, app.Host) (host.Host, error) {
	return func(ctx context.Context, at app.Host) (host.Host, error) {
		hosts, err := Hosts(state, learner)
		if err != nil {
			return nil, err
		}
		h, err := hosts.Open(ctx, at)
		if err != nil {
			return nil, errors.Join(err, hosts.Close())
		}
		return alone{h, hosts}, nil
	}
}

// alone is the only host of its pool.
type alone struct {
	host.Host
	hosts *pool.Pool
}

// Close ends the connection.
func (a alone) Close() error { return a.hosts.Close() }
