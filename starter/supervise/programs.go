package supervise

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// TemporalVariable names the environment variable with the path of the temporal program.
const TemporalVariable = "LONGSHORE_TEMPORAL_CLI"

const workerName = "longshore-worker"

// FindTemporal finds Temporal's own CLI, whose dev server is the embedded engine.
func FindTemporal(state string) (string, error) {
	if path := os.Getenv(TemporalVariable); path != "" {
		if err := executable(path); err != nil {
			return "", fmt.Errorf("%s does not name a program: %w", TemporalVariable, err)
		}
		return path, nil
	}
	if path, err := exec.LookPath("temporal"); err == nil {
		return path, nil
	}
	places := []string{filepath.Join(state, "bin")}
	if own, err := ownFolder(); err == nil {
		places = append([]string{own}, places...)
	}
	for _, dir := range places {
		if path := filepath.Join(dir, "temporal"); executable(path) == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("the embedded engine needs the program temporal (1.5.1 or newer), which is not on the PATH nor in %s: "+
		"run make tools in a checkout of Longshore, install Temporal's CLI, or set %s to its path", places[0], TemporalVariable)
}

// FindWorker finds longshore-worker: beside this program, or on the PATH.
func FindWorker() (string, error) {
	own, err := ownFolder()
	if err != nil {
		return "", err
	}
	if path := filepath.Join(own, workerName); executable(path) == nil {
		return path, nil
	}
	if path, err := exec.LookPath(workerName); err == nil {
		return path, nil
	}
	return "", fmt.Errorf("the program %s is not in %s nor on the PATH: install it beside longshore (make build makes both)", workerName, own)
}

// ownFolder is where this program is, with links followed: a link on the PATH may be to an installation elsewhere.
func ownFolder() (string, error) {
	own, err := os.Executable()
	if err == nil {
		own, err = filepath.EvalSymlinks(own)
	}
	if err != nil {
		return "", fmt.Errorf("find this program's own folder: %w", err)
	}
	return filepath.Dir(own), nil
}

func executable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() || info.Mode().Perm()&0o111 == 0 {
		return errors.New(path + " is not executable")
	}
	return nil
}
