package config

import "path/filepath"

// Sites are the names of a project's sites, sorted; none where the folder has no project file that can be read. It is for
// completing words: what is wrong with a file, Load says.
func Sites(dir string) []string { return sortedKeys(peek(dir).sites) }

// Hosts are the names of a project's hosts, sorted, in the same way.
func Hosts(dir string) []string { return sortedKeys(peek(dir).hosts) }

// peek reads a folder's project file as far as it can be read.
func peek(dir string) settingsFile {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return settingsFile{}
	}
	file := firstThere(dir, fileNames())
	if file == "" {
		return settingsFile{}
	}
	read, _ := readProjectFile(dir, file, false)
	return read
}
