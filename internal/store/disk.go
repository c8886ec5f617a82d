package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// lockWithin is how long a writer waits for others, who need milliseconds.
	lockWithin = 30 * time.Second

	// tempName is the same for all writes in a folder: the lock leaves one at a time, and what a dead one has left is
	// written over.
	tempName = ".longshore.tmp"

	// The modes of what holds no secret in plain text, and of what does.
	publicFile, publicFolder   = 0o644, 0o755
	privateFile, privateFolder = 0o600, 0o700
)

// lock makes a folder where there is none and keeps other writers out of it, until unlock is called or the process ends.
// It is not re-entrant.
func lock(folder string, mode fs.FileMode) (unlock func(), err error) {
	late := time.NewTimer(lockWithin)
	defer late.Stop()
	for {
		if err := os.MkdirAll(folder, mode); err != nil {
			return nil, err
		}
		dir, err := os.Open(folder)
		if errors.Is(err, fs.ErrNotExist) { // somebody removed it at this moment
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := flock(dir, late.C); err != nil {
			return nil, err
		}
		if is(dir, folder) {
			return func() { _ = dir.Close() }, nil
		}
		// It was removed, or replaced, while its lock was waited for.
		if err := dir.Close(); err != nil {
			return nil, err
		}
	}
}

// flock waits in the kernel's queue, where nobody is passed over. If it fails, the folder is closed, or will be as soon as
// its turn comes.
func flock(dir *os.File, late <-chan time.Time) error {
	turn := make(chan error, 1)
	go func() {
		err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX)
		for errors.Is(err, syscall.EINTR) {
			err = syscall.Flock(int(dir.Fd()), syscall.LOCK_EX)
		}
		turn <- err
	}()
	select {
	case err := <-turn:
		if err != nil {
			return errors.Join(fmt.Errorf("lock %s: %w", dir.Name(), err), dir.Close())
		}
		return nil
	case <-late:
		go func() {
			<-turn
			_ = dir.Close()
		}()
		return fmt.Errorf("another longshore has been writing in %s for %s: try again when it is done", dir.Name(), lockWithin)
	}
}

func is(dir *os.File, path string) bool {
	a, errA := dir.Stat()
	b, errB := os.Stat(path)
	return errA == nil && errB == nil && os.SameFile(a, b)
}

// sameFolder says whether two paths are one folder; one that does not exist is no other.
func sameFolder(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// replace writes a file whole: at any moment, also after a crash of the machine, it is as before or as after. The folder is
// locked by the caller.
func replace(path string, data []byte, mode fs.FileMode) error {
	folder := filepath.Dir(path)
	temp := filepath.Join(folder, tempName)
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
