// Package reach opens hosts as the user of this process would reach them. The worker and its reads share it.
package reach

import (
	"os"
	"path/filepath"

	"github.com/longshore-dev/longshore/internal/host/pool"
	"github.com/longshore-dev/longshore/internal/ssh"
)

// Hosts makes the pool of all hosts that this process works on. A user who is not root keeps the state of the host
// "local" in the state folder, since the usual place is root's.
func Hosts(state string) (*pool.Pool, error) {
	environment, err := ssh.CurrentEnvironment()
	if err != nil {
		return nil, err
	}
	localState := ""
	if os.Geteuid() != 0 {
		localState = filepath.Join(state, "host")
	}
	return pool.New(environment, localState), nil
}
