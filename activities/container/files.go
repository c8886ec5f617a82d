package container

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/longshore-dev/longshore/activities/release"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/planner"
)

// writeFiles puts a container's files into the site's folder on the host, named by what they are, and answers the
// mounts for them. They stay there as long as the site, so that a container that Docker restarts finds them. Containers
// that start at once may share a file: writer, the container's name, keeps what one has half done from the others.
func writeFiles(ctx context.Context, h host.Host, site app.Site, writer string, files []app.File) ([]app.Mount, error) {
	var mounts []app.Mount
	for _, f := range files {
		f.Mode = planner.FileMode(f)
		path := release.FilesDir(site) + "/" + planner.FileName(f)
		_, err := h.Files().Read(ctx, path)
		if errors.Is(err, host.ErrNotFound) {
			err = writeFile(ctx, h, path, writer, f)
		}
		if err != nil {
			return nil, fmt.Errorf("write the config for %s: %w", f.Target, err)
		}
		mounts = append(mounts, app.Mount{Type: "bind", Source: h.Files().Root() + "/" + path, Target: f.Target, ReadOnly: true})
	}
	return mounts, nil
}

// writeFile writes under another name first where the owner has to be set, so that a file of its own name is complete.
func writeFile(ctx context.Context, h host.Host, path, writer string, f app.File) error {
	if f.UID == 0 && f.GID == 0 {
		return h.Files().Write(ctx, path, f.Content, f.Mode)
	}
	fresh := path + "." + writer
	if err := h.Files().Write(ctx, fresh, f.Content, f.Mode); err != nil {
		return err
	}
	root := h.Files().Root() + "/"
	owner := strconv.Itoa(f.UID) + ":" + strconv.Itoa(f.GID)
	if _, err := h.Run(ctx, host.Command{Args: []string{"chown", owner, root + fresh}, Root: true}); err != nil {
		return err
	}
	_, err := h.Run(ctx, host.Command{Args: []string{"mv", root + fresh, root + path}, Root: true})
	return err
}
