package proxy

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/longshore-dev/longshore/internal/edge"
	"github.com/longshore-dev/longshore/internal/edge/tables"
)

// The files of the state folder.
const (
	routesFile = "routes.json"
	ownerFile  = "owner"
	lockFile   = "lock"
)

// store keeps the tables in the state folder. Of several edges on one folder the last to claim it writes; the others
// may only read.
type store struct {
	dir      string
	instance string
}

// claim makes this edge the folder's writer and returns what is kept. From then on no other edge's save succeeds. A
// file that cannot be read is put aside, and problem says so.
func (s *store) claim() (kept tables.Tables, problem string, err error) {
	unlock, err := s.lock()
	if err != nil {
		return kept, "", err
	}
	defer unlock()
	if err := s.replace(ownerFile, []byte(s.instance)); err != nil {
		return kept, "", err
	}
	return s.load()
}

// save writes the tables durably, or fails with edge.ErrSuperseded.
func (s *store) save(t tables.Tables) error {
	data, err := t.Encode()
	if err != nil {
		return err
	}
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	owner, err := os.ReadFile(filepath.Join(s.dir, ownerFile))
	if err != nil {
		return fmt.Errorf("reading who owns the routes: %w", err)
	}
	if string(owner) != s.instance {
		return edge.ErrSuperseded
	}
	return s.replace(routesFile, data)
}

// peek reads what is kept without claiming it; what cannot be read counts as nothing.
func (s *store) peek() tables.Tables {
	data, err := os.ReadFile(filepath.Join(s.dir, routesFile))
	if err != nil {
		return tables.Tables{}
	}
	kept, err := tables.Decode(data)
	if err != nil {
		return tables.Tables{}
	}
	return kept
}

func (s *store) load() (kept tables.Tables, problem string, err error) {
	path := filepath.Join(s.dir, routesFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return kept, "", nil
	}
	if err != nil {
		return kept, "", fmt.Errorf("reading the kept routes: %w", err)
	}
	kept, err = tables.Decode(data)
	if err == nil {
		return kept, "", nil
	}
	aside := routesFile + ".unreadable-" + time.Now().UTC().Format("20060102T150405.000000000")
	if renameErr := os.Rename(path, filepath.Join(s.dir, aside)); renameErr != nil {
		return kept, "", fmt.Errorf("putting the unreadable routes aside: %w", renameErr)
	}
	return kept, fmt.Sprintf("%v; the file was kept as %s and no site is routed until its next deploy", err, aside), nil
}

func (s *store) lock() (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(s.dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the routes: %w", err)
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking the routes: %w", err), f.Close())
	}
	// Closing the file gives the lock up.
	return func() { _ = f.Close() }, nil
}

// replace writes a file so that a crash leaves the old or the new one whole, and returns once it is on the disk.
func (s *store) replace(name string, data []byte) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing %s: %w", name, err)
		}
	}()
	f, err := os.OpenFile(filepath.Join(s.dir, name+".tmp"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(s.dir, name)); err != nil {
		return err
	}
	dir, err := os.Open(s.dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// socketOf is the name of an edge's own socket, and instanceOf reads it.
func socketOf(instance string) string { return "admin-" + instance + ".sock" }

func instanceOf(socket string) (string, bool) {
	name, ok := strings.CutPrefix(socket, "admin-")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(name, ".sock")
}
