package config

import (
	"path/filepath"
	"strings"
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

// below are the store's paths inside a folder, relative to it.
func (s storeFiles) below(folder string) []string {
	var out []string
	for _, own := range s {
		if rel, err := filepath.Rel(folder, own); err == nil && within(folder, own) && rel != "." {
			out = append(out, filepath.ToSlash(rel))
		}
	}
	return out
}

// within says whether path is folder, or lies in it.
func within(folder, path string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
