package container

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// Site networks are /24s of 10.213.0.0/16 and, when that is full, of 10.214.0.0/16 and on: private space (RFC 1918)
// that neither Docker's own pools (172.17.0.0/12, 192.168.0.0/16) nor the usual home and office networks use.
const (
	firstPool = 213
	lastPool  = 223
)

var errNoSubnet = errors.New("no subnet is free for the site's network")

// freeSubnet finds a subnet that overlaps no route and no Docker network of the host.
func freeSubnet(ctx context.Context, h host.Host, site app.Site) (string, error) {
	var taken []netip.Prefix
	out, err := h.Run(ctx, host.Command{Args: []string{"cat", "/proc/net/route"}})
	if err != nil {
		return "", fmt.Errorf("read the host's routes: %w", err)
	}
	taken = append(taken, parseRoutes(string(out.Stdout))...)
	networks, err := h.Engine().NetworkList(ctx, nil)
	if err != nil {
		return "", err
	}
	for _, n := range networks {
		for _, s := range n.Subnets {
			if p, err := netip.ParsePrefix(s); err == nil {
				taken = append(taken, p)
			}
		}
	}
	first := sha256.Sum256([]byte(site.String()))
	return chooseSubnet(taken, first[0])
}

// chooseSubnet looks in each pool from a site's own place on, so that sites deployed at the same moment rarely want the
// same subnet.
func chooseSubnet(taken []netip.Prefix, first byte) (string, error) {
	for second := firstPool; second <= lastPool; second++ {
		for i := range 256 {
			p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(second), first + byte(i), 0}), 24)
			if !overlapsAny(p, taken) {
				return p.String(), nil
			}
		}
	}
	return "", errNoSubnet
}

func overlapsAny(p netip.Prefix, taken []netip.Prefix) bool {
	for _, t := range taken {
		if t.Overlaps(p) {
			return true
		}
	}
	return false
}

// parseRoutes reads the kernel's IPv4 routing table: destination and mask are columns 2 and 8, in hexadecimal and
// host byte order (little-endian on every platform that Longshore supports). The default route is no range.
func parseRoutes(table string) []netip.Prefix {
	var out []netip.Prefix
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 8 {
			continue
		}
		address, okAddress := littleEndian(fields[1])
		mask, okMask := littleEndian(fields[7])
		if !okAddress || !okMask || mask == [4]byte{} {
			continue
		}
		ones := 0
		for _, b := range mask {
			ones += bits.OnesCount8(b)
		}
		out = append(out, netip.PrefixFrom(netip.AddrFrom4(address), ones))
	}
	return out
}

func littleEndian(text string) ([4]byte, bool) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != 4 {
		return [4]byte{}, false
	}
	return [4]byte{b[3], b[2], b[1], b[0]}, true
}
