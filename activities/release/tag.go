package release

import (
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/planner"
)

// releaseOf reads the release from one of the site's image tags; false where the tag is somebody else's name for the
// image.
func releaseOf(site app.Site, service, tag string) (string, bool) {
	return strings.CutPrefix(tag, planner.ImageRepository(site, service)+":")
}
