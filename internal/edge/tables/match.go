package tables

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// AnyHost is the host of a route that answers every name that no other route has.
const AnyHost = "*"

// Host brings the Host header of a request into the form of a route's hosts: lower case, without port and trailing dot.
func Host(header string) string {
	host := header
	switch {
	case strings.HasPrefix(host, "["):
		if end := strings.IndexByte(host, ']'); end > 0 {
			host = host[1:end]
		}
	case strings.Count(host, ":") == 1:
		host = host[:strings.IndexByte(host, ':')]
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// HasPrefix says whether path is below prefix, in whole segments. The prefix "/" has every path below it.
func HasPrefix(path, prefix string) bool {
	if prefix == "/" {
		return true
	}
	return strings.HasPrefix(path, prefix) && (len(path) == len(prefix) || path[len(prefix)] == '/')
}

// Index finds the route of a request among the routes of all sites. It is immutable and safe for concurrent use.
type Index[T any] struct {
	hosts map[string][]entry[T]
}

type entry[T any] struct {
	prefix string
	value  T
}

// Add puts a value at every host of a route whose hosts and path Put has accepted. It must not be called any more once
// Find is.
func (x *Index[T]) Add(route app.Route, value T) {
	if x.hosts == nil {
		x.hosts = map[string][]entry[T]{}
	}
	for _, host := range route.Hosts {
		list := x.hosts[host]
		at := 0
		for at < len(list) && len(list[at].prefix) >= len(route.Path) {
			at++
		}
		list = append(list, entry[T]{})
		copy(list[at+1:], list[at:])
		list[at] = entry[T]{prefix: route.Path, value: value}
		x.hosts[host] = list
	}
}

// Find returns the value with the longest prefix of path among those of the host, and only where the host has no
// route at all, among those of AnyHost. The host is in the form that Host returns.
func (x *Index[T]) Find(host, path string) (value T, found bool) {
	list, ok := x.hosts[host]
	if !ok || host == AnyHost {
		list = x.hosts[AnyHost]
	}
	for i := range list {
		if HasPrefix(path, list[i].prefix) {
			return list[i].value, true
		}
	}
	return value, false
}

// Knows says whether the host has a route of its own or AnyHost has one.
func (x *Index[T]) Knows(host string) bool {
	return len(x.hosts[host])+len(x.hosts[AnyHost]) > 0
}

func cleanHost(text string) (string, error) {
	if text == AnyHost {
		return text, nil
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	if addr, err := netip.ParseAddr(bare); err == nil {
		return addr.String(), nil
	}
	host := strings.ToLower(strings.TrimSuffix(text, "."))
	if host == "" || len(host) > 253 {
		return "", fmt.Errorf("%w: host %q", ErrInvalid, text)
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return "", fmt.Errorf("%w: host %q", ErrInvalid, text)
		}
	}
	return host, nil
}

// checkAddress refuses an upstream that is not "address:port". Names are allowed, for networks with a resolver of their
// own; placeholders and port ranges are not.
func checkAddress(text string) error {
	host, port, err := net.SplitHostPort(text)
	if err != nil || host == "" {
		return fmt.Errorf("%w: upstream %q is not address:port", ErrInvalid, text)
	}
	if _, err := cleanHost(host); err != nil || host == AnyHost {
		return fmt.Errorf("%w: upstream %q has no address", ErrInvalid, text)
	}
	var number uint16
	if _, err := fmt.Sscanf(port, "%d", &number); err != nil || number == 0 || fmt.Sprint(number) != port {
		return fmt.Errorf("%w: upstream %q has no port", ErrInvalid, text)
	}
	return nil
}
