package ssh

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
)

// Environment is what the user's machine knows about SSH.
type Environment struct {
	Home        string // holds .ssh
	User        string // the login where neither address nor configuration names one
	AgentSocket string // empty for no agent
	SystemDir   string // holds ssh_config and ssh_known_hosts; empty for none
}

// CurrentEnvironment is that of this process.
func CurrentEnvironment() (Environment, error) {
	current, err := user.Current()
	if err != nil {
		return Environment{}, fmt.Errorf("look up the current user: %w", err)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = current.HomeDir
	}
	return Environment{
		Home:        home,
		User:        current.Username,
		AgentSocket: os.Getenv("SSH_AUTH_SOCK"),
		SystemDir:   "/etc/ssh",
	}, nil
}

// path makes a configured path absolute: "~" is the home folder, and what is relative lies in it.
func (e Environment) path(text string) string {
	if text == "~" {
		return e.Home
	}
	if rest, ok := strings.CutPrefix(text, "~/"); ok {
		return filepath.Join(e.Home, rest)
	}
	if filepath.IsAbs(text) {
		return text
	}
	return filepath.Join(e.Home, text)
}
