package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

const (
	// incoming is the folder for uploads in a host's state folder. Their names are the site's prefix and their digest.
	incoming   = "incoming"
	partSuffix = ".part"
	// partKept is how long an upload that nobody goes on with stays.
	partKept = 24 * time.Hour
)

// partPrefix starts the names of a site's uploads.
func partPrefix(site app.Site) string {
	sum := sha256.Sum256([]byte(site.String()))
	return hex.EncodeToString(sum[:6]) + "-"
}

// Forget removes what a site's runs have left of uploads that did not come to their end. No transfer of the site may be
// under way.
func Forget(ctx context.Context, files host.Files, site app.Site) error {
	names, err := parts(ctx, files)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, partPrefix(site)) {
			if err := files.Remove(ctx, incoming+"/"+name); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeOld removes the uploads of all sites that nobody has gone on with.
func removeOld(ctx context.Context, files host.Files) error {
	names, err := parts(ctx, files)
	if err != nil {
		return err
	}
	for _, name := range names {
		part, err := files.Stat(ctx, incoming+"/"+name)
		if err == nil && part.Age > partKept {
			err = files.Remove(ctx, incoming+"/"+name)
		}
		if err != nil && !errors.Is(err, host.ErrNotFound) {
			return err
		}
	}
	return nil
}

// parts are the names of the uploads on a host.
func parts(ctx context.Context, files host.Files) ([]string, error) {
	names, err := files.List(ctx, incoming)
	var found []string
	for _, name := range names {
		if strings.HasSuffix(name, partSuffix) {
			found = append(found, name)
		}
	}
	return found, err
}
