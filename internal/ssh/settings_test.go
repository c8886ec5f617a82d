package ssh

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/ssh/sshtest"
)

func TestParseAddress(t *testing.T) {
	for text, want := range map[string]address{
		"web-1":                       {name: "web-1"},
		"deploy@203.0.113.10:2222":    {"deploy", "203.0.113.10", 2222},
		"deploy@web-1":                {user: "deploy", name: "web-1"},
		"[2001:db8::1]:22":            {name: "2001:db8::1", port: 22},
		"[2001:db8::1]":               {name: "2001:db8::1"},
		"2001:db8::1":                 {name: "2001:db8::1"},
		"user@corp.example@web-1:222": {"user@corp.example", "web-1", 222},
	} {
		got, err := parseAddress(text)
		if err != nil || got != want {
			t.Errorf("parseAddress(%q) = %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "@web-1", "web-1:0", "web-1:ssh", "web-1:70000", "-oProxyCommand=id", "a b", "ssh://web-1", "deploy@:22"} {
		if got, err := parseAddress(text); !errors.Is(err, host.ErrSettings) {
			t.Errorf("parseAddress(%q) = %+v, %v, want ErrSettings", text, got, err)
		}
	}
}

func TestResolve(t *testing.T) {
	home := t.TempDir()
	system := t.TempDir()
	sshtest.WriteFile(t, home, "config", `
Host web-1
  HostName 203.0.113.10
  User deploy
  Port 2222
  IdentityFile ~/.ssh/%r-%n
  ProxyJump ops@bastion:2200,inner
  UserKnownHostsFile ~/.ssh/hosts-a ~/.ssh/hosts-b
  IdentityAgent ~/agent.sock
  IdentitiesOnly yes
  StrictHostKeyChecking no
  HashKnownHosts yes
Host command
  ProxyCommand nc %h %p
Host *.example.com
  HostName %h.internal
Host *
  User fallback
`)
	env := Environment{Home: home, User: "me", AgentSocket: "/run/agent", SystemDir: system}
	config, err := loadConfiguration(env)
	if err != nil {
		t.Fatal(err)
	}
	s, err := resolve(env, config, address{name: "web-1"})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.String(); got != "deploy@web-1 (203.0.113.10:2222)" {
		t.Errorf("the host is named %q", got)
	}
	if want := []string{filepath.Join(home, ".ssh/deploy-web-1")}; !slices.Equal(s.identities, want) {
		t.Errorf("identities = %q, want %q", s.identities, want)
	}
	if want := []address{{"ops", "bastion", 2200}, {name: "inner"}}; !slices.Equal(s.jumps, want) {
		t.Errorf("jumps = %v, want %v", s.jumps, want)
	}
	if want := []string{filepath.Join(home, ".ssh/hosts-a"), filepath.Join(home, ".ssh/hosts-b")}; !slices.Equal(s.known.user, want) {
		t.Errorf("known hosts = %q, want %q", s.known.user, want)
	}
	if !s.only || !s.known.hash || s.agent != filepath.Join(home, "agent.sock") {
		t.Errorf("only, hash, agent = %v, %v, %q", s.only, s.known.hash, s.agent)
	}
	if s.known.acceptNew {
		t.Error("StrictHostKeyChecking no turned off the check of host keys")
	}

	s, err = resolve(env, config, address{user: "root", name: "web-1", port: 22})
	if err != nil || s.user != "root" || s.port != 22 {
		t.Errorf("the address gives way to the configuration: %s, %v", s, err)
	}
	s, err = resolve(env, config, address{name: "a.example.com"})
	if err != nil || s.hostname != "a.example.com.internal" || s.user != "fallback" || s.agent != "/run/agent" {
		t.Errorf("patterns and defaults: %s, agent %q, %v", s, s.agent, err)
	}
	if _, err = resolve(env, config, address{name: "command"}); !errors.Is(err, host.ErrSettings) {
		t.Errorf("a ProxyCommand gives %v, want ErrSettings", err)
	}
}

func TestUnreadableConfigurationIsNamed(t *testing.T) {
	home := t.TempDir()
	path := sshtest.WriteFile(t, home, "config", "Match exec \"true\"\n  User x\n")
	_, err := loadConfiguration(Environment{Home: home})
	if !errors.Is(err, host.ErrSettings) || !contains(err, path) {
		t.Errorf("error = %v, want ErrSettings that names %s", err, path)
	}
}
