package main

import (
	"github.com/longshore-dev/longshore/activities/engine"
	"github.com/longshore-dev/longshore/activities/unseal"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/internal/sealed"
	"github.com/longshore-dev/longshore/internal/secret"
	"github.com/longshore-dev/longshore/internal/store"
	"github.com/longshore-dev/longshore/internal/store/sops"
)

// secrets are how this worker finds, opens and hides the values of secrets. Whatever it opens, the masker has learned.
type secrets struct {
	opener unseal.Opener
	finder store.Finder
	masker *secret.Masker
}

// secretsIn uses the key ring and the age identities of a state folder. A new place for secrets, such as a server, is one
// more source here.
func secretsIn(state string) (secrets, error) {
	ring, err := keyring.Open(engine.KeyRingPath(state))
	if err != nil {
		return secrets{}, err
	}
	sealer := sealed.Sealer{Ring: ring}
	masker := &secret.Masker{}
	return secrets{
		opener: unseal.Opener{Sealer: sealer, Masker: masker},
		finder: store.Finder{
			Keys: store.Keys{Path: engine.IdentityPath(state)},
			Sources: map[string]store.Source{
				app.FromFile: store.File{}, app.FromSOPS: sops.Source{}, app.FromCommand: store.Command{}, app.FromEnv: store.Env{},
			},
			Version: sealer.Version,
		},
		masker: masker,
	}, nil
}
