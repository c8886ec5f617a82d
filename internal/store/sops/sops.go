// Package sops finds secrets in files that SOPS has encrypted. It is apart from package store because SOPS links the
// clients of every cloud: only a program that resolves secrets should pay for them. It must not write such files.
package sops

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/cmd/sops/common"
	"github.com/getsops/sops/v3/cmd/sops/formats"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/decrypt"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/store"
)

const (
	// decryptWithin is how long the services that have the keys may take.
	decryptWithin = 30 * time.Second
	// maxFile bounds a file, in bytes: one of many secrets is some hundred kilobytes.
	maxFile = 16 << 20
)

// Source is files encrypted by SOPS: YAML, JSON, .env and INI, told apart by name, and any other as one value. The keys are
// found as the sops program finds them, by the environment of this process (SOPS_AGE_KEY_FILE and others).
type Source struct{}

// Find implements store.Source. app.SecretSource.Key is the value's dotted path: "database.password", "list.0",
// "section.key" of INI; it is empty for a file that is one value. A number or a truth value is answered as text.
func (Source) Find(ctx context.Context, s app.Secret) (store.Found, error) {
	path, key := s.Source.File, s.Source.Key
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return store.Found{}, &store.NotFoundError{Name: s.Name, Where: []string{"the file " + path}}
	case err != nil:
		return store.Found{}, fmt.Errorf("the secret %s: %w", s.Name, err)
	case !info.Mode().IsRegular():
		return store.Found{}, fmt.Errorf("the secret %s: %s is not a plain file", s.Name, path)
	case info.Size() > maxFile:
		return store.Found{}, fmt.Errorf("the secret %s: the file %s has more than %d bytes", s.Name, path, maxFile)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return store.Found{}, fmt.Errorf("the secret %s: %w", s.Name, err)
	}
	where := fmt.Sprintf("%s of the file %s", key, path)
	format := formats.FormatForPath(path)
	plain, err := within(ctx, func() ([]byte, error) { return decrypt.DataWithFormat(data, format) })
	switch {
	case errors.Is(err, sops.MetadataNotFound):
		return store.Found{}, fmt.Errorf("the secret %s: the file %s is not encrypted by SOPS", s.Name, path)
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return store.Found{}, fmt.Errorf("the secret %s: decrypt %s: %w", s.Name, path, err)
	case err != nil:
		// SOPS's own message may quote what it read.
		return store.Found{}, fmt.Errorf("the secret %s: the file %s cannot be decrypted: run `sops decrypt %s` as the worker's user to see why", s.Name, path, path)
	}
	if format == formats.Binary {
		if key != "" {
			return store.Found{}, fmt.Errorf("the secret %s: the file %s is one value, and has no key %s: leave the key out", s.Name, path, key)
		}
		return store.FoundIn(s.Name, "the file "+path, string(plain))
	}
	tree, err := common.StoreForFormat(format, config.NewStoresConfig()).LoadPlainFile(plain)
	if err != nil {
		return store.Found{}, fmt.Errorf("the secret %s: what the file %s holds is not of the form that its name says", s.Name, path)
	}
	text, err := lookup(tree, key)
	switch {
	case errors.Is(err, errNone):
		return store.Found{}, &store.NotFoundError{Name: s.Name, Where: []string{where}}
	case err != nil:
		return store.Found{}, fmt.Errorf("the secret %s: %s %w", s.Name, where, err)
	}
	return store.FoundIn(s.Name, where, text)
}

// within ends with ctx. SOPS takes none: what a service of keys never answers is left behind.
func within(ctx context.Context, decrypt func() ([]byte, error)) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, decryptWithin)
	defer cancel()
	type answer struct {
		plain []byte
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		plain, err := decrypt()
		done <- answer{plain, err}
	}()
	select {
	case a := <-done:
		return a.plain, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
