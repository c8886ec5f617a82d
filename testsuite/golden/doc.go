// Package golden holds compose fragments to the Docker API requests that they become, through the loader and the
// translation that a deploy uses. It asks no engine.
//
// go test ./testsuite/golden -update writes the requests anew: read them before committing.
package golden
