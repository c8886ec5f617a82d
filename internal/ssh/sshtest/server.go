// Package sshtest is an SSH server for tests, inside the test's own process: it listens on loopback, runs commands of
// this machine, forwards connections, and fails on request. It must not be used outside tests.
package sshtest

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"
)

// Server is a running server. Its fields may be changed while no client is connected.
type Server struct {
	// Address is "127.0.0.1:port".
	Address string
	// MaxSessions is how many sessions one connection may have open; 0 means 10, as sshd.
	MaxSessions int
	// NoUnix and NoTCP refuse forwarding.
	NoUnix, NoTCP bool
	// Path comes before the PATH of the commands that are run.
	Path string

	config   *ssh.ServerConfig
	listener net.Listener
	mu       sync.Mutex
	conns    map[net.Conn]struct{}
	deaf     bool

	logins   atomic.Int64
	sessions atomic.Int64
	peak     atomic.Int64
}

// Start runs a server that lets in the holder of client, and shows the host keys.
func Start(t testing.TB, client ssh.PublicKey, hostKeys ...ssh.Signer) *Server {
	t.Helper()
	s := &Server{conns: make(map[net.Conn]struct{})}
	s.config = &ssh.ServerConfig{
		PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if string(key.Marshal()) != string(client.Marshal()) {
				return nil, fmt.Errorf("unknown key")
			}
			return nil, nil
		},
	}
	for _, key := range hostKeys {
		s.config.AddHostKey(key)
	}
	s.listen(t, "127.0.0.1:0")
	t.Cleanup(s.Stop)
	return s
}

func (s *Server) listen(t testing.TB, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatalf("start an SSH server: %v", err)
	}
	s.listener, s.Address = listener, listener.Addr().String()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns[conn] = struct{}{}
			s.mu.Unlock()
			go s.serve(&quiet{Conn: conn, server: s})
		}
	}()
}

// Port is the port of Address.
func (s *Server) Port() string {
	_, port, _ := net.SplitHostPort(s.Address)
	return port
}

// Stop ends the server and every connection.
func (s *Server) Stop() {
	_ = s.listener.Close()
	s.Cut()
}

// Restart listens on the same address again.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.listen(t, s.Address)
}

// Cut resets every connection.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		_ = conn.Close()
		delete(s.conns, conn)
	}
}

// Deafen makes the server swallow all that arrives and send nothing, as a cut line does, without closing anything.
func (s *Server) Deafen(deaf bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deaf = deaf
}

// Logins counts the connections that have logged in.
func (s *Server) Logins() int { return int(s.logins.Load()) }

// Peak is the most sessions that were open at once.
func (s *Server) Peak() int { return int(s.peak.Load()) }

// quiet drops what a deaf server would say.
type quiet struct {
	net.Conn
	server *Server
}

func (q *quiet) Write(p []byte) (int, error) {
	q.server.mu.Lock()
	deaf := q.server.deaf
	q.server.mu.Unlock()
	if deaf {
		return len(p), nil
	}
	return q.Conn.Write(p)
}

// NewKey makes an Ed25519 key.
func NewKey(t testing.TB) (ssh.Signer, ed25519.PrivateKey) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatalf("make a key: %v", err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatalf("make a key: %v", err)
	}
	return signer, private
}

// NewRSAKey makes an RSA key.
func NewRSAKey(t testing.TB) ssh.Signer {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatalf("make a key: %v", err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatalf("make a key: %v", err)
	}
	return signer
}

// WriteKey writes a private key as ~/.ssh/name of a home folder.
func WriteKey(t testing.TB, home, name string, private ed25519.PrivateKey, passphrase string) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(private, "test")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "test", []byte(passphrase))
	}
	if err != nil {
		t.Fatalf("write a key: %v", err)
	}
	return WriteFile(t, home, name, string(encode(block)))
}

// WriteFile writes ~/.ssh/name of a home folder.
func WriteFile(t testing.TB, home, name, content string) string {
	t.Helper()
	path := filepath.Join(home, ".ssh", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// KnownLine is the line of known_hosts that vouches for the server.
func (s *Server) KnownLine(key ssh.PublicKey) string {
	return "[127.0.0.1]:" + s.Port() + " " + string(ssh.MarshalAuthorizedKey(key))
}
