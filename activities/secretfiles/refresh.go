package secretfiles

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// Versions are those of the secrets that a container has now, by name: as it was made, and as they were replaced under it
// since.
func Versions(ctx context.Context, h host.Host, site app.Site, c app.ContainerState) (map[string]string, error) {
	versions := app.SecretVersions(c.Labels[app.LabelSecrets])
	if len(versions) == 0 {
		return versions, nil
	}
	replaced, err := OfContainer(h, site, c).replaced(ctx)
	maps.Copy(versions, replaced)
	return versions, err
}

// LookUp completes containers of a site by the versions of secrets that they have now. Each folder is read once.
func LookUp(ctx context.Context, h host.Host, site app.Site, containers []app.ContainerState) error {
	known := map[string]map[string]string{} // what was replaced, by folder
	for i, c := range containers {
		versions := app.SecretVersions(c.Labels[app.LabelSecrets])
		if len(versions) == 0 {
			continue
		}
		folder := OfContainer(h, site, c)
		replaced, ok := known[folder.path]
		if !ok {
			var err error
			if replaced, err = folder.replaced(ctx); err != nil {
				return err
			}
			known[folder.path] = replaced
		}
		maps.Copy(versions, replaced)
		containers[i].Secrets = versions
	}
	return nil
}

// replaced are the versions of secrets that were replaced since the containers were made; nil where none was.
func (f Folder) replaced(ctx context.Context) (map[string]string, error) {
	return f.readVersions(ctx, f.path)
}

func (f Folder) readVersions(ctx context.Context, dir string) (map[string]string, error) {
	data, err := f.host.Files().Read(ctx, dir+"/"+versionsFile)
	if errors.Is(err, host.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var versions map[string]string
	if err := json.Unmarshal(data, &versions); err != nil {
		return nil, fmt.Errorf("read %s/%s: %w", f.under(dir), versionsFile, err)
	}
	return versions, nil
}

func (f Folder) writeVersions(ctx context.Context, dir string, versions map[string]string) error {
	data, err := json.Marshal(versions)
	if err != nil {
		return fmt.Errorf("write %s/%s: %w", f.under(dir), versionsFile, err)
	}
	return f.host.Files().Write(ctx, dir+"/"+versionsFile, data, 0)
}

// Refresh replaces files in the mounted folder under running containers. What was there is kept for Restore, under the
// name of the run that brings the new versions. Files that are mounted by themselves are left alone: a container goes on
// with the one that it was made with.
func (f Folder) Refresh(ctx context.Context, run string, files []File) error {
	var within []File
	for _, file := range files {
		if _, ok := inMounted(file.ServiceSecret); ok {
			within = append(within, file)
		}
	}
	if len(within) == 0 {
		return nil
	}
	if err := f.backUp(ctx, run); err != nil {
		return err
	}
	if err := f.Put(ctx, within); err != nil {
		return err
	}
	versions, err := f.replaced(ctx)
	if err != nil {
		return err
	}
	now := maps.Clone(versions)
	if now == nil {
		now = map[string]string{}
	}
	for _, file := range within {
		now[file.Name] = file.Version
	}
	if maps.Equal(now, versions) {
		return nil
	}
	return f.writeVersions(ctx, f.path, now)
}

// backUp keeps what is there, once for each run.
func (f Folder) backUp(ctx context.Context, run string) error {
	kept := f.path + "/" + before + run
	if known, err := f.readVersions(ctx, kept); err != nil || known != nil {
		return err
	}
	versions, err := f.replaced(ctx)
	if err != nil {
		return err
	}
	if versions == nil {
		versions = map[string]string{}
	}
	stage := f.path + "/" + temporary()
	if err := f.writeVersions(ctx, stage, versions); err != nil {
		return err
	}
	if err := f.asRoot(ctx, "cp", "-a", "--", f.absolute()+"/"+mounted, f.under(stage)+"/"); err != nil {
		return err
	}
	// What Drop has half removed tells of nothing any more.
	if err := f.host.Files().Remove(ctx, kept); err != nil {
		return err
	}
	return f.asRoot(ctx, "mv", "-f", "--", f.under(stage), f.under(kept))
}

// Restore brings back what Refresh has replaced of these secrets for a run, and answers whether there was anything. It
// finds it again until Drop.
func (f Folder) Restore(ctx context.Context, run string, secrets []app.ServiceSecret) (bool, error) {
	kept := f.path + "/" + before + run
	versions, err := f.readVersions(ctx, kept)
	if err != nil || versions == nil {
		return false, err
	}
	var within []File
	for _, s := range secrets {
		if _, ok := inMounted(s); ok && IsFile(s) {
			within = append(within, File{ServiceSecret: s})
		}
	}
	stage := f.path + "/" + temporary()
	// A copy is moved, so that a Restore that was interrupted finds all of it. The versions are what makes the folder.
	if err := f.writeVersions(ctx, stage, versions); err != nil {
		return false, err
	}
	if err := f.asRoot(ctx, "cp", "-a", "--", f.under(kept)+"/"+mounted, f.under(stage)+"/"); err != nil {
		return false, err
	}
	if err := f.move(ctx, stage, within); err != nil {
		return false, err
	}
	if len(versions) == 0 {
		return true, f.host.Files().Remove(ctx, f.path+"/"+versionsFile)
	}
	return true, f.writeVersions(ctx, f.path, versions)
}

// Drop forgets what Refresh has kept for a run, and what broke off in the folder. What tells of the first goes first: half of
// it would not do for a Restore.
func (f Folder) Drop(ctx context.Context, run string) error {
	kept := f.path + "/" + before + run
	if err := f.host.Files().Remove(ctx, kept+"/"+versionsFile); err != nil {
		return err
	}
	if err := f.host.Files().Remove(ctx, kept); err != nil {
		return err
	}
	return f.sweep(ctx, making)
}
