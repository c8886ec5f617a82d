// Package secretfiles keeps the files of secrets on a host, from where containers have them mounted. There is a folder for
// each service of a release, which all its containers share and which goes with the last of them:
//
//	sites/<site>/secrets/<release>/<service>/
//	  mounted/         what a container has at app.SecretsFolder, as one mount: a file in it may be replaced under it
//	  single/<hash>    files that are mounted elsewhere, each by itself
//	  versions.json    versions by name, once they are others than the containers were made with
//	  before-<run>/    mounted/ and versions.json as they were before a run replaced them
//
// All of it is root's, or the login's where that is not root; mounted/ itself can be read by everyone, but what is above it
// cannot. The package must not know where values come from, nor when a run brings them.
package secretfiles

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strings"

	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/secret"
)

const (
	mounted      = "mounted"
	single       = "single"
	versionsFile = "versions.json"
	before       = "before-" // and the run's release
	making       = "making-" // what is not complete yet, and random text
)

// defaultMode lets every user of the container read.
const defaultMode = 0o444

// File is a secret that is a file in a container.
type File struct {
	app.ServiceSecret
	Value secret.String
}

// Folder is the folder of a release's service on a host.
type Folder struct {
	host host.Host
	path string // in the host's state folder
}

func siteDir(site app.Site) string { return fence.SiteDir(site) + "/secrets" }

// Of is the folder of a release's service.
func Of(h host.Host, site app.Site, release, service string) Folder {
	return Folder{host: h, path: siteDir(site) + "/" + release + "/" + service}
}

// OfContainer is the folder that a container of a site has its files from.
func OfContainer(h host.Host, site app.Site, c app.ContainerState) Folder {
	return Of(h, site, c.Labels[app.LabelRelease], c.Labels[app.LabelService])
}

// IsFile says whether a service has the secret as a file.
func IsFile(s app.ServiceSecret) bool { return s.Env == "" }

// inMounted is a file's place below mounted/; false for one that is mounted by itself.
func inMounted(s app.ServiceSecret) (string, bool) {
	return strings.CutPrefix(path.Clean(s.Target), app.SecretsFolder+"/")
}

// placeOf is a file's place in the folder.
func placeOf(s app.ServiceSecret) string {
	if below, ok := inMounted(s); ok {
		return mounted + "/" + below
	}
	sum := sha256.Sum256([]byte(path.Clean(s.Target)))
	return single + "/" + hex.EncodeToString(sum[:8])
}

// Mounts are what a container needs to have the files of secrets where they belong. Variables are left out.
func (f Folder) Mounts(secrets []app.ServiceSecret) []app.Mount {
	root := f.absolute()
	var mounts []app.Mount
	whole := false
	for _, s := range secrets {
		if !IsFile(s) {
			continue
		}
		if _, ok := inMounted(s); !ok {
			mounts = append(mounts, app.Mount{Type: "bind", Source: root + "/" + placeOf(s), Target: s.Target, ReadOnly: true})
		} else if !whole {
			whole = true
			mounts = append(mounts, app.Mount{Type: "bind", Source: root + "/" + mounted, Target: app.SecretsFolder, ReadOnly: true})
		}
	}
	return mounts
}

// Put writes files into the folder, each whole at any moment, in the place of what was there. It may be repeated, and run
// at the same time as another Put of the same files.
func (f Folder) Put(ctx context.Context, files []File) error {
	if len(files) == 0 {
		return nil
	}
	stage := f.path + "/" + temporary()
	if err := f.fill(ctx, stage, files); err != nil {
		return err
	}
	if err := f.makeFolders(ctx, files); err != nil {
		return err
	}
	return f.move(ctx, stage, files)
}

// move moves files from below another folder to their own places, and removes that folder.
func (f Folder) move(ctx context.Context, stage string, files []File) error {
	for _, group := range grouped(files, func(s app.ServiceSecret) string { return path.Dir(placeOf(s)) }) {
		args := []string{"mv", "-f", "--"}
		for _, file := range group.files {
			args = append(args, f.under(stage)+"/"+placeOf(file.ServiceSecret))
		}
		if err := f.asRoot(ctx, append(args, f.absolute()+"/"+group.key+"/")...); err != nil {
			return err
		}
	}
	return f.host.Files().Remove(ctx, stage)
}

// fill writes files below another folder than their own, each with its owner.
func (f Folder) fill(ctx context.Context, stage string, files []File) error {
	for _, file := range files {
		mode := cmp.Or(file.Mode, defaultMode)
		if err := f.host.Files().Write(ctx, stage+"/"+placeOf(file.ServiceSecret), []byte(file.Value.Reveal()), mode); err != nil {
			return err
		}
	}
	for _, group := range grouped(files, ownerOf) {
		if group.key == root {
			continue
		}
		args := []string{"chown", group.key, "--"}
		for _, file := range group.files {
			args = append(args, f.under(stage)+"/"+placeOf(file.ServiceSecret))
		}
		// A login that cannot become root gives nobody a file: it has to be said that it lacks the right.
		if _, err := f.host.Run(ctx, host.Command{Args: args, Root: true}); err != nil {
			return err
		}
	}
	return nil
}

// makeFolders makes the folders of files. They are read through a mount by users of the container that are nobody on the
// host.
func (f Folder) makeFolders(ctx context.Context, files []File) error {
	args := []string{"install", "-d", "-m", "0755", "--"}
	known := map[string]bool{}
	for _, file := range files {
		dir := path.Dir(placeOf(file.ServiceSecret))
		for at, r := range dir + "/" { // from above, since each is made with its own mode only where it is named
			if above := dir[:min(at, len(dir))]; r == '/' && !known[above] {
				known[above] = true
				args = append(args, f.absolute()+"/"+above)
			}
		}
	}
	return f.asOwner(ctx, args...)
}

// absolute is the folder's path on the host.
func (f Folder) absolute() string { return f.under(f.path) }

// under is the path on the host of one in its state folder.
func (f Folder) under(state string) string { return f.host.Files().Root() + "/" + state }
