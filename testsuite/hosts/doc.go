// Package hosts gives tests real servers: Debian with systemd, sshd and dockerd, each in a container of the local
// Docker engine, reached over SSH on loopback, with the faults that real servers have. It must not know Longshore
// beyond app.Host.
//
// Start is for tests and removes the host at the test's end. Launch is the same for a person, by the command
// longshore-host. Both need a local Docker engine; the images are made on first use (see Prepare).
package hosts
