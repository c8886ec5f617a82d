package memory

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/longshore-dev/longshore/internal/host"
)

type file struct {
	data []byte
	mode uint32
	// owner is "user:group"; empty means root's.
	owner string
	at    time.Time // when it was last written
}

// files is the state folder, a map of paths.
type files struct {
	host    *Host
	machine *Machine
}

func (f *files) begin(ctx context.Context, op, name string) (<-chan struct{}, error) {
	if err := host.CheckPath(name); err != nil {
		return nil, err
	}
	return f.host.begin(ctx, "Files."+op, name)
}

// Root is the folder's path.
func (f *files) Root() string {
	f.machine.mu.Lock()
	defer f.machine.mu.Unlock()
	return f.machine.root
}

// Read reads a file.
func (f *files) Read(ctx context.Context, name string) ([]byte, error) {
	if _, err := f.begin(ctx, "Read", name); err != nil {
		return nil, err
	}
	f.machine.mu.Lock()
	defer f.machine.mu.Unlock()
	found, ok := f.machine.files[name]
	if !ok {
		return nil, fmt.Errorf("%w: %s: file %s", host.ErrNotFound, f.machine.name, name)
	}
	return slices.Clone(found.data), nil
}

// Write replaces a file.
func (f *files) Write(ctx context.Context, name string, data []byte, mode uint32) error {
	if _, err := f.begin(ctx, "Write", name); err != nil {
		return err
	}
	if mode == 0 {
		mode = 0o600
	}
	f.machine.mu.Lock()
	defer f.machine.mu.Unlock()
	if int64(len(data)) > f.machine.free {
		return fmt.Errorf("%w: %s: write %s", host.ErrDiskFull, f.machine.name, name)
	}
	f.machine.files[name] = file{data: slices.Clone(data), mode: mode, at: time.Now()}
	return nil
}

// List lists a folder.
func (f *files) List(ctx context.Context, dir string) ([]string, error) {
	if _, err := f.begin(ctx, "List", dir); err != nil {
		return nil, err
	}
	f.machine.mu.Lock()
	defer f.machine.mu.Unlock()
	var names []string
	for name := range f.machine.files {
		rest, ok := strings.CutPrefix(name, dir+"/")
		if dir == "." {
			rest, ok = name, true
		}
		if ok {
			first, _, _ := strings.Cut(rest, "/")
			names = append(names, first)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Remove deletes a file or a folder.
func (f *files) Remove(ctx context.Context, name string) error {
	if _, err := f.begin(ctx, "Remove", name); err != nil {
		return err
	}
	f.machine.mu.Lock()
	defer f.machine.mu.Unlock()
	for known := range f.machine.files {
		if known == name || strings.HasPrefix(known, name+"/") || name == "." {
			delete(f.machine.files, known)
		}
	}
	return nil
}

// FreeBytes answers what SetFree was given.
func (f *files) FreeBytes(ctx context.Context, place string) (int64, error) {
	if !path.IsAbs(place) {
		return 0, fmt.Errorf("free space of %q: the path is not absolute", place)
	}
	if _, err := f.host.begin(ctx, "Files.FreeBytes", place); err != nil {
		return 0, err
	}
	f.machine.mu.Lock()
	defer f.machine.mu.Unlock()
	return f.machine.free, nil
}

// lock is one advisory lock and its holders.
type lock struct {
	holders []*holding
}

type holding struct {
	host   *Host
	shared bool
}

func (l *lock) free(shared bool) bool {
	for _, h := range l.holders {
		if !shared || !h.shared {
			return false
		}
	}
	return true
}

func (l *lock) drop(h *holding) {
	l.holders = slices.DeleteFunc(l.holders, func(known *holding) bool { return known == h })
}

func (l *lock) dropAll(owner *Host) {
	l.holders = slices.DeleteFunc(l.holders, func(known *holding) bool { return known.host == owner })
}

// Lock takes an advisory lock.
func (f *files) Lock(ctx context.Context, name string, shared bool) (<-chan struct{}, func(), error) {
	line, err := f.begin(ctx, "Lock", name)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := host.Bounded(ctx, host.LockLimit)
	defer cancel()
	m := f.machine
	mine := &holding{host: f.host, shared: shared}
	var taken *lock
	err = f.host.await(ctx, line, func() (bool, time.Duration) {
		l := m.locks[name]
		if l == nil {
			l = &lock{}
			m.locks[name] = l
		}
		if !l.free(shared) {
			return false, 0
		}
		l.holders = append(l.holders, mine)
		taken = l
		// Like a real lock's, its file is there from now on.
		if _, ok := m.files[name]; !ok {
			m.files[name] = file{mode: 0o600, at: time.Now()}
		}
		return true, 0
	})
	if err != nil {
		return nil, nil, fmt.Errorf("%s: lock %s: %w", m.name, name, err)
	}
	var once sync.Once
	return line, func() {
		once.Do(func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			taken.drop(mine)
			m.changed()
		})
	}, nil
}
