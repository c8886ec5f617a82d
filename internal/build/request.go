package build

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/secret"
)

// Request is one image to build.
type Request struct {
	Build app.Build
	// Tag is the name that the image gets on the engine. It is moved there if another image has it.
	Tag string
	// Platform is the one that is asked for ("linux/amd64"); empty means Build.Platforms, and with none of them the
	// engine's own.
	Platform string
	// Labels are added to the image and win over Build.Labels. What changes from one build of the same source to the
	// next does not belong here: the image would be another one each time.
	Labels map[string]string
	// Login finds who asks a registry (app.DockerHub, "ghcr.io") for an image that is built upon; nil asks as nobody. It may
	// be called from any goroutine.
	Login func(ctx context.Context, registry string) (host.Login, error)
	// Values are those of the build's secrets that are a project's, by app.BuildSecret.Secret.
	Values map[string]secret.String
	// Found is told the values of the others, which are read where they are; nil tells nobody.
	Found func(secret.String)
}

// InvalidError is a request that no engine could fulfil as it stands, such as a missing context or secret.
type InvalidError struct{ err error }

func (e *InvalidError) Error() string { return e.err.Error() }
func (e *InvalidError) Unwrap() error { return e.err }

func invalid(format string, args ...any) error {
	return &InvalidError{err: fmt.Errorf(format, args...)}
}

func (r Request) check() error {
	if r.Tag == "" {
		return invalid("an image to build needs a tag")
	}
	return checkFolder("build context", r.Build.Context)
}

func checkFolder(what, path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return invalid("%s %q does not exist", what, path)
	case err != nil:
		return invalid("%s: %w", what, err)
	case !info.IsDir():
		return invalid("%s %q is not a folder", what, path)
	}
	return nil
}

// platforms are those to build for; none means the engine's own.
func (r Request) platforms() ([]string, error) {
	if r.Platform == "" {
		return r.Build.Platforms, nil
	}
	if len(r.Build.Platforms) > 0 && !slices.Contains(r.Build.Platforms, r.Platform) {
		return nil, invalid("platform %s is not among build.platforms %q", r.Platform, r.Build.Platforms)
	}
	return []string{r.Platform}, nil
}

// dockerfile is the path of the Dockerfile; it means nothing with an inline one.
func (r Request) dockerfile() string {
	path := cmp.Or(r.Build.Dockerfile, "Dockerfile")
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.Build.Context, path)
	}
	return path
}
