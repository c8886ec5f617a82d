// Package bootstrap makes hosts of bare servers with systemd, breaks them, and looks from other network namespaces at what
// can be reached. It needs a local Docker engine, the built programs and the build tag e2e.
package bootstrap
