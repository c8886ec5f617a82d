package read

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/longshore-dev/longshore/activities/engine"
	"github.com/longshore-dev/longshore/activities/release"
	"github.com/longshore-dev/longshore/activities/unseal"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/internal/sealed"
	"github.com/longshore-dev/longshore/internal/secret"
)

// veil masks the values of secrets in what containers have written. The zero value knows none, and has no key ring.
type veil struct {
	masker *secret.Masker
	ring   *keyring.Ring // nil where this machine has none
	// without is why values are shown; nil where none is that is known of.
	without error
}

// newVeil uses the key ring of a state folder. A read makes none.
func newVeil(state string, masker *secret.Masker) (veil, error) {
	v := veil{masker: masker}
	path := engine.KeyRingPath(state)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return v, nil
	}
	ring, err := keyring.Open(path)
	v.ring = ring
	return v, err
}

// learn has the values masked that a site's containers on a host may have: those of the current release, which may have
// replaced files under older containers, and of the releases that the containers were made for.
func (v *veil) learn(ctx context.Context, h host.Host, site app.Site, containers []app.ContainerState) error {
	current, recorded, err := release.Read(ctx, h, site)
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, c := range containers {
		wanted[c.Labels[app.LabelRelease]] = true
	}
	var older []string
	for _, id := range recorded {
		if wanted[id] && (current == nil || current.ID != id) {
			older = append(older, id)
		}
	}
	releases, err := release.LoadAll(ctx, h, site, older)
	if err != nil {
		return err
	}
	if current != nil {
		releases = append(releases, *current)
	}
	for _, r := range releases {
		v.open(r.Spec.Secrets)
	}
	return nil
}

func (v *veil) open(secrets []app.Secret) {
	for _, s := range secrets {
		if v.ring == nil {
			v.without = errors.New("this machine has not the key ring of the worker")
			return
		}
		opener := unseal.Opener{Sealer: sealed.Sealer{Ring: v.ring}, Masker: v.masker}
		if err := opener.Learn([]app.Secret{s}); err != nil {
			v.without = err
		}
	}
}

// warning is the line that comes before logs in which values may be seen; empty where none can.
func (v *veil) warning() string {
	if v.without == nil {
		return ""
	}
	return fmt.Sprintf("longshore: values of secrets are not masked in these logs: %v\n", v.without)
}
