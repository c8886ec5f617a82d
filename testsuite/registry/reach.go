package registry

import (
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// ReachableFrom has a host find the registry at the same address on its own loopback, until the test ends: through a
// connection of SSH, since the host's network leads nowhere else.
func (r *Registry) ReachableFrom(t testing.TB, h *hosts.Host) {
	t.Helper()
	key, err := os.ReadFile(h.IdentityFile)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.ParsePrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	known, err := knownhosts.New(h.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	_, address, _ := strings.Cut(h.Address(), "@")
	client, err := ssh.Dial("tcp", address, &ssh.ClientConfig{
		User: h.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: known,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	listener, err := client.Listen("tcp", r.Address)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			inside, err := listener.Accept()
			if err != nil {
				return
			}
			go r.join(inside)
		}
	}()
}

// join carries one connection from inside a host to the registry.
func (r *Registry) join(inside net.Conn) {
	defer inside.Close()
	outside, err := net.Dial("tcp", r.Address)
	if err != nil {
		return
	}
	defer outside.Close()
	go func() {
		_, _ = io.Copy(outside, inside)
		outside.Close()
	}()
	_, _ = io.Copy(inside, outside)
}
