// Package sops finds secrets in files that SOPS has encrypted. It is apart from package store because SOPS links the
// clients of every cloud: only a program that resolves secrets should pay for them. It must not write such files.
package sops

import (
	"context"
	"errors"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/store"
)

// Source is files encrypted by SOPS: YAML, JSON, .env and INI, told apart by name. The keys are found as the sops program
// finds them, by the environment of this process (SOPS_AGE_KEY_FILE and others).
type Source struct{}

// Find implements store.Source. app.SecretSource.Key is the value's dotted path: "database.password", "list.0",
// "section.key" of INI.
func (Source) Find(ctx context.Context, s app.Secret) (store.Found, error) {
	return store.Found{}, errors.ErrUnsupported
}
