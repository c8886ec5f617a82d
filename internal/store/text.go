package store

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
)

// ciphertext is what age has encrypted.
type ciphertext struct {
	// For tells the set of recipients from others, so that it is known what is still to be encrypted anew.
	For  string `json:"for,omitempty"`
	Text string `json:"text,omitempty"`
}

var (
	errNoIdentity = errors.New("no identity fits")
	errDamaged    = errors.New("it cannot be decrypted")
)

func encrypt(plain []byte, to recipients) (ciphertext, error) {
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, to.to...)
	if err == nil {
		_, err = w.Write(plain)
		err = errors.Join(err, w.Close())
	}
	if err != nil {
		return ciphertext{}, fmt.Errorf("encrypt: %w", err)
	}
	return ciphertext{For: to.id, Text: base64.StdEncoding.EncodeToString(sealed.Bytes())}, nil
}

// decrypt fails with errNoIdentity or errDamaged.
func (c ciphertext) decrypt(identities []age.Identity) ([]byte, error) {
	data, err := base64.StdEncoding.Strict().DecodeString(c.Text)
	if err != nil {
		return nil, errDamaged
	}
	if len(identities) == 0 {
		return nil, errNoIdentity
	}
	r, err := age.Decrypt(bytes.NewReader(data), identities...)
	var none *age.NoIdentityMatchError
	switch {
	case errors.As(err, &none):
		return nil, errNoIdentity
	case err != nil:
		return nil, errDamaged
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, errDamaged
	}
	return plain, nil
}

// recipients counts them by the stanzas of age's header.
func (c ciphertext) recipients() int {
	data, err := base64.StdEncoding.DecodeString(c.Text)
	if err != nil {
		return 0
	}
	header, err := age.ExtractHeader(bytes.NewReader(data))
	if err != nil {
		return 0
	}
	return strings.Count(string(header), "\n-> ")
}
