package edge

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
)

// versionLength is enough hexadecimal digits to tell any two builds apart.
const versionLength = 16

// Version names an edge by its binary, so that every change of it is a new version.
func Version(binary io.Reader) (string, error) {
	hash := sha256.New()
	if _, err := io.Copy(hash, binary); err != nil {
		return "", fmt.Errorf("reading the edge binary: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil))[:versionLength], nil
}
