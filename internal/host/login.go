package host

import (
	"encoding/base64"

	"github.com/longshore-dev/longshore/internal/secret"
)

// Login is who asks a registry. The zero value is nobody.
type Login struct {
	// Registry is its name, as image references have it.
	Registry string
	Username string
	Password secret.String
	// IdentityToken and RegistryToken stand in for a password, as some credential helpers give them.
	IdentityToken secret.String
	RegistryToken secret.String
}

// Anonymous says whether there is nothing to log in with.
func (l Login) Anonymous() bool {
	return l.Password.Empty() && l.IdentityToken.Empty() && l.RegistryToken.Empty()
}

// Secrets are what is secret of the login.
func (l Login) Secrets() []secret.String {
	return []secret.String{l.Password, l.IdentityToken, l.RegistryToken}
}

// Mask hides what is secret of the login in a text, such as a registry's answer.
func (l Login) Mask(text string) string {
	if !l.Password.Empty() {
		pair := []byte(l.Username + ":" + l.Password.Reveal())
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			text = secret.New(encoding.EncodeToString(pair)).Mask(text)
		}
	}
	for _, s := range l.Secrets() {
		text = s.Mask(text)
	}
	return text
}
