package app

import "cmp"

// LocalAddress is the address of the engine on the worker's own machine.
const LocalAddress = "local"

// Host is a Linux machine with Docker. It is comparable: equal hosts are reached in the same way.
type Host struct {
	// Name is what the user calls it; unique within a project.
	Name string `json:"name"`
	// Address is "local", or "[user@]name[:port]" for SSH, where name may be an alias of the user's SSH configuration.
	Address string `json:"address"`
	// Jump is a host to go through, in the form of Address; empty for none.
	Jump string `json:"jump,omitempty"`
	// IdentityFile is a private key on the worker's machine; empty means the agent and the SSH configuration's keys.
	IdentityFile string `json:"identity_file,omitempty"`
	// IdentitySecret is a private key in the file store, in the place of IdentityFile; empty for none. Each login uses its
	// current version.
	IdentitySecret SecretLine `json:"identity_secret,omitzero"`
	// AcceptNewKey writes the key of a host that known_hosts does not know instead of refusing it. A changed key is
	// refused all the same.
	AcceptNewKey bool `json:"accept_new_key,omitempty"`
	// DockerSocket is the engine's socket on the host; empty means /var/run/docker.sock.
	DockerSocket string `json:"docker_socket,omitempty"`
	// StateDir is where Longshore keeps its state on the host; empty means /var/lib/longshore.
	StateDir string `json:"state_dir,omitempty"`
	Edge     Edge   `json:"edge"`
}

// Local says whether the host is the worker's own machine.
func (h Host) Local() bool { return h.Address == LocalAddress }

// StateFolder is the host's state folder.
func (h Host) StateFolder() string { return cmp.Or(h.StateDir, DefaultStateDir) }

// EngineSocket is the path of the engine's socket on the host.
func (h Host) EngineSocket() string { return cmp.Or(h.DockerSocket, DefaultDockerSocket) }

// DefaultStateDir is a host's state folder where its settings name none.
const DefaultStateDir = "/var/lib/longshore"

// DefaultDockerSocket is a host's Docker socket where its settings name none.
const DefaultDockerSocket = "/var/run/docker.sock"

// Edge is how a host's reverse proxy listens.
type Edge struct {
	// HTTP is the port for plain HTTP; 0 means 80.
	HTTP int `json:"http,omitempty"`
	// Mode is EdgeHostNetwork or EdgeBridge; empty means EdgeHostNetwork.
	Mode string `json:"mode,omitempty"`
}

// The edge's modes. With the host's network the edge sees clients' own addresses and reaches every site's network; a
// bridge with published ports serves engines in a virtual machine.
const (
	EdgeHostNetwork = "host"
	EdgeBridge      = "bridge"
)

// HTTPPort is the port that the edge serves plain HTTP on.
func (e Edge) HTTPPort() int {
	if e.HTTP == 0 {
		return 80
	}
	return e.HTTP
}
