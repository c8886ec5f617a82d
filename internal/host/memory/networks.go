package memory

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

type network struct {
	state  app.NetworkState
	prefix netip.Prefix
	// dynamic is the part of prefix that the engine gives away by itself; invalid for all of it.
	dynamic netip.Prefix
}

// noAddress is that of a container that does not run.
var noAddress netip.Addr

func wished(a app.Attachment) (netip.Addr, error) {
	if a.IPv4 == "" {
		return noAddress, nil
	}
	return netip.ParseAddr(a.IPv4)
}

// plugIn gives a container that starts its addresses and ports. The machine is locked.
func (e *engine) plugIn(c *container) error {
	for name, point := range c.endpoints {
		n, ok := e.machine.networks[name]
		if !ok {
			return e.fail(host.ErrNotFound, "network "+name)
		}
		address, err := e.assign(n, point.wish)
		if err != nil {
			return err
		}
		point.address = address
	}
	ports, err := e.bind(c.spec.Ports)
	c.ports = ports
	return err
}

// assign finds a free address in a network.
func (e *engine) assign(n *network, wish netip.Addr) (netip.Addr, error) {
	taken := make(map[netip.Addr]bool)
	for _, gateway := range n.state.Gateways {
		if address, err := netip.ParseAddr(gateway); err == nil {
			taken[address] = true
		}
	}
	for _, c := range e.machine.containers {
		if point, ok := c.endpoints[n.state.Name]; ok && point.address.IsValid() {
			taken[point.address] = true
		}
	}
	if wish.IsValid() {
		switch {
		case taken[wish]:
			return noAddress, e.fail(host.ErrAddressTaken, wish.String()+" in network "+n.state.Name)
		case !n.prefix.Contains(wish):
			return noAddress, e.fail(host.ErrInvalid, wish.String()+" is not in network "+n.state.Name)
		}
		return wish, nil
	}
	first, within := n.prefix.Masked().Addr().Next(), n.prefix
	if n.dynamic.IsValid() {
		first, within = n.dynamic.Masked().Addr(), n.dynamic
	}
	for address := first; within.Contains(address); address = address.Next() {
		if !taken[address] {
			return address, nil
		}
	}
	return noAddress, e.fail(host.ErrAddressTaken, "network "+n.state.Name+" is full")
}

// firstFreePort is where the engine begins to choose ports.
const firstFreePort = 32768

// bind publishes ports.
func (e *engine) bind(asked []app.Port) ([]app.Port, error) {
	var bound []app.Port
	for _, port := range asked {
		first, last, err := portRange(port.Published)
		if err != nil {
			return nil, e.fail(host.ErrInvalid, err.Error())
		}
		port.HostIP = cmp.Or(port.HostIP, "0.0.0.0")
		port.Protocol = cmp.Or(port.Protocol, "tcp")
		port.Published = ""
		for number := first; number <= last && port.Published == ""; number++ {
			if !e.portTaken(port, number, bound) {
				port.Published = strconv.Itoa(number)
			}
		}
		if port.Published == "" {
			return nil, e.fail(host.ErrPortTaken, strconv.Itoa(first))
		}
		bound = append(bound, port)
	}
	return bound, nil
}

func portRange(published string) (first, last int, err error) {
	if published == "" {
		return firstFreePort, 60999, nil
	}
	from, to, ranged := strings.Cut(published, "-")
	if !ranged {
		to = from
	}
	if first, err = strconv.Atoi(from); err != nil {
		return 0, 0, fmt.Errorf("port %q is no number", published)
	}
	if last, err = strconv.Atoi(to); err != nil {
		return 0, 0, fmt.Errorf("port %q is no number", published)
	}
	return first, last, nil
}

func (e *engine) portTaken(port app.Port, number int, mine []app.Port) bool {
	if e.machine.ports[number] {
		return true
	}
	clash := func(other app.Port) bool {
		every := other.HostIP == "0.0.0.0" || port.HostIP == "0.0.0.0"
		return other.Published == strconv.Itoa(number) && other.Protocol == port.Protocol && (every || other.HostIP == port.HostIP)
	}
	for _, c := range e.machine.containers {
		if slices.ContainsFunc(c.ports, clash) {
			return true
		}
	}
	return slices.ContainsFunc(mine, clash)
}

// NetworkCreate makes a network.
func (e *engine) NetworkCreate(ctx context.Context, name string, n app.Network) (string, error) {
	if _, err := e.begin(ctx, "NetworkCreate", name); err != nil {
		return "", err
	}
	m := e.machine
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.networks[name]; ok {
		return "", e.fail(host.ErrConflict, "network "+name)
	}
	made := &network{state: app.NetworkState{Name: name, Driver: cmp.Or(n.Driver, "bridge"), Labels: n.Labels}}
	if len(n.Subnets) == 0 {
		made.prefix = m.freeSubnet()
		made.state.Subnets, made.state.Gateways = []string{made.prefix.String()}, []string{made.prefix.Addr().Next().String()}
	}
	for _, subnet := range n.Subnets {
		prefix, err := netip.ParsePrefix(subnet.CIDR)
		if err != nil {
			return "", e.fail(host.ErrInvalid, err.Error())
		}
		if m.overlaps(prefix) {
			return "", e.fail(host.ErrAddressTaken, "subnet "+subnet.CIDR)
		}
		if prefix.Addr().Is4() && !made.prefix.IsValid() {
			made.prefix = prefix
			if subnet.Range != "" {
				if made.dynamic, err = netip.ParsePrefix(subnet.Range); err != nil {
					return "", e.fail(host.ErrInvalid, err.Error())
				}
			}
		}
		made.state.Subnets = append(made.state.Subnets, subnet.CIDR)
		made.state.Gateways = append(made.state.Gateways, cmp.Or(subnet.Gateway, prefix.Masked().Addr().Next().String()))
	}
	made.state.ID = m.id("network")
	m.networks[name] = made
	return made.state.ID, nil
}

func (m *Machine) overlaps(prefix netip.Prefix) bool {
	for _, n := range m.networks {
		if n.prefix.Overlaps(prefix) {
			return true
		}
	}
	return false
}

func (m *Machine) freeSubnet() netip.Prefix {
	for second := byte(18); ; second++ {
		prefix := netip.PrefixFrom(netip.AddrFrom4([4]byte{172, second, 0, 0}), 16)
		if !m.overlaps(prefix) {
			return prefix
		}
	}
}

// network finds one by name or id. The machine is locked.
func (e *engine) network(name string) (*network, error) {
	for _, n := range e.machine.networks {
		if n.state.Name == name || n.state.ID == name {
			return n, nil
		}
	}
	return nil, e.fail(host.ErrNotFound, "network "+name)
}

// NetworkInspect looks at a network.
func (e *engine) NetworkInspect(ctx context.Context, name string) (app.NetworkState, error) {
	if _, err := e.begin(ctx, "NetworkInspect", name); err != nil {
		return app.NetworkState{}, err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	n, err := e.network(name)
	if err != nil {
		return app.NetworkState{}, err
	}
	return n.state, nil
}

// NetworkList lists networks by name.
func (e *engine) NetworkList(ctx context.Context, labels map[string]string) ([]app.NetworkState, error) {
	if _, err := e.begin(ctx, "NetworkList", ""); err != nil {
		return nil, err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	var states []app.NetworkState
	for _, n := range e.machine.networks {
		if carries(n.state.Labels, labels) {
			states = append(states, n.state)
		}
	}
	slices.SortFunc(states, func(a, b app.NetworkState) int { return cmp.Compare(a.Name, b.Name) })
	return states, nil
}

// NetworkRemove removes a network that no running container is in.
func (e *engine) NetworkRemove(ctx context.Context, name string) error {
	if _, err := e.begin(ctx, "NetworkRemove", name); err != nil {
		return err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	n, err := e.network(name)
	if err != nil {
		return err
	}
	for _, c := range e.machine.containers {
		if point, ok := c.endpoints[n.state.Name]; ok && point.address.IsValid() {
			return fmt.Errorf("%s: network %s has active endpoints: %s", e.machine.name, name, c.name)
		}
	}
	delete(e.machine.networks, n.state.Name)
	return nil
}

// NetworkConnect joins a container to a network.
func (e *engine) NetworkConnect(ctx context.Context, name, id string, a app.Attachment) error {
	if _, err := e.begin(ctx, "NetworkConnect", name); err != nil {
		return err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	n, err := e.network(name)
	if err != nil {
		return err
	}
	c, err := e.container(id)
	if err != nil {
		return err
	}
	if _, ok := c.endpoints[n.state.Name]; ok {
		return e.fail(host.ErrConflict, "container "+id+" in network "+name)
	}
	point := &endpoint{}
	if point.wish, err = wished(a); err != nil {
		return e.fail(host.ErrInvalid, err.Error())
	}
	if c.status == running {
		if point.address, err = e.assign(n, point.wish); err != nil {
			return err
		}
	}
	c.endpoints[n.state.Name] = point
	return nil
}

// NetworkDisconnect takes a container out of a network.
func (e *engine) NetworkDisconnect(ctx context.Context, name, id string) error {
	if _, err := e.begin(ctx, "NetworkDisconnect", name); err != nil {
		return err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	n, err := e.network(name)
	if err != nil {
		return err
	}
	c, err := e.container(id)
	if err != nil {
		return err
	}
	delete(c.endpoints, n.state.Name)
	return nil
}
