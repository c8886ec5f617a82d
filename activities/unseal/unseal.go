// Package unseal opens the sealed secrets of an activity's input, in the one activity that needs their values, and has
// everything opened masked from then on. It must not know what the values are for.
package unseal

import (
	"errors"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/internal/sealed"
	"github.com/longshore-dev/longshore/internal/secret"
)

// Learner is told of every value that must not be shown; the worker's masker is one.
type Learner interface {
	Learn(value secret.String)
}

// Opener opens sealed values. It is safe for concurrent use.
type Opener struct {
	Sealer sealed.Sealer
	Masker Learner
}

// Open answers the value that was sealed under a name: that of the secret, also for a password that is only a part of it.
// Its errors are failures of app.KindSecret, which an activity may answer as they are.
func (o Opener) Open(name, text string) (secret.String, error) {
	if text == "" {
		return secret.String{}, activities.Fail(app.Failure{
			Kind: app.KindSecret, Message: "secret " + name + " has no value: the run did not resolve it",
			Advice: "Deploy again, which resolves every secret.",
		}, nil)
	}
	value, err := o.Sealer.Open(name, text)
	if err != nil {
		return secret.String{}, activities.Fail(app.Failure{Kind: app.KindSecret, Message: err.Error(), Advice: adviceOf(err)}, nil)
	}
	o.Masker.Learn(value)
	return value, nil
}

// Values opens secrets and answers them by name.
func (o Opener) Values(secrets []app.Secret) (map[string]secret.String, error) {
	values := make(map[string]secret.String, len(secrets))
	for _, s := range secrets {
		value, err := o.Open(s.Name, s.Sealed)
		if err != nil {
			return nil, err
		}
		values[s.Name] = value
	}
	return values, nil
}

// Know has values masked that were found elsewhere, such as a registry's password. Without a masker nothing is.
func (o Opener) Know(values ...secret.String) {
	for _, v := range values {
		if o.Masker != nil && !v.Empty() {
			o.Masker.Learn(v)
		}
	}
}

// Learn has the values of secrets masked, for a step that shows what others have written, such as a container's log. Where
// one does not open it fails as Open does: what is shown then could show the value.
func (o Opener) Learn(secrets []app.Secret) error {
	_, err := o.Values(secrets)
	return err
}

func adviceOf(err error) string {
	var unknown *keyring.UnknownKeyError
	switch {
	case errors.As(err, &unknown), errors.Is(err, keyring.ErrWrongKey):
		return "Bring back the key ring (keys.json in the state folder) that the value was sealed with, or deploy again, which seals every secret anew."
	case errors.Is(err, sealed.ErrForm):
		return "Deploy again, which seals every secret anew."
	default:
		return ""
	}
}
