package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/longshore-dev/longshore/internal/host"
)

// files is the state folder. Its calls do not wait, so that looking at the context first is enough.
type files struct {
	root   string
	closed *atomic.Bool
}

// Root is the folder's path.
func (f *files) Root() string { return f.root }

// at answers the absolute path of a path in the folder.
func (f *files) at(ctx context.Context, path string) (string, error) {
	if f.closed.Load() {
		return "", errClosed
	}
	if err := host.CheckPath(path); err != nil {
		return "", err
	}
	return filepath.Join(f.root, filepath.FromSlash(path)), ctx.Err()
}

// kind adds the contract's words to an error of the file system.
func kind(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w", host.ErrNotFound, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %w", host.ErrDiskFull, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w; choose a state folder that this user may write, or run the worker as root", host.ErrRights, err)
	default:
		return err
	}
}

// Read reads a file.
func (f *files) Read(ctx context.Context, path string) ([]byte, error) {
	name, err := f.at(ctx, path)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, kind(err)
	}
	return data, nil
}

// Write replaces a file as a whole.
func (f *files) Write(ctx context.Context, path string, data []byte, mode uint32) error {
	name, err := f.at(ctx, path)
	if err != nil {
		return err
	}
	if mode == 0 {
		mode = 0o600
	}
	folder := filepath.Dir(name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return kind(err)
	}
	temp, err := os.CreateTemp(folder, host.TempPrefix+"*")
	if err != nil {
		return kind(err)
	}
	if err := fill(temp, data, fs.FileMode(mode)); err != nil {
		_ = os.Remove(temp.Name())
		return kind(err)
	}
	if err := os.Rename(temp.Name(), name); err != nil {
		_ = os.Remove(temp.Name())
		return kind(err)
	}
	return kind(syncFolder(folder))
}

func fill(file *os.File, data []byte, mode fs.FileMode) error {
	_, err := file.Write(data)
	if err == nil {
		err = file.Chmod(mode)
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// syncFolder makes a rename last.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// List lists a folder.
func (f *files) List(ctx context.Context, dir string) ([]string, error) {
	name, err := f.at(ctx, dir)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, kind(err)
	}
	var names []string
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), host.TempPrefix) {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// Remove deletes a file or a folder with all in it.
func (f *files) Remove(ctx context.Context, path string) error {
	name, err := f.at(ctx, path)
	if err != nil {
		return err
	}
	return kind(os.RemoveAll(name))
}

// The time between two tries to take a lock that somebody else has.
const (
	firstWait = 5 * time.Millisecond
	lastWait  = 200 * time.Millisecond
)

// Lock takes an advisory lock, which the process cannot lose.
func (f *files) Lock(ctx context.Context, path string, shared bool) (<-chan struct{}, func(), error) {
	name, err := f.at(ctx, path)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := host.Bounded(ctx, host.LockLimit)
	defer cancel()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, nil, kind(err)
	}
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, kind(err)
	}
	how := syscall.LOCK_EX
	if shared {
		how = syscall.LOCK_SH
	}
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
		if err == nil {
			var once sync.Once
			return nil, func() { once.Do(func() { _ = file.Close() }) }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			_ = file.Close()
			return nil, nil, fmt.Errorf("lock %s: %w", name, err)
		}
		select {
		case <-ctx.Done():
			_ = file.Close()
			return nil, nil, fmt.Errorf("lock %s: somebody else holds it: %w", name, context.Cause(ctx))
		case <-time.After(wait):
		}
	}
}

// FreeBytes asks the file system.
func (f *files) FreeBytes(ctx context.Context, path string) (int64, error) {
	if f.closed.Load() {
		return 0, errClosed
	}
	if !filepath.IsAbs(path) {
		return 0, fmt.Errorf("free space of %q: the path is not absolute", path)
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	for path = filepath.Clean(path); ; path = filepath.Dir(path) {
		var stat syscall.Statfs_t
		err := syscall.Statfs(path, &stat)
		if err == nil {
			return int64(stat.Bavail) * int64(stat.Bsize), nil
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) || path == "/" {
			return 0, kind(fmt.Errorf("free space of %s: %w", path, err))
		}
	}
}
