// Package contract runs the contract of host.Host on real hosts: this machine, and servers with systemd, sshd and
// dockerd under each kind of login. It needs a local Docker engine and the build tag e2e.
package contract
