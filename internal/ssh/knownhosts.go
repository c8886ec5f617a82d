package ssh

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/longshore-dev/longshore/internal/host"
)

// knownHosts are the files that say which key a host has.
type knownHosts struct {
	user      []string // the first is the one that new keys are written to
	global    []string
	address   string // "name:port" that is looked up
	hash      bool   // write names hashed
	acceptNew bool
}

// algorithms are the host key algorithms to ask for, those of known keys first: a host that has several keys then shows
// the known one, and a second key type does not look like a change.
func (k knownHosts) algorithms() ([]string, error) {
	check, err := k.load()
	if err != nil {
		return nil, err
	}
	// A key that no host has makes the check tell all that it knows of the host.
	nobody, err := ssh.NewPublicKey(ed25519.PublicKey(make([]byte, ed25519.PublicKeySize)))
	if err != nil {
		return nil, fmt.Errorf("make a key to ask with: %w", err)
	}
	var first []string
	var known *knownhosts.KeyError
	if errors.As(check(k.address, noAddress, nobody), &known) {
		for _, want := range known.Want {
			if isAuthority(want) {
				continue
			}
			for _, algorithm := range algorithmsOf(want.Key.Type()) {
				if !slices.Contains(first, algorithm) {
					first = append(first, algorithm)
				}
			}
		}
		if slices.ContainsFunc(known.Want, isAuthority) {
			first = append(certificateAlgorithms(), first...)
		}
	}
	for _, algorithm := range ssh.SupportedAlgorithms().HostKeys {
		if !slices.Contains(first, algorithm) && !strings.Contains(algorithm, "-cert-") {
			first = append(first, algorithm)
		}
	}
	return first, nil
}

func certificateAlgorithms() []string {
	return slices.DeleteFunc(ssh.SupportedAlgorithms().HostKeys, func(name string) bool { return !strings.Contains(name, "-cert-") })
}

// algorithmsOf are the signatures that a key of a type can make.
func algorithmsOf(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{keyType}
}

// noAddress stands for the peer's address, which the check wants but does not use where it has a name.
var noAddress net.Addr = &net.TCPAddr{IP: net.IPv4zero}

// load reads the files anew each time: a user mends them while a worker runs.
func (k knownHosts) load() (ssh.HostKeyCallback, error) {
	var files []string
	for _, path := range slices.Concat(k.user, k.global) {
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			files = append(files, path)
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: read the known hosts: %w", host.ErrSettings, err)
		}
	}
	check, err := knownhosts.New(files...)
	if err != nil {
		return nil, fmt.Errorf("%w: the known hosts cannot be read, mend or remove the line: %w", host.ErrSettings, err)
	}
	return check, nil
}

// check accepts the key that the files hold, and with acceptNew the first key of a host that they do not know.
func (k knownHosts) check(name string, key ssh.PublicKey) error {
	unknown, err := k.verdict(name, key)
	if err != nil || !unknown {
		return err
	}
	if !k.acceptNew {
		return fmt.Errorf("%w: %s is not among the known hosts; it offers %s; compare this with the server's own "+
			"(ssh-keygen -lf on its console), then connect to it once with ssh, or allow new host keys for this run",
			host.ErrHostKey, name, describe(key))
	}
	if len(k.user) == 0 {
		return fmt.Errorf("%w: %s is not among the known hosts, and UserKnownHostsFile names no file to write its key to",
			host.ErrHostKey, name)
	}
	return k.add(name, key)
}

// verdict answers whether the host is unknown, or an error where the key is refused.
func (k knownHosts) verdict(name string, key ssh.PublicKey) (unknown bool, err error) {
	check, err := k.load()
	if err != nil {
		return false, err
	}
	err = check(k.address, noAddress, key)
	var revoked *knownhosts.RevokedError
	var mismatch *knownhosts.KeyError
	switch {
	case err == nil:
		return false, nil
	case errors.As(err, &revoked):
		return false, fmt.Errorf("%w: %s offers %s, which %s line %d revokes; do not use the server before its key is replaced",
			host.ErrHostKey, name, describe(key), revoked.Revoked.Filename, revoked.Revoked.Line)
	case !errors.As(err, &mismatch):
		return false, fmt.Errorf("%w: %s: %w", host.ErrHostKey, name, err)
	}
	known := slices.DeleteFunc(mismatch.Want, isAuthority)
	if len(known) == 0 {
		return true, nil
	}
	// The line of the same type is the one that changed; any other only shows what is known.
	old := known[0]
	if i := slices.IndexFunc(known, func(w knownhosts.KnownKey) bool { return w.Key.Type() == key.Type() }); i >= 0 {
		old = known[i]
	}
	return false, fmt.Errorf("%w: %s offers %s, but %s line %d has %s; somebody may be intercepting the connection; "+
		"if the server was reinstalled, compare the new key with its own and remove the old one with: %s",
		host.ErrHostKey, name, describe(key), old.Filename, old.Line, describe(old.Key),
		Quote("ssh-keygen", "-R", knownhosts.Normalize(k.address), "-f", old.Filename))
}

// add writes the key, unless another process wrote one meanwhile.
func (k knownHosts) add(name string, key ssh.PublicKey) error {
	path := k.user[0]
	failed := func(err error) error {
		return fmt.Errorf("%w: the key of %s cannot be kept in %s: %w", host.ErrSettings, name, path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return failed(err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return failed(err)
	}
	defer file.Close()
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return failed(err)
	}
	unknown, err := k.verdict(name, key)
	if err != nil || !unknown {
		return err
	}
	normal := knownhosts.Normalize(k.address)
	if k.hash {
		normal = knownhosts.HashHostname(normal)
	}
	line := normal + " " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))) + "\n"
	if !endsLine(file) {
		line = "\n" + line
	}
	if _, err := file.WriteString(line); err != nil {
		return failed(err)
	}
	if err := file.Sync(); err != nil {
		return failed(err)
	}
	return nil
}

// endsLine says whether what is appended starts a new line.
func endsLine(file *os.File) bool {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return true
	}
	last := make([]byte, 1)
	_, err = file.ReadAt(last, info.Size()-1)
	return err != nil || last[0] == '\n'
}

// isAuthority says whether a known key is not the host's but that of an authority that signs hosts' keys: the library
// lists both alike.
func isAuthority(known knownhosts.KnownKey) bool {
	data, err := os.ReadFile(known.Filename)
	if err != nil {
		return false
	}
	lines := bytes.Split(data, []byte("\n"))
	return known.Line >= 1 && known.Line <= len(lines) &&
		bytes.HasPrefix(bytes.TrimSpace(lines[known.Line-1]), []byte("@cert-authority"))
}

// describe names a key as ssh-keygen -l does.
func describe(key ssh.PublicKey) string { return key.Type() + " " + ssh.FingerprintSHA256(key) }
