// Package keyring keeps the keys that a run's payloads are encrypted with: a small file of AES-256 keys, made on first
// use. It must not know what is encrypted, nor how it travels.
//
// The file is JSON, {"keys":[{"id":"…","key":"<base64 of 32 bytes>"}, …]}, newest first. The first key encrypts, all
// decrypt, so that a new key is brought in by putting it in front (Rotate).
package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"sync"
)

// KeySize is the size of every key, in bytes.
const KeySize = 32

// Ring encrypts with its newest key and decrypts with any. It is safe for concurrent use.
type Ring struct {
	path string

	reading sync.Mutex // one read of the file at a time, so that an older one never replaces a newer

	mu     sync.RWMutex
	seen   os.FileInfo // the file as it was read
	newest string
	oldest []byte
	aeads  map[string]cipher.AEAD
}

// ErrWrongKey says that the ring has a key of the right id that does not fit: another ring's, or the text was changed.
var ErrWrongKey = errors.New("the key of that id does not decrypt it: the key ring is not the one it was encrypted with, or it was changed on the way")

// UnknownKeyError says that text was encrypted with a key that the ring does not have.
type UnknownKeyError struct {
	ID   string // of the key
	Path string // of the ring's file
}

func (e *UnknownKeyError) Error() string {
	return fmt.Sprintf("key %q is not in the key ring %s: copy the key ring of the machine that encrypted it", e.ID, e.Path)
}

// Open reads the ring at path, and makes one with a first key where there never was one; one that is gone is a *LostError.
// Any number of processes may open a missing ring at once: all get the same one.
func Open(path string) (*Ring, error) {
	r := &Ring{path: path}
	if err := ensure(path); err != nil {
		return nil, err
	}
	if err := r.reload(); err != nil {
		return nil, err
	}
	return r, nil
}

// Path is the ring's file.
func (r *Ring) Path() string { return r.path }

// Seal encrypts plain with the newest key of the file and binds it to the context, which Unseal must be given again. It
// fails where the file is gone or broken, since nobody could read what is sealed once this process has ended.
func (r *Ring) Seal(plain, context []byte) (keyID string, sealed []byte, err error) {
	if err := r.follow(); err != nil {
		return "", nil, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	aead := r.aeads[r.newest]
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return "", nil, fmt.Errorf("make a nonce: %w", err)
	}
	return r.newest, aead.Seal(nonce, nonce, plain, context), nil
}

// Unseal decrypts what Seal made. A key that is not known is looked for in the file once more, since another process
// may have added it; then it is an *UnknownKeyError. A key that does not fit is ErrWrongKey.
func (r *Ring) Unseal(keyID string, sealed, context []byte) ([]byte, error) {
	aead, ok := r.aead(keyID)
	if !ok {
		if err := r.reload(); err != nil {
			return nil, err
		}
		if aead, ok = r.aead(keyID); !ok {
			return nil, &UnknownKeyError{ID: keyID, Path: r.path}
		}
	}
	if len(sealed) < aead.NonceSize() {
		return nil, fmt.Errorf("key %q: %w", keyID, ErrWrongKey)
	}
	nonce, text := sealed[:aead.NonceSize()], sealed[aead.NonceSize():]
	plain, err := aead.Open(nil, nonce, text, context)
	if err != nil {
		return nil, fmt.Errorf("key %q: %w", keyID, ErrWrongKey)
	}
	return plain, nil
}

// MAC is a keyed hash of text for a purpose, by the oldest key: it stays the same as the ring gets new keys.
func (r *Ring) MAC(purpose, text []byte) []byte {
	r.mu.RLock()
	defer r.mu.RUnlock()
	derived := hmac.New(sha256.New, r.oldest)
	derived.Write(purpose)
	mac := hmac.New(sha256.New, derived.Sum(nil))
	mac.Write(text)
	return mac.Sum(nil)
}

func (r *Ring) aead(keyID string) (cipher.AEAD, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	aead, ok := r.aeads[keyID]
	return aead, ok
}

// follow reads the file again where another process has replaced it.
func (r *Ring) follow() error {
	now, err := os.Stat(r.path)
	if err != nil {
		return fmt.Errorf("look for a newer key in the key ring: %w; restore it from a backup", err)
	}
	r.mu.RLock()
	same := os.SameFile(now, r.seen) && now.ModTime().Equal(r.seen.ModTime()) && now.Size() == r.seen.Size()
	r.mu.RUnlock()
	if same {
		return nil
	}
	return r.reload()
}

func (r *Ring) reload() error {
	r.reading.Lock()
	defer r.reading.Unlock()
	// The look comes before the read: a file that is replaced between the two is read again.
	seen, err := os.Stat(r.path)
	if err != nil {
		return fmt.Errorf("read the key ring: %w", err)
	}
	keys, err := read(r.path)
	if err != nil {
		return err
	}
	aeads := make(map[string]cipher.AEAD, len(keys))
	for _, k := range keys {
		block, err := aes.NewCipher(k.Key)
		if err != nil {
			return fmt.Errorf("key ring %s: key %q: %w", r.path, k.ID, err)
		}
		if aeads[k.ID], err = cipher.NewGCM(block); err != nil {
			return fmt.Errorf("key ring %s: key %q: %w", r.path, k.ID, err)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen, r.newest, r.oldest, r.aeads = seen, keys[0].ID, keys[len(keys)-1].Key, aeads
	return nil
}
