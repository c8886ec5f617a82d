package hosts

import (
	"context"
	"fmt"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/hosts/link"
)

// Host is a running server. Its methods are safe for concurrent use, unless two faults contradict one another.
type Host struct {
	// Name is the name of the host and of its container on the local engine.
	Name string
	// User is the login of Address: Root, Sudoer or Member.
	User string
	// IdentityFile is the private key that the host accepts for every login.
	IdentityFile string
	// KnownHosts is a known_hosts file with the host's key as it was at the start.
	KnownHosts string
	// SSHConfig is an OpenSSH configuration in which the host goes by its Name.
	SSHConfig string
	// Link carries SSH to a host made by Start, to cut and slow it and count its bytes. It is nil after Launch.
	Link *link.Link

	sshPort  int // of sshd on loopback
	httpPort int // of edgePort on loopback
	edgePort int
	bare     bool
	keys     keys
}

// Address is how to reach the host: "user@127.0.0.1:port".
func (h *Host) Address() string { return fmt.Sprintf("%s@127.0.0.1:%d", h.User, h.port()) }

// HTTPAddr is the loopback "address:port" that leads to the host's edge port.
func (h *Host) HTTPAddr() string { return fmt.Sprintf("127.0.0.1:%d", h.httpPort) }

// URL is "http://" and HTTPAddr.
func (h *Host) URL() string { return "http://" + h.HTTPAddr() }

// AppHost is the host as a project names it.
func (h *Host) AppHost() app.Host {
	return app.Host{
		Name:         h.Name,
		Address:      h.Address(),
		IdentityFile: h.IdentityFile,
		Edge:         app.Edge{HTTP: h.edgePort},
	}
}

// port is where SSH is to be dialled.
func (h *Host) port() int {
	if h.Link != nil {
		return h.Link.Port()
	}
	return h.sshPort
}

// Exec runs a command inside the host as root, beside SSH, and returns its standard output without outer white space.
// A command that fails is an error with what it said.
func (h *Host) Exec(ctx context.Context, args ...string) (string, error) {
	out, err := docker(ctx, nil, append([]string{"exec", h.Name}, args...)...)
	if err != nil {
		return out, fmt.Errorf("%s on host %s: %w", args[0], h.Name, err)
	}
	return out, nil
}

// ReadFile returns a file of the host.
func (h *Host) ReadFile(ctx context.Context, path string) (string, error) {
	return h.Exec(ctx, "cat", path)
}

// WriteFile writes a file of the host, owned by root with mode 0644, in a folder that exists.
func (h *Host) WriteFile(ctx context.Context, path, content string) error {
	_, err := docker(ctx, strings.NewReader(content), "exec", "--interactive", h.Name,
		"sh", "-c", `cat > "$0"`, path)
	if err != nil {
		return fmt.Errorf("write %s on host %s: %w", path, h.Name, err)
	}
	return nil
}
