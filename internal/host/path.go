package host

import (
	"fmt"
	"io/fs"
	"strings"
)

// TempPrefix starts the names of files that are still being written. Files.List leaves them out.
const TempPrefix = ".longshore-tmp-"

// CheckPath answers an error where a path of Files is not slash-separated, relative and free of "..". The folder
// itself is ".".
func CheckPath(path string) error {
	if !fs.ValidPath(path) || strings.ContainsRune(path, 0) {
		return fmt.Errorf("%q is not a path inside the state folder", path)
	}
	return nil
}

// CheckPut answers an error where Files.Put cannot write that much there.
func CheckPut(path string, offset, size int64) error {
	if err := CheckPath(path); err != nil {
		return err
	}
	if offset < 0 || size < 0 || offset%PutBlock != 0 {
		return fmt.Errorf("put %d bytes at %d into %s: the offset is no multiple of %d", size, offset, path, PutBlock)
	}
	return nil
}
