package planner

import (
	"net/netip"

	"github.com/longshore-dev/longshore/internal/app"
)

// A routed container's fixed address is its slot in the lower half of the site's network: slot n is the network's
// first address plus n+1, which leaves the first for the gateway. The engine hands out the upper half.

// slots are the places that a host's containers have left free.
type slots struct {
	taken map[int]bool
	next  int
}

// freeSlots reads the taken slots from the addresses of the site's containers.
func freeSlots(spec app.Spec, o app.Observed) *slots {
	s := &slots{taken: map[int]bool{}, next: 1}
	name := NetworkName(spec.Site, app.Network{Name: app.DefaultNetwork})
	for _, n := range spec.Networks {
		if n.Name == app.DefaultNetwork {
			name = NetworkName(spec.Site, n)
		}
	}
	for _, n := range o.Networks {
		if n.Name != name {
			continue
		}
		for _, c := range o.Containers {
			if slot, ok := slotOf(n, c.Addresses[name]); ok {
				s.taken[slot] = true
			}
		}
	}
	return s
}

func slotOf(n app.NetworkState, address string) (int, bool) {
	a, err := netip.ParseAddr(address)
	if err != nil || len(n.Subnets) == 0 {
		return 0, false
	}
	prefix, err := netip.ParsePrefix(n.Subnets[0])
	if err != nil || !prefix.Contains(a) || !a.Is4() {
		return 0, false
	}
	return int(number(a)-number(prefix.Masked().Addr())) - 1, true
}

func number(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// take answers the lowest free slot and marks it.
func (s *slots) take() int {
	for s.taken[s.next] {
		s.next++
	}
	s.taken[s.next] = true
	return s.next
}

// SlotAddress is the address of a slot in a network, and whether the network has room for it.
func SlotAddress(cidr string, slot int) (string, bool) {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil || !prefix.Addr().Is4() || slot < 1 {
		return "", false
	}
	half := uint32(1) << (32 - prefix.Bits()) / 2
	offset := uint32(slot) + 1
	if offset >= half {
		return "", false
	}
	n := number(prefix.Masked().Addr()) + offset
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}).String(), true
}

// DynamicRange is the upper half of a network: what the engine may hand out by itself.
func DynamicRange(cidr string) (string, bool) {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil || !prefix.Addr().Is4() || prefix.Bits() > 29 {
		return "", false
	}
	n := number(prefix.Masked().Addr()) + uint32(1)<<(32-prefix.Bits())/2
	upper := netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
	return netip.PrefixFrom(upper, prefix.Bits()+1).String(), true
}
