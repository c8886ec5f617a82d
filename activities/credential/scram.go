package credential

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// The parameters that PostgreSQL itself takes.
const (
	scramIterations = 4096
	scramSalt       = 16 // bytes
)

// scramVerifier is what PostgreSQL keeps of a password (RFC 5803): enough to check it, and not the password. The password
// must be ASCII, which SASLprep (RFC 4013) leaves as it is.
func scramVerifier(password string, salt []byte) (string, error) {
	salted, err := pbkdf2.Key(sha256.New, password, salt, scramIterations, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("derive a key from a password: %w", err)
	}
	stored := sha256.Sum256(hmacOf(salted, "Client Key"))
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", scramIterations, encode(salt), encode(stored[:]), encode(hmacOf(salted, "Server Key"))), nil
}

func hmacOf(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// ascii says whether a text is.
func ascii(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}
