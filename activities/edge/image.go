package edge

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/longshore-dev/longshore/internal/edge/edgeimage"
)

// Image finds the edge for an architecture ("amd64", "arm64"). It may be called concurrently.
type Image interface {
	For(architecture string) (*edgeimage.Image, error)
}

// ProgramFolder finds the edge's binaries beside the worker's own: longshore-edge-linux-<architecture>, or
// longshore-edge for the worker's own architecture. Make one with NewProgramFolder.
type ProgramFolder struct {
	mu    sync.Mutex
	dir   string
	found map[string]*edgeimage.Image
}

// NewProgramFolder looks beside the running program.
func NewProgramFolder() (*ProgramFolder, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the worker's own folder: %w", err)
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return nil, fmt.Errorf("find the worker's own folder: %w", err)
	}
	return &ProgramFolder{dir: filepath.Dir(path), found: map[string]*edgeimage.Image{}}, nil
}

// For implements Image. The binary is read once.
func (p *ProgramFolder) For(architecture string) (*edgeimage.Image, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if image, ok := p.found[architecture]; ok {
		return image, nil
	}
	f, err := p.open(architecture)
	if err != nil {
		return nil, err
	}
	// The file stays open for the image to be read from: what is loaded is what was named, whatever becomes of the path.
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	image, err := edgeimage.New(f, info.Size(), architecture)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	p.found[architecture] = image
	return image, nil
}

func (p *ProgramFolder) open(architecture string) (*os.File, error) {
	name := "longshore-edge-linux-" + architecture
	f, err := os.Open(filepath.Join(p.dir, name))
	if errors.Is(err, fs.ErrNotExist) && architecture == runtime.GOARCH && runtime.GOOS == "linux" {
		f, err = os.Open(filepath.Join(p.dir, "longshore-edge"))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the worker has no edge for %s hosts: put %s into %s (make edge-%s builds it)", architecture, name, p.dir, architecture)
	}
	return f, err
}
