package store

import (
	"context"
	"fmt"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
)

// Source is a place that secrets come from, other than the file store: a program, a file, a server. It is safe for
// concurrent use.
//
// Find answers the value that a secret has at this moment, by app.Secret.Source, and may be repeated at any time: it
// changes nothing, and who calls it retries what a retry may mend. It ends when ctx does. A secret that is not there is a
// *NotFoundError, an empty value is an error, and no error holds any part of a value. Found.Version is empty where the
// place has no versions; one that has, such as Vault, answers its own, and so is one more source and nothing else: a name
// in app.SecretSource.From, an entry in Finder.Sources.
type Source interface {
	Find(ctx context.Context, s app.Secret) (Found, error)
}

// Found is a value and where it was.
type Found struct {
	Value secret.String
	// Version is as in app.Secret.
	Version string
	// Scope is the kind of the file store's scope that had it; empty for another source.
	Scope string
}

// FoundIn is what a source answers for a text that it has found, which must not be empty or too large for a secret. The
// place is for messages: "the file /etc/token".
func FoundIn(name, place, text string) (Found, error) {
	if err := checkValue(text); err != nil {
		return Found{}, fmt.Errorf("the secret %s in %s: %w", name, place, err)
	}
	return Found{Value: secret.New(text)}, nil
}
