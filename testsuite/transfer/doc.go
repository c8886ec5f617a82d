// Package transfer sends images to real hosts over a link that counts bytes, cuts it, and spoils what has arrived. It
// needs a local Docker engine, bin/longshore-edge (make build) and the build tag e2e.
package transfer
