package supervise

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/longshore-dev/longshore/activities/engine"
)

const (
	databaseFile = "engine.db"
	// unbornFile stands beside a database that has never served. An engine that is killed while it makes its tables
	// would never start again; such a database holds nothing and is made anew.
	unbornFile = "engine.db.new"
)

// engineProgram is Temporal's dev server. Every commit reaches the disk (synchronous=full): a run that the engine has
// accepted must survive a power cut. The write-ahead log keeps that fast.
func (s *supervisor) engineProgram(path string, log io.Writer) *program {
	_, port, _ := net.SplitHostPort(s.endpoints.Engine)
	return &program{
		name: "engine",
		path: path,
		args: append([]string{
			"server", "start-dev",
			"--db-filename", filepath.Join(s.state, databaseFile),
			"--sqlite-pragma", "journal_mode=wal",
			"--sqlite-pragma", "synchronous=full",
			"--sqlite-pragma", "busy_timeout=10000",
			"--ip", loopback,
			"--port", port,
			"--ui-port", strconv.Itoa(portOf(s.endpoints.UI)),
			"--ui-codec-endpoint", s.endpoints.Codec,
			"--log-level", "warn",
			"--color", "never",
		}, engine.DevServer()...),
		// The dev server reads its settings from arguments alone: a variable meant for clients must not reach it.
		env:    slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "TEMPORAL_") }),
		dir:    s.state,
		before: func() error { return clearUnborn(s.state) },
		grace:  engineGrace,
		log:    log,
		say:    s.say,
	}
}

// workerProgram is longshore-worker, which finds the engine and the keys by the state folder.
func (s *supervisor) workerProgram(path string, log io.Writer) *program {
	return &program{
		name:  "worker",
		path:  path,
		env:   append(os.Environ(), engine.StateVariable+"="+s.state),
		dir:   s.state,
		grace: workerGrace,
		log:   log,
		say:   s.say,
	}
}

// clearUnborn removes a database that never served, and marks the next one as such until it does.
func clearUnborn(state string) error {
	database, unborn := filepath.Join(state, databaseFile), filepath.Join(state, unbornFile)
	_, err := os.Stat(unborn)
	switch {
	case err == nil:
		for _, file := range []string{database, database + "-wal", database + "-shm", database + "-journal"} {
			if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("remove a database that never served: %w", err)
			}
		}
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("look at the engine's database: %w", err)
	}
	if _, err := os.Stat(database); !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return fmt.Errorf("look at the engine's database: %w", err)
		}
		return nil
	}
	if err := os.WriteFile(unborn, nil, 0o600); err != nil {
		return fmt.Errorf("mark a new database: %w", err)
	}
	return nil
}

// markBorn says that the database serves, and must be kept from now on.
func markBorn(state string) error {
	if err := os.Remove(filepath.Join(state, unbornFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep the new database: %w", err)
	}
	return nil
}
