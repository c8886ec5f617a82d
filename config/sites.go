package config

import (
	"maps"
	"path/filepath"
	"slices"
)

// Sites are the names of a project's sites, sorted; none where the folder has no project file that can be read. It is for
// completing words: what is wrong with a file, Load says.
func Sites(dir string) []string {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil
	}
	file := firstThere(dir, fileNames())
	if file == "" {
		return nil
	}
	read, _ := readProjectFile(dir, file, false)
	return slices.Sorted(maps.Keys(read.sites))
}
