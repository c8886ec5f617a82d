package build

import (
	"encoding/csv"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/util/entitlements"
	"github.com/tonistiigi/fsutil"
)

// newSolve translates all of a request that needs neither its files nor the engine.
func (r Request) newSolve() (client.SolveOpt, error) {
	opt := client.SolveOpt{
		Frontend:      "dockerfile.v0",
		FrontendAttrs: map[string]string{"image-resolve-mode": "local"},
		LocalMounts:   map[string]fsutil.FS{},
		// The exporter of BuildKit inside an engine: it puts the image into the engine's own store, of either kind.
		Exports: []client.ExportEntry{{Type: "moby", Attrs: map[string]string{"name": r.Tag}}},
	}
	attrs, b := opt.FrontendAttrs, r.Build
	platforms, err := r.platforms()
	if err != nil {
		return opt, err
	}
	if len(platforms) > 0 {
		attrs["platform"] = strings.Join(platforms, ",")
	}
	if b.Pull {
		attrs["image-resolve-mode"] = "pull"
	}
	if b.Target != "" {
		attrs["target"] = b.Target
	}
	if b.NoCache {
		attrs["no-cache"] = "" // of every stage
	}
	if b.ShmSize > 0 {
		attrs["shm-size"] = strconv.FormatInt(b.ShmSize, 10)
	}
	for key, value := range b.Args {
		attrs["build-arg:"+key] = value
	}
	labels := maps.Clone(b.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, r.Labels)
	for key, value := range labels {
		attrs["label:"+key] = value
	}
	switch b.Network {
	case "", "default":
	case "none":
		attrs["force-network-mode"] = b.Network
	case "host":
		attrs["force-network-mode"] = b.Network
		opt.AllowedEntitlements = append(opt.AllowedEntitlements, entitlements.EntitlementNetworkHost.String())
	default:
		return opt, invalid("build network %q is none of default, host, none", b.Network)
	}
	for _, text := range b.CacheFrom {
		source, err := cacheSource(text)
		if err != nil {
			return opt, err
		}
		opt.CacheImports = append(opt.CacheImports, source)
	}
	return opt, nil
}

// cacheSource reads an entry of cache_from: an image, or type=…,key=value,….
func cacheSource(text string) (client.CacheOptionsEntry, error) {
	if !strings.Contains(text, "=") {
		return client.CacheOptionsEntry{Type: "registry", Attrs: map[string]string{"ref": text}}, nil
	}
	fields, err := csv.NewReader(strings.NewReader(text)).Read()
	if err != nil {
		return client.CacheOptionsEntry{}, invalid("cache_from %q: %w", text, err)
	}
	entry := client.CacheOptionsEntry{Attrs: map[string]string{}}
	for _, field := range fields {
		key, value, ok := strings.Cut(field, "=")
		if !ok {
			return client.CacheOptionsEntry{}, invalid("cache_from %q: %q is not key=value", text, field)
		}
		if key == "type" {
			entry.Type = value
		} else {
			entry.Attrs[key] = value
		}
	}
	if entry.Type == "" {
		return client.CacheOptionsEntry{}, invalid("cache_from %q has no type", text)
	}
	return entry, nil
}

// hostGateway stands for the address of the engine's machine.
const hostGateway = "host-gateway"

// extraHosts is the frontend's form of name:address or name=address entries.
func extraHosts(entries []string, gateway string) (string, error) {
	hosts := make([]string, 0, len(entries))
	for _, entry := range entries {
		at := strings.IndexByte(entry, '=')
		if at < 0 {
			at = strings.IndexByte(entry, ':')
		}
		if at <= 0 || at == len(entry)-1 {
			return "", invalid("extra host %q is not name=address", entry)
		}
		name, address := entry[:at], strings.Trim(entry[at+1:], "[]")
		if address == hostGateway {
			if gateway == "" {
				return "", invalid("extra host %q: the engine does not say what its %s is: give an address, or upgrade Docker", entry, hostGateway)
			}
			address = gateway
		}
		hosts = append(hosts, name+"="+address)
	}
	slices.Sort(hosts)
	return strings.Join(hosts, ","), nil
}
