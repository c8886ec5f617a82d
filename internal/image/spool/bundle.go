package spool

import (
	"context"
	"io"
	"os"
	"sync"
)

// Bundle is a compressed file, which may still be growing. Close it. It is safe for concurrent use.
type Bundle struct {
	// Name is the same for the same key.
	Name string

	growth *growth
	once   sync.Once
}

// Whole is what is known of a bundle at its end.
type Whole struct {
	// Digest is the SHA-256 of the compressed bytes, in hexadecimal.
	Digest string `json:"digest"`
	// Size is the number of compressed bytes.
	Size int64 `json:"size"`
}

// Promise waits for what is known before the first byte.
func (b *Bundle) Promise(ctx context.Context) (Promise, error) {
	err := b.growth.wait(ctx, func() bool { return b.growth.begun })
	return b.growth.promised(), err
}

// Reach waits until the bundle has at least so many bytes, or is whole, and answers how many it has.
func (b *Bundle) Reach(ctx context.Context, least int64) (size int64, whole bool, err error) {
	g := b.growth
	err = g.wait(ctx, func() bool { return g.size >= least })
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.size, g.done, err
}

// Whole waits for the bundle's end.
func (b *Bundle) Whole(ctx context.Context) (Whole, error) {
	err := b.growth.wait(ctx, func() bool { return false })
	b.growth.mu.Lock()
	defer b.growth.mu.Unlock()
	return b.growth.whole, err
}

// Expected is how many bytes the bundle will have, as far as that can be told by now.
func (b *Bundle) Expected() int64 {
	g := b.growth
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.done:
		return g.size
	case g.taken == 0:
		return g.about.Plain
	}
	return max(g.size, int64(float64(g.about.Plain)*float64(g.size)/float64(g.taken)))
}

// Read returns the bytes between two offsets, which are there already. Several readers may read at once.
func (b *Bundle) Read(from, to int64) io.Reader {
	return io.NewSectionReader(b.growth.file, from, to-from)
}

// Close frees the file, not the disk.
func (b *Bundle) Close() error {
	var err error
	b.once.Do(func() { err = b.growth.leave() })
	return err
}

// growth is a bundle's file, while it is made and after.
type growth struct {
	file *os.File

	mu      sync.Mutex
	change  chan struct{} // closed and replaced at each change
	users   int           // who have the file open: the maker is one
	begun   bool          // what follows is known
	about   Promise
	taken   int64 // of the bytes to compress
	size    int64
	done    bool // what follows is known
	whole   Whole
	failure error
}

// growing is a bundle that is being made.
func growing(file *os.File) *growth {
	return &growth{file: file, change: make(chan struct{}), users: 1}
}

// grown is a bundle that was made before.
func grown(file *os.File, n note) *growth {
	return &growth{file: file, users: 1, begun: true, about: n.Promise, size: n.Size, done: true, whole: n.Whole}
}

// wait waits until something is so, or the bundle is whole. It fails where the making does.
func (g *growth) wait(ctx context.Context, so func() bool) error {
	for {
		g.mu.Lock()
		over, failure, change := g.done || so(), g.failure, g.change
		g.mu.Unlock()
		if failure != nil || over {
			return failure
		}
		select {
		case <-change:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// set changes something, and has all who wait look again.
func (g *growth) set(change func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change()
	close(g.change)
	g.change = make(chan struct{})
}

func (g *growth) promise(p Promise) { g.set(func() { g.about, g.begun = p, true }) }
func (g *growth) grow(size int64)   { g.set(func() { g.size = size }) }
func (g *growth) take(n int64)      { g.set(func() { g.taken = n }) }

// finish ends the making.
func (g *growth) finish(whole Whole, err error) {
	g.set(func() { g.whole, g.done, g.failure = whole, err == nil, err })
	_ = g.leave() // all that was written has been used, or is of no use
}

func (g *growth) promised() Promise {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.about
}

func (g *growth) join() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.users++
}

func (g *growth) leave() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.users--; g.users > 0 {
		return nil
	}
	return g.file.Close()
}
