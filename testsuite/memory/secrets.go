package memory

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/unseal"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/internal/sealed"
	"github.com/longshore-dev/longshore/internal/secret"
)

// vault is the world's file store, with one scope: the project's.
type vault struct {
	mu      sync.Mutex
	sealer  sealed.Sealer
	masker  secret.Masker
	secrets map[string][]kept // by name, version 1 first
}

// kept is one version of a secret.
type kept struct {
	sealed  string
	revoked bool
}

// Keys has the world's workers keep their key ring in a folder. A world needs one before its first secret.
func (w *World) Keys(folder string) {
	ring, err := keyring.Open(filepath.Join(folder, "keys.json"))
	if err != nil {
		panic("memory: make a key ring: " + err.Error())
	}
	w.vault.mu.Lock()
	defer w.vault.mu.Unlock()
	w.vault.sealer = sealed.Sealer{Ring: ring}
	w.vault.secrets = map[string][]kept{}
}

// Secret gives a secret a new version, which is the current one, and answers it as a run gets it.
func (w *World) Secret(name, value string) app.Secret {
	v := &w.vault
	v.mu.Lock()
	defer v.mu.Unlock()
	text, err := v.sealer.Seal(name, secret.New(value))
	if err != nil {
		panic("memory: seal a secret: " + err.Error())
	}
	v.secrets[name] = append(v.secrets[name], kept{sealed: text})
	return v.version(app.Secret{Name: name}, len(v.secrets[name]))
}

// Version is a secret with one of its versions, as a run gets it.
func (w *World) Version(name string, number int) app.Secret {
	w.vault.mu.Lock()
	defer w.vault.mu.Unlock()
	return w.vault.version(app.Secret{Name: name}, number)
}

// Revoke has a version of a secret used by nothing any more.
func (w *World) Revoke(s app.Secret) {
	w.vault.mu.Lock()
	defer w.vault.mu.Unlock()
	w.vault.secrets[s.Name][number(s)-1].revoked = true
}

func number(s app.Secret) int {
	n, err := strconv.Atoi(s.Version)
	if err != nil {
		panic("memory: " + s.Name + " has no version " + s.Version)
	}
	return n
}

// version is a secret with one of its versions.
func (v *vault) version(s app.Secret, number int) app.Secret {
	s.Version, s.Scope, s.Sealed = strconv.Itoa(number), app.ScopeProject, v.secrets[s.Name][number-1].sealed
	return s
}

// current is a secret with its newest version that is not revoked.
func (v *vault) current(s app.Secret, wants []string) (app.Secret, error) {
	for i, k := range slices.Backward(v.secrets[s.Name]) {
		if !k.revoked {
			return v.version(s, i+1), nil
		}
	}
	return s, failing.With(app.Failure{Kind: app.KindSecret, Message: fmt.Sprintf("secret %s is missing, which %q want", s.Name, wants)}, nil)
}

// masker is the world's; nil, which masks nothing, for a run of activities that are all its own.
func (r *Run) masker() *secret.Masker {
	if r.World == nil {
		return nil
	}
	return &r.World.vault.masker
}

// opener is how activities of the world open what is sealed.
func (w *World) opener() unseal.Opener {
	w.vault.mu.Lock()
	defer w.vault.mu.Unlock()
	return unseal.Opener{Sealer: w.vault.sealer, Masker: &w.vault.masker}
}

func (w *World) resolveSecrets(_ context.Context, in activities.SecretsInput) (activities.SecretsResult, error) {
	w.vault.mu.Lock()
	defer w.vault.mu.Unlock()
	var out activities.SecretsResult
	for _, s := range in.Secrets {
		found, err := w.vault.current(s, in.Wants[s.Name])
		if err != nil {
			return activities.SecretsResult{}, err
		}
		out.Secrets = append(out.Secrets, found)
	}
	return out, nil
}

func (w *World) repinSecrets(_ context.Context, in activities.SecretsInput) (activities.SecretsResult, error) {
	w.vault.mu.Lock()
	defer w.vault.mu.Unlock()
	var out activities.SecretsResult
	for _, s := range in.Secrets {
		if w.vault.secrets[s.Name][number(s)-1].revoked {
			found, err := w.vault.current(s, in.Wants[s.Name])
			if err != nil {
				return activities.SecretsResult{}, err
			}
			out.Notes = append(out.Notes, fmt.Sprintf("version %s of %s is revoked: the current one, %s, is used", s.Version, s.Name, found.Version))
			s = found
		}
		out.Secrets = append(out.Secrets, s)
	}
	return out, nil
}
