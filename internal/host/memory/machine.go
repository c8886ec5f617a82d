package memory

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// Machine is what hosts of one name share: the state, and what a test tells it to do. It is safe for concurrent use.
type Machine struct {
	name string

	mu   sync.Mutex
	wake chan struct{} // closed and replaced by every change that somebody may wait for
	line chan struct{} // closed and replaced when the connections to the machine are cut

	unreachable bool
	noEngine    bool
	faults      map[string]fault
	before      func(ctx context.Context, op Op) error
	ops         []Op

	run       func(ctx context.Context, cmd host.Command) (host.Output, error)
	exec      func(ctx context.Context, c app.ContainerState, cmd host.ExecCommand) (host.Output, error)
	listeners map[string]func(net.Conn)
	files     map[string]file
	locks     map[string]*lock
	free      int64
	root      string

	info       app.EngineInfo
	images     map[string]*image // by id
	registry   map[string]*image // by reference
	guards     map[string]string // "user:password" by registry
	containers map[string]*container
	networks   map[string]*network
	volumes    map[string]app.VolumeState
	ports      map[int]bool // taken by something else
	byImage    map[string]Behaviour
	byService  map[string]Behaviour
	byRole     map[string]Behaviour
	serial     int
}

// Op is one call that reached the machine. Name is the method's, with "Files." before those of the state folder;
// Subject is the path, image, container or other thing it is about.
type Op struct {
	Name    string
	Subject string
}

type fault struct {
	err  error
	once bool
}

// New makes a machine with an engine for linux/amd64 that holds nothing.
func New(name string) *Machine {
	m := &Machine{
		name:       name,
		wake:       make(chan struct{}),
		line:       make(chan struct{}),
		faults:     make(map[string]fault),
		listeners:  make(map[string]func(net.Conn)),
		files:      make(map[string]file),
		locks:      make(map[string]*lock),
		free:       100 << 30,
		root:       app.DefaultStateDir,
		images:     make(map[string]*image),
		registry:   make(map[string]*image),
		guards:     make(map[string]string),
		containers: make(map[string]*container),
		networks:   make(map[string]*network),
		volumes:    make(map[string]app.VolumeState),
		ports:      make(map[int]bool),
		byImage:    make(map[string]Behaviour),
		byService:  make(map[string]Behaviour),
		byRole:     make(map[string]Behaviour),
		info: app.EngineInfo{
			Version: "28.5.2", APIVersion: "1.51", OS: "linux", Architecture: "amd64", StorageDriver: "overlay2",
			RootDir: "/var/lib/docker", CPUs: 2, Memory: 4 << 30, Name: name,
		},
	}
	m.networks["bridge"] = &network{
		state:  app.NetworkState{ID: m.id("network"), Name: "bridge", Driver: "bridge", Subnets: []string{"172.17.0.0/16"}, Gateways: []string{"172.17.0.1"}},
		prefix: netip.MustParsePrefix("172.17.0.0/16"),
	}
	return m
}

// Host opens the machine.
func (m *Machine) Host() *Host { return &Host{machine: m, closed: make(chan struct{})} }

// Fail makes every later call of an operation fail, until it is given nil.
func (m *Machine) Fail(op string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil {
		delete(m.faults, op)
		return
	}
	m.faults[op] = fault{err: err}
}

// FailOnce makes the next call of an operation fail.
func (m *Machine) FailOnce(op string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.faults[op] = fault{err: err, once: true}
}

// Before has every call ask first: it may wait, change the machine, or fail the call.
func (m *Machine) Before(ask func(ctx context.Context, op Op) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.before = ask
}

// Unreachable cuts the connections and keeps new ones from being made, or lets them be made again.
func (m *Machine) Unreachable(unreachable bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unreachable = unreachable
	if unreachable {
		m.cut()
	}
}

// Cut breaks all connections once: what is under way fails, and locks are gone.
func (m *Machine) Cut() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cut()
}

func (m *Machine) cut() {
	close(m.line)
	m.line = make(chan struct{})
	m.locks = make(map[string]*lock)
	m.changed()
}

// StopEngine makes the engine's calls fail with host.ErrNoDocker, or work again. Containers go on.
func (m *Machine) StopEngine(stopped bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.noEngine = stopped
}

// Ops lists the calls so far, in order.
func (m *Machine) Ops() []Op {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.ops)
}

// ForgetOps begins the list anew.
func (m *Machine) ForgetOps() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ops = nil
}

// SetInfo changes what the engine says of itself.
func (m *Machine) SetInfo(change func(info *app.EngineInfo)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.info)
}

// SetFree sets the free space of every file system, in bytes.
func (m *Machine) SetFree(bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free = bytes
}

// TakePort has something else listen on a port of the machine.
func (m *Machine) TakePort(port int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ports[port] = true
}

// OnRun answers the commands; without it, none is found.
func (m *Machine) OnRun(run func(ctx context.Context, cmd host.Command) (host.Output, error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.run = run
}

// OnExec answers the commands in containers that run; without it, they end well and print nothing.
func (m *Machine) OnExec(exec func(ctx context.Context, c app.ContainerState, cmd host.ExecCommand) (host.Output, error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.exec = exec
}

// Listen serves an address: handle is called in a goroutine of its own with each connection that a host dials. Network
// is "unix" or "tcp".
func (m *Machine) Listen(network, address string, handle func(net.Conn)) (stop func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := network + " " + address
	m.listeners[key] = handle
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.listeners, key)
	}
}

// changed wakes all who wait for the state to be another.
func (m *Machine) changed() {
	close(m.wake)
	m.wake = make(chan struct{})
}

func (m *Machine) lost() error {
	return fmt.Errorf("%w: %s: the connection was lost", host.ErrUnreachable, m.name)
}

// id makes an id like the engine's; kind makes it readable.
func (m *Machine) id(kind string) string {
	m.serial++
	return fmt.Sprintf("%x", fmt.Sprintf("%s-%s-%024d", m.name, kind, m.serial))
}
