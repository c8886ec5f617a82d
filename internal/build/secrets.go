package build

import (
	"context"
	"os"
	"slices"
	"strings"

	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/secrets"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"github.com/moby/buildkit/session/sshforward/sshprovider"

	"github.com/longshore-dev/longshore/internal/app"
)

// secretStore answers the build's questions for secrets, from memory.
type secretStore map[string][]byte

// GetSecret implements BuildKit's store.
func (s secretStore) GetSecret(_ context.Context, id string) ([]byte, error) {
	value, ok := s[id]
	if !ok {
		return nil, secrets.ErrNotFound
	}
	return value, nil
}

func readSecrets(sources []app.BuildSecret) (secretStore, error) {
	store := secretStore{}
	for _, source := range sources {
		switch {
		case source.ID == "":
			return nil, invalid("a build secret has no id")
		case source.Env != "":
			value, ok := os.LookupEnv(source.Env)
			if !ok {
				return nil, invalid("build secret %q: environment variable %s is not set for the worker", source.ID, source.Env)
			}
			store[source.ID] = []byte(value)
		case source.File != "":
			value, err := os.ReadFile(source.File)
			if err != nil {
				return nil, invalid("build secret %q: %w", source.ID, err)
			}
			store[source.ID] = value
		default:
			return nil, invalid("build secret %q names neither a file nor an environment variable", source.ID)
		}
		if len(store[source.ID]) > secretsprovider.MaxSecretSize {
			return nil, invalid("build secret %q is larger than %d bytes", source.ID, secretsprovider.MaxSecretSize)
		}
	}
	return store, nil
}

// minRedacted is the shortest text that is hidden: hiding "a" would hide everything.
const minRedacted = 4

// redactor hides secrets that a step prints. A secret of several lines is hidden line by line, as logs show it.
func (s secretStore) redactor() *strings.Replacer {
	var lines []string
	for _, value := range s {
		for line := range strings.Lines(string(value)) {
			if line = strings.TrimSpace(line); len(line) >= minRedacted {
				lines = append(lines, line)
			}
		}
	}
	// The longest first: one that begins another would leave the rest of it to be read.
	slices.SortFunc(lines, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, line := range lines {
		pairs = append(pairs, line, "***")
	}
	return strings.NewReplacer(pairs...)
}

// sshAgents are the agents and keys that the build may use; nil where there are none.
func sshAgents(sources []app.BuildSSH) (session.Attachable, error) {
	if len(sources) == 0 {
		return nil, nil
	}
	configs := make([]sshprovider.AgentConfig, len(sources))
	for i, source := range sources {
		configs[i] = sshprovider.AgentConfig{ID: source.ID, Paths: source.Paths}
	}
	agents, err := sshprovider.NewSSHAgentProvider(configs)
	if err != nil {
		return nil, invalid("build ssh: %w", err)
	}
	return agents, nil
}
