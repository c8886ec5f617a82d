package bootstrap

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// ruleset is what nft loads: a table of our own, in front of everybody else's filters, that accepts what may come in and
// drops the rest. To accept there decides nothing for the tables behind it. A port that Docker publishes is rewritten
// before the forward hook sees it, so it is told by the destination that the packet first had; a neighbour that sends to a
// container's own address is told by there being none. Containers, and what an open connection brings, are let through.
// uplinks are interfaces that nothing of a container comes from, whatever they are called.
func ruleset(open []int, allow []app.FirewallRule, uplinks []string) (string, error) {
	var rules []string
	slices.Sort(open)
	for _, port := range slices.Compact(open) {
		rules = append(rules, acceptRule("", app.FirewallRule{Port: port}))
	}
	for _, rule := range allow {
		lines, err := acceptRules(rule)
		if err != nil {
			return "", err
		}
		rules = append(rules, lines...)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `table inet %[1]s
delete table inet %[1]s
table inet %[1]s {
	chain input {
		type filter hook input priority filter - 5; policy accept;
		ct state established,related accept
		iifname "lo" accept
		%[2]s accept
		meta l4proto { icmp, ipv6-icmp } accept
		udp dport { 68, 546 } accept
`, firewallTable, containers("iifname", uplinks))
	for _, rule := range rules {
		fmt.Fprintf(&b, "\t\t%s\n", strings.ReplaceAll(rule, "DPORT", "th dport"))
	}
	fmt.Fprintf(&b, `		drop
	}
	chain forward {
		type filter hook forward priority filter - 5; policy accept;
		ct state established,related accept
		%s accept
		ct status dnat goto published
		%s drop
	}
	chain published {
`, containers("iifname", uplinks), containers("oifname", uplinks))
	for _, rule := range rules {
		fmt.Fprintf(&b, "\t\t%s\n", strings.ReplaceAll(rule, "DPORT", "ct original proto-dst"))
	}
	b.WriteString("\t\tdrop\n\t}\n}\n")
	return b.String(), nil
}

// containers matches the bridges of Docker's networks.
func containers(direction string, uplinks []string) string {
	match := direction + ` { "docker*", "br-*" }`
	for _, name := range uplinks {
		if strings.HasPrefix(name, "docker") || strings.HasPrefix(name, "br-") {
			match = fmt.Sprintf("%s != %q %s", direction, name, match)
		}
	}
	return match
}

const firewallTable = "longshore"

// acceptRules are a rule for each family that it names addresses of.
func acceptRules(r app.FirewallRule) ([]string, error) {
	if len(r.From) == 0 {
		return []string{acceptRule("", r)}, nil
	}
	var four, six []string
	for _, text := range r.From {
		prefix, err := parsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("firewall: %q is neither an address nor a range of them", text)
		}
		if prefix.Addr().Is4() {
			four = append(four, prefix.String())
		} else {
			six = append(six, prefix.String())
		}
	}
	var out []string
	if len(four) > 0 {
		out = append(out, acceptRule("ip saddr { "+strings.Join(four, ", ")+" } ", r))
	}
	if len(six) > 0 {
		out = append(out, acceptRule("ip6 saddr { "+strings.Join(six, ", ")+" } ", r))
	}
	return out, nil
}

func acceptRule(from string, r app.FirewallRule) string {
	protocol := r.Protocol
	if protocol == "" {
		protocol = "tcp"
	}
	return from + "meta l4proto " + protocol + " DPORT " + strconv.Itoa(r.Port) + " accept"
}

func parsePrefix(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	return prefix.Masked(), err
}
