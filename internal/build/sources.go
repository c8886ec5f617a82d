package build

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/moby/buildkit/client"
	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
)

// The names that the Dockerfile frontend knows the two folders by that it always reads.
const (
	contextMount    = "context"
	dockerfileMount = "dockerfile"
)

// sources adds the folders that the build may read to a solve, and answers the Dockerfile's text. cleanup removes what
// was written for the build, and is never nil.
func (r Request) sources(opt *client.SolveOpt) (text []byte, cleanup func(), err error) {
	cleanup = func() {}
	if err := mountFolder(opt, contextMount, r.Build.Context, r.Build.Exclude); err != nil {
		return nil, cleanup, err
	}
	opt.SharedKey = r.Build.Context

	path := r.dockerfile()
	if inline := r.Build.DockerfileInline; inline != "" {
		folder, err := os.MkdirTemp("", "longshore-dockerfile-")
		if err != nil {
			return nil, cleanup, fmt.Errorf("making a folder for the inline Dockerfile: %w", err)
		}
		cleanup = func() { _ = os.RemoveAll(folder) }
		path, text = filepath.Join(folder, "Dockerfile"), []byte(inline)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return nil, cleanup, fmt.Errorf("writing the inline Dockerfile: %w", err)
		}
	} else if text, err = os.ReadFile(path); errors.Is(err, fs.ErrNotExist) {
		return nil, cleanup, invalid("Dockerfile %q does not exist", path)
	} else if err != nil {
		return nil, cleanup, invalid("reading the Dockerfile: %w", err)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, cleanup, invalid("Dockerfile %q is empty", path)
	}
	if err := mountFolder(opt, dockerfileMount, filepath.Dir(path), nil); err != nil {
		return nil, cleanup, err
	}
	opt.FrontendAttrs["filename"] = filepath.Base(path)
	return text, cleanup, r.additionalContexts(opt)
}

func (r Request) additionalContexts(opt *client.SolveOpt) error {
	contexts := r.Build.AdditionalContexts
	if len(contexts) == 0 {
		return nil
	}
	opt.FrontendAttrs["frontend.caps"] = "moby.buildkit.frontend.contexts+forward"
	for _, name := range slices.Sorted(maps.Keys(contexts)) {
		source := contexts[name]
		if strings.HasPrefix(source, "service:") {
			return invalid("additional context %q: the image of another service (%s) cannot be one yet; name an image with docker-image://", name, source)
		}
		if strings.Contains(source, "://") || strings.HasPrefix(source, "target:") {
			opt.FrontendAttrs["context:"+name] = source
			continue
		}
		if err := checkFolder(fmt.Sprintf("additional context %q", name), source); err != nil {
			return err
		}
		mount := "additional-" + name // a name of ours cannot meet those of the frontend
		if err := mountFolder(opt, mount, source, r.Build.Exclude); err != nil {
			return err
		}
		opt.FrontendAttrs["context:"+name] = "local:" + mount
	}
	return nil
}

// mountFolder lets the build read a folder, without what is excluded.
func mountFolder(opt *client.SolveOpt, name, path string, exclude []string) error {
	folder, err := fsutil.NewFS(path)
	if err == nil && len(exclude) > 0 {
		folder, err = fsutil.NewFilterFS(folder, &fsutil.FilterOpt{Map: func(file string, stat *types.Stat) fsutil.MapResult {
			switch {
			case !slices.Contains(exclude, filepath.Join(path, file)):
				return fsutil.MapResultKeep
			case os.FileMode(stat.Mode).IsDir():
				return fsutil.MapResultSkipDir
			}
			return fsutil.MapResultExclude
		}})
	}
	if err != nil {
		return invalid("reading %q: %w", path, err)
	}
	opt.LocalMounts[name] = folder
	return nil
}
