// Package engine finds the Temporal engine that runs go to and dials it: the one that the user's TEMPORAL_* settings
// name, or else the embedded one, whose addresses are in the state folder. The CLI and the worker both dial through it,
// so that they always mean the same engine and the same keys. It must not know what runs there, nor how the embedded
// engine is started.
package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// StateVariable names the environment variable with the state folder: that of the embedded engine's data, the key ring,
// the age identities and the logs.
const StateVariable = "LONGSHORE_STATE"

// The files of the state folder that more than one program reads.
const (
	endpointsFile = "up.json"
	keyRingFile   = "keys.json"
	identityFile  = "identity.txt"
)

// StateDir is the state folder of a program that reads no other settings: $LONGSHORE_STATE, or longshore in
// $XDG_STATE_HOME, or ~/.local/state/longshore. It need not exist.
func StateDir() (string, error) {
	if dir := os.Getenv(StateVariable); dir != "" {
		return filepath.Abs(dir)
	}
	// The XDG specification has relative paths ignored.
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "longshore"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the state folder: %w; set %s to a folder", err, StateVariable)
	}
	return filepath.Join(home, ".local", "state", "longshore"), nil
}

// KeyRingPath is the key ring's file in a state folder.
func KeyRingPath(state string) string { return filepath.Join(state, keyRingFile) }

// IdentityPath is the file, in a state folder, of this machine's age identities, which open the file store of secrets.
func IdentityPath(state string) string { return filepath.Join(state, identityFile) }

// Endpoints is where the embedded engine is reached. They outlast the engine, so that a restart keeps them.
type Endpoints struct {
	// Engine is the "address:port" that clients dial.
	Engine string `json:"engine"`
	// UI and Codec are the URLs of the web UI and of the endpoint that decodes payloads for it.
	UI    string `json:"ui"`
	Codec string `json:"codec"`
}

// ReadEndpoints reads the state folder's endpoints; where the embedded engine was never started they are zero.
func ReadEndpoints(state string) (Endpoints, error) {
	var e Endpoints
	data, err := os.ReadFile(filepath.Join(state, endpointsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return e, nil
	}
	if err != nil {
		return e, fmt.Errorf("read the embedded engine's addresses: %w", err)
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return e, fmt.Errorf("read the embedded engine's addresses: %s is not valid (%w): remove it and run longshore up again", filepath.Join(state, endpointsFile), err)
	}
	return e, nil
}

// Write keeps the endpoints in the state folder, whole or not at all.
func (e Endpoints) Write(state string) error {
	data, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return fmt.Errorf("write the embedded engine's addresses: %w", err)
	}
	path := filepath.Join(state, endpointsFile)
	temp := path + ".new"
	err = os.WriteFile(temp, append(data, '\n'), 0o600)
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return fmt.Errorf("write the embedded engine's addresses: %w", err)
	}
	return nil
}
