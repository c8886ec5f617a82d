package hosts

import (
	"archive/tar"
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// keys are a host's own key and the key of its logins.
type keys struct {
	host   keyPair
	client keyPair
}

type keyPair struct {
	private []byte // in OpenSSH's own form
	public  ssh.PublicKey
}

func (k keyPair) authorized() []byte { return ssh.MarshalAuthorizedKey(k.public) }

func newKeyPair() (keyPair, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return keyPair{}, err
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return keyPair{}, err
	}
	sshPublic, err := ssh.NewPublicKey(public)
	if err != nil {
		return keyPair{}, err
	}
	return keyPair{private: pem.EncodeToMemory(block), public: sshPublic}, nil
}

func newKeys() (keys, error) {
	host, err := newKeyPair()
	if err != nil {
		return keys{}, err
	}
	client, err := newKeyPair()
	return keys{host: host, client: client}, err
}

const hostKeyPath = "etc/ssh/ssh_host_ed25519_key"

// seed is a tar of the files that make an image this host. It goes in before the first boot, so sshd never runs with
// another key.
func (k keys) seed(extra map[string]string) (io.Reader, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	add := func(name string, mode int64, uid int, content []byte) error {
		header := &tar.Header{Name: name, Mode: mode, Uid: uid, Gid: uid, Size: int64(len(content)), Typeflag: tar.TypeReg}
		if strings.HasSuffix(name, "/") {
			header.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		_, err := w.Write(content)
		return err
	}
	if err := add(hostKeyPath, 0o600, 0, k.host.private); err != nil {
		return nil, err
	}
	if err := add(hostKeyPath+".pub", 0o644, 0, k.host.authorized()); err != nil {
		return nil, err
	}
	// useradd gave the two users these ids, in this order.
	for home, uid := range map[string]int{"root": 0, "home/" + Sudoer: 1000, "home/" + Member: 1001} {
		if err := add(home+"/.ssh/", 0o700, uid, nil); err != nil {
			return nil, err
		}
		if err := add(home+"/.ssh/authorized_keys", 0o600, uid, k.client.authorized()); err != nil {
			return nil, err
		}
	}
	for name, content := range extra {
		if err := add(name, 0o644, 0, []byte(content)); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return &archive, nil
}

// writeClientFiles writes what an SSH client needs to dir and sets the host's paths to it.
func (h *Host) writeClientFiles(dir string) error {
	h.IdentityFile = filepath.Join(dir, "id_ed25519")
	h.KnownHosts = filepath.Join(dir, "known_hosts")
	h.SSHConfig = filepath.Join(dir, "ssh_config")
	known := knownhosts.Line([]string{fmt.Sprintf("127.0.0.1:%d", h.port())}, h.keys.host.public) + "\n"
	config := fmt.Sprintf(`Host %s
  HostName 127.0.0.1
  Port %d
  User %s
  IdentityFile %q
  IdentitiesOnly yes
  UserKnownHostsFile %q
`, h.Name, h.port(), h.User, h.IdentityFile, h.KnownHosts)
	for path, content := range map[string][]byte{
		h.IdentityFile: h.keys.client.private,
		h.KnownHosts:   []byte(known),
		h.SSHConfig:    []byte(config),
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
