package config

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// storeFiles tells the files of the secret store from all others. A rotation writes into the checkout: that makes nothing
// else of what is deployed.
type storeFiles []string // absolute paths of files and folders

// storeFiles are those of the project and, for who keeps it in the repository too, of the organization. A folder without
// recipients is none of the store's, whatever its name.
func (r *resolved) storeFiles(org string) storeFiles {
	var out storeFiles
	has := func(folder string) bool { return folder != "" && fileIsThere(filepath.Join(folder, recipientsFile)) }
	if folder := r.storeFolder(); has(folder) {
		out = append(out, filepath.Join(folder, recipientsFile), filepath.Join(folder, "project"), filepath.Join(folder, "sites"))
	}
	if folder := r.organizationFolder(org); has(folder) {
		out = append(out, folder)
	}
	return out
}

// has says whether a path is the store's, absolute.
func (s storeFiles) has(path string) bool {
	for _, own := range s {
		if within(own, path) {
			return true
		}
	}
	return false
}

// hasBelow says whether a folder holds anything of the store's.
func (s storeFiles) hasBelow(folder string) bool {
	for _, own := range s {
		if within(folder, own) {
			return true
		}
	}
	return false
}

// keepOut excludes the store's files from the contexts that images are built from: a rotation would make other images, and
// what is encrypted has no business in them.
func (s storeFiles) keepOut(services []app.Service) {
	for _, service := range services {
		if service.Build == nil {
			continue
		}
		contexts := append(slices.Collect(maps.Values(service.Build.AdditionalContexts)), service.Build.Context)
		for _, own := range s {
			if slices.ContainsFunc(contexts, func(context string) bool { return filepath.IsAbs(context) && within(context, own) }) {
				service.Build.Exclude = append(service.Build.Exclude, own)
			}
		}
	}
}

// within says whether path is folder, or lies in it.
func within(folder, path string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
