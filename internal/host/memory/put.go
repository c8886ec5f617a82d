package memory

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/longshore-dev/longshore/internal/host"
)

// Put writes into a file, block by block.
func (f *files) Put(ctx context.Context, name string, offset int64, data io.Reader, size int64) error {
	if err := host.CheckPut(name, offset, size); err != nil {
		return err
	}
	line, err := f.begin(ctx, "Put", name)
	if err != nil {
		return err
	}
	f.store(name, offset, nil)
	block := make([]byte, host.PutBlock)
	for size > 0 {
		n := min(size, int64(len(block)))
		if _, err := io.ReadFull(data, block[:n]); err != nil {
			return fmt.Errorf("%s: put into %s: read what to put: %w", f.machine.name, name, err)
		}
		select {
		case <-line:
			return f.machine.lost()
		case <-ctx.Done():
			return context.Cause(ctx)
		default:
		}
		if free := f.store(name, offset, block[:n]); !free {
			return fmt.Errorf("%w: %s: put into %s", host.ErrDiskFull, f.machine.name, name)
		}
		offset, size = offset+n, size-n
	}
	return nil
}

// store says whether there was room.
func (f *files) store(name string, offset int64, block []byte) bool {
	m := f.machine
	m.mu.Lock()
	defer m.mu.Unlock()
	if int64(len(block)) > m.free {
		return false
	}
	// Somebody may still read the old data.
	known := slices.Clone(m.files[name].data)
	if short := offset + int64(len(block)) - int64(len(known)); short > 0 {
		known = append(known, make([]byte, short)...)
	}
	copy(known[offset:], block)
	m.files[name] = file{data: known, mode: 0o600, at: time.Now()}
	return true
}

// Stat looks at a file.
func (f *files) Stat(ctx context.Context, name string) (host.FileInfo, error) {
	if _, err := f.begin(ctx, "Stat", name); err != nil {
		return host.FileInfo{}, err
	}
	f.machine.mu.Lock()
	defer f.machine.mu.Unlock()
	found, ok := f.machine.files[name]
	if !ok {
		return host.FileInfo{}, fmt.Errorf("%w: %s: file %s", host.ErrNotFound, f.machine.name, name)
	}
	return host.FileInfo{Size: int64(len(found.data)), Age: time.Since(found.at)}, nil
}

// Age has a file seem older than it is.
func (m *Machine) Age(name string, by time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if known, ok := m.files[name]; ok {
		known.at = known.at.Add(-by)
		m.files[name] = known
	}
}
