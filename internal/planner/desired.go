package planner

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// Desired is what a site should become.
type Desired struct {
	Spec app.Spec
	// Images are the images that each host holds for each service, by host and service: known once they are built and
	// carried there. A service without an entry is judged by its source.
	Images map[string]map[string]app.Image
	// Recorded says that the spec is a recorded release's: its images are known and nothing is built, and no release
	// command runs, since what one did to a schema is done, and does not go back.
	Recorded bool
	// Number is the highest release number that is known of the site beside what the hosts show; 0 for none.
	Number int
	// Force are the services that get new containers though nothing about them differs.
	Force []string
	// Stopped says that the site is stopped and stays so: no container and no route of it is touched.
	Stopped bool
}

// image answers the image that a service shall run on a host, and whether it is known.
func (d Desired) image(host, service string) (app.Image, bool) {
	image, ok := d.Images[host][service]
	return image, ok
}

// ConfigHash identifies everything that a service's containers are created with, but the image's content and what changes
// while they run: two containers of equal hash and equal image id are interchangeable.
func ConfigHash(s app.Service) string {
	s.Container.Secrets = slices.Clone(s.Container.Secrets)
	for i, have := range s.Container.Secrets {
		if s.InPlace(have) {
			s.Container.Secrets[i].Version = ""
		}
	}
	// What is asked of the edge or of a health check is not part of the container: a change of it needs no new one.
	text, err := json.Marshal(struct {
		Container app.Container
		Replicas  int
		Platform  string
	}{s.Container, s.Replicas, s.Platform})
	if err != nil {
		// Container is plain data: it has no value that JSON cannot hold.
		panic("planner: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// ContainerName names a service's replica in a release.
func ContainerName(site app.Site, service, release string, replica int) string {
	return site.Prefix() + "-" + service + "-" + release + "-" + strconv.Itoa(replica)
}

// ReleaseCommandName names the container of a service's release command.
func ReleaseCommandName(site app.Site, service, release string) string {
	return site.Prefix() + "-" + service + "-" + release + "-release"
}

// ImageTag is the reference that a release's built image has on every host.
func ImageTag(site app.Site, service, release string) string {
	return ImageRepository(site, service) + ":" + release
}

// ImageRepository is ImageTag without the release.
func ImageRepository(site app.Site, service string) string {
	return "longshore/" + site.Prefix() + "/" + service
}

// ImageRelease reads the release from a tag that ImageTag made; false where the tag is somebody else's.
func ImageRelease(site app.Site, service, tag string) (string, bool) {
	return strings.CutPrefix(tag, ImageRepository(site, service)+":")
}

// NetworkName is the real name of a network of the site.
func NetworkName(site app.Site, n app.Network) string {
	if n.External != "" {
		return n.External
	}
	return site.Prefix() + "-" + n.Name
}

// VolumeName is the real name of a volume of the site.
func VolumeName(site app.Site, v app.Volume) string {
	switch {
	case v.External != "":
		return v.External
	case v.CustomName != "":
		return v.CustomName
	default:
		return site.Prefix() + "-" + v.Name
	}
}
