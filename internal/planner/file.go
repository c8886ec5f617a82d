package planner

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/longshore-dev/longshore/internal/app"
)

// FileName is what a container's config file is called on a host: it identifies the content, the owner and the mode, so
// that releases which share a config share the file.
func FileName(f app.File) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%d:%d:%o:", f.UID, f.GID, FileMode(f))
	sum.Write(f.Content)
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// FileMode is the mode of a config file, readable by everyone in the container where the spec says nothing.
func FileMode(f app.File) uint32 {
	if f.Mode == 0 {
		return 0o444
	}
	return f.Mode
}
