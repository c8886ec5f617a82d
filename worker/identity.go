package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/longshore-dev/longshore/workflows"
)

// ownQueue is the task queue of this worker alone. It outlasts a restart, so that a build whose worker was killed goes
// on where its image is.
func ownQueue(state string) (string, error) {
	path := filepath.Join(state, "worker-id")
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		id := make([]byte, 6)
		rand.Read(id) // never fails (crypto/rand, Go 1.24)
		data = []byte(hex.EncodeToString(id) + "\n")
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("read or make the worker's id: %w", err)
	}
	return workflows.TaskQueue + "-" + strings.TrimSpace(string(data)), nil
}
