package ssh

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/kevinburke/ssh_config"

	"github.com/longshore-dev/longshore/internal/host"
)

// settings are an address with everything that the user's SSH configuration adds to it.
type settings struct {
	alias    string // the name as it was written
	user     string
	hostname string
	port     int
	jumps    []address // in the order they are gone through
	// identities are key files; defaulted says that nobody named them, so that missing ones are passed over.
	identities []string
	defaulted  bool
	only       bool // offer no key of the agent but those of identities
	agent      string
	known      knownHosts
}

// endpoint is what TCP dials.
func (s settings) endpoint() string { return net.JoinHostPort(s.hostname, strconv.Itoa(s.port)) }

// String names the host in messages: the alias, and where it leads where that differs.
func (s settings) String() string {
	text := s.user + "@" + s.alias
	if s.alias != s.hostname || s.port != 22 {
		text += " (" + s.endpoint() + ")"
	}
	return text
}

// configuration is the user's file before the system's; the first to give a value wins.
type configuration []source

type source struct {
	path   string
	config *ssh_config.Config
}

func loadConfiguration(env Environment) (configuration, error) {
	paths := []string{filepath.Join(env.Home, ".ssh", "config")}
	if env.SystemDir != "" {
		paths = append(paths, filepath.Join(env.SystemDir, "ssh_config"))
	}
	var all configuration
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", host.ErrSettings, err)
		}
		config, err := ssh_config.DecodeBytes(data)
		if err != nil {
			return nil, fmt.Errorf("%w: %s cannot be read: %w", host.ErrSettings, path, err)
		}
		all = append(all, source{path, config})
	}
	return all, nil
}

func (c configuration) get(alias, key string) (string, error) {
	for _, s := range c {
		value, err := s.config.Get(alias, key)
		if err != nil {
			return "", fmt.Errorf("%w: %s cannot be read: %w", host.ErrSettings, s.path, err)
		}
		if value != "" {
			return value, nil
		}
	}
	return "", nil
}

func (c configuration) all(alias, key string) ([]string, error) {
	var values []string
	for _, s := range c {
		more, err := s.config.GetAll(alias, key)
		if err != nil {
			return nil, fmt.Errorf("%w: %s cannot be read: %w", host.ErrSettings, s.path, err)
		}
		values = append(values, more...)
	}
	return values, nil
}

// resolve looks an address up in the configuration. StrictHostKeyChecking is left out on purpose: a configuration that
// turns the check off would turn it off for deploys too.
func resolve(env Environment, config configuration, a address) (settings, error) {
	s := settings{alias: a.name, user: a.user, port: a.port, agent: env.AgentSocket}
	values := make(map[string]string)
	for _, key := range []string{"HostName", "User", "Port", "ProxyJump", "ProxyCommand", "UserKnownHostsFile",
		"GlobalKnownHostsFile", "HostKeyAlias", "HashKnownHosts", "IdentitiesOnly", "IdentityAgent"} {
		value, err := config.get(a.name, key)
		if err != nil {
			return settings{}, err
		}
		values[key] = value
	}
	s.hostname = expand(values["HostName"], map[byte]string{'h': a.name})
	if s.hostname == "" {
		s.hostname = a.name
	}
	if s.user == "" {
		s.user = values["User"]
	}
	if s.user == "" {
		s.user = env.User
	}
	if err := s.choosePort(values["Port"]); err != nil {
		return settings{}, err
	}
	tokens := map[byte]string{'h': s.hostname, 'n': a.name, 'p': strconv.Itoa(s.port), 'r': s.user, 'u': env.User, 'd': env.Home}
	if err := s.chooseJumps(values["ProxyJump"], values["ProxyCommand"]); err != nil {
		return settings{}, err
	}
	identities, err := config.all(a.name, "IdentityFile")
	if err != nil {
		return settings{}, err
	}
	s.chooseKeys(env, identities, values["IdentityAgent"], tokens)
	s.only = strings.EqualFold(values["IdentitiesOnly"], "yes")
	s.known = knownHosts{
		address: s.endpoint(),
		hash:    strings.EqualFold(values["HashKnownHosts"], "yes"),
		user:    filesOf(env, values["UserKnownHostsFile"], tokens, "~/.ssh/known_hosts", "~/.ssh/known_hosts2"),
	}
	if env.SystemDir != "" {
		s.known.global = filesOf(env, values["GlobalKnownHostsFile"], tokens,
			filepath.Join(env.SystemDir, "ssh_known_hosts"), filepath.Join(env.SystemDir, "ssh_known_hosts2"))
	}
	if alias := values["HostKeyAlias"]; alias != "" {
		s.known.address = net.JoinHostPort(alias, "22")
	}
	return s, nil
}

func (s *settings) choosePort(configured string) error {
	if s.port != 0 {
		return nil
	}
	s.port = 22
	if configured == "" {
		return nil
	}
	port, err := strconv.ParseUint(configured, 10, 16)
	if err != nil || port == 0 {
		return fmt.Errorf("%w: Port %q of %s in the SSH configuration is not a port", host.ErrSettings, configured, s.alias)
	}
	s.port = int(port)
	return nil
}

func (s *settings) chooseJumps(jump, command string) error {
	if jump == "" && command != "" && !strings.EqualFold(command, "none") {
		return fmt.Errorf("%w: %s has a ProxyCommand in the SSH configuration, which Longshore does not run; "+
			"use ProxyJump there, or jump in longshore.yml", host.ErrSettings, s.alias)
	}
	if jump == "" || strings.EqualFold(jump, "none") {
		return nil
	}
	var err error
	s.jumps, err = parseJumps(jump)
	return err
}

// parseJumps reads a comma-separated list of addresses.
func parseJumps(text string) ([]address, error) {
	var jumps []address
	for part := range strings.SplitSeq(text, ",") {
		a, err := parseAddress(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		jumps = append(jumps, a)
	}
	return jumps, nil
}

func (s *settings) chooseKeys(env Environment, identities []string, agent string, tokens map[byte]string) {
	for _, path := range identities {
		if !strings.EqualFold(path, "none") {
			s.identities = append(s.identities, env.path(expand(path, tokens)))
		}
	}
	if len(identities) == 0 {
		s.defaulted = true
		for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
			s.identities = append(s.identities, filepath.Join(env.Home, ".ssh", name))
		}
	}
	switch {
	case agent == "" || agent == "SSH_AUTH_SOCK":
	case strings.EqualFold(agent, "none"):
		s.agent = ""
	default:
		s.agent = env.path(expand(agent, tokens))
	}
}

func filesOf(env Environment, configured string, tokens map[byte]string, defaults ...string) []string {
	names := strings.Fields(configured)
	if len(names) == 0 {
		names = defaults
	}
	var files []string
	for _, name := range names {
		if !strings.EqualFold(name, "none") {
			files = append(files, env.path(expand(name, tokens)))
		}
	}
	return files
}

// expand replaces the percent tokens of the SSH configuration; unknown ones stay as they are.
func expand(text string, tokens map[byte]string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+1 < len(text) {
			if value, ok := tokens[text[i+1]]; ok {
				out.WriteString(value)
				i++
				continue
			}
			if text[i+1] == '%' {
				i++
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}
