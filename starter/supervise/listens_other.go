//go:build !linux

package supervise

// listens is only known on Linux: elsewhere whoever answers is taken for ours.
func listens(int, int) (bool, error) { return true, nil }
