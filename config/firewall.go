package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// firewallOff is the setting of a host that has a firewall of its own.
const firewallOff = "off"

// firewallLayer is what one file says of a host's firewall.
type firewallLayer struct {
	off   bool
	allow []app.FirewallRule
}

// said is the setting in a few words: "off", "443/udp, 9100/tcp from 203.0.113.0/24".
func (l firewallLayer) said() string {
	if l.off {
		return firewallOff
	}
	var rules []string
	for _, r := range l.allow {
		text := strconv.Itoa(r.Port) + "/" + r.Protocol
		if len(r.From) > 0 {
			text += " from " + strings.Join(r.From, " ")
		}
		rules = append(rules, text)
	}
	return strings.Join(rules, ", ")
}

// readFirewall reads "off", or what may be reached; nil where nothing is said.
func readFirewall(f *fields) *firewallLayer {
	const key = "firewall"
	v, ok := f.get(key)
	switch {
	case !ok:
		return nil
	case v == firewallOff || v == false:
		return &firewallLayer{off: true}
	}
	if _, isMapping := v.(map[string]any); !isMapping {
		f.report.add(f.path.with(key), "must be off or a mapping, not "+describe(v), "write firewall: off, or firewall: { allow: [{ port: 5432, from: [203.0.113.0/24] }] }")
		return nil
	}
	return &firewallLayer{allow: readAllow(f.sub(key))}
}

// readAllow reads who may reach which port, beside what is always open.
func readAllow(f *fields) []app.FirewallRule {
	v, _ := f.get("allow")
	list, isList := v.([]any)
	if v != nil && !isList {
		f.report.add(f.path.with("allow"), "must be a list, not "+describe(v), "write allow: [{ port: 5432, from: [203.0.113.0/24] }]")
	}
	out := make([]app.FirewallRule, 0, len(list))
	for i, item := range list {
		out = append(out, readRule(mapping(f.report, f.path.with("allow").item(i), item)))
	}
	f.done()
	return out
}

func readRule(f *fields) app.FirewallRule {
	rule := app.FirewallRule{Protocol: f.oneOf("protocol", "tcp", "udp")}
	if rule.Protocol == "" {
		rule.Protocol = "tcp"
	}
	if _, ok := f.get("port"); !ok && f.values != nil {
		f.report.add(f.path, "the rule has no port", "say which port of the host is reached: port: 5432")
	}
	rule.Port, _ = f.number("port", 1, 65535)
	for i, text := range f.texts("from") {
		prefix, problem, advice := parseCIDR(text)
		if problem != "" {
			f.report.add(f.path.with("from").item(i), problem, advice)
			continue
		}
		rule.From = append(rule.From, prefix)
	}
	f.done()
	return rule
}

// parseCIDR reads addresses as "203.0.113.0/24", or one as "203.0.113.7".
func parseCIDR(text string) (cidr, problem, advice string) {
	if one, err := netip.ParseAddr(text); err == nil && one.Zone() == "" {
		return netip.PrefixFrom(one, one.BitLen()).String(), "", ""
	}
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return "", fmt.Sprintf("%q is no range of addresses", text), `write it as "203.0.113.0/24" or "2001:db8::/32", or one address alone`
	case prefix != prefix.Masked():
		return "", fmt.Sprintf("%s is an address in the range %s, not a range", text, prefix.Masked()), fmt.Sprintf("write %s for the range, or %s for the address", prefix.Masked(), prefix.Addr())
	}
	return prefix.String(), "", ""
}
