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
	"github.com/longshore-dev/longshore/internal/secret"
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

func (r Request) readSecrets() (secretStore, error) {
	store := secretStore{}
	for _, source := range r.Build.Secrets {
		if source.ID == "" {
			return nil, invalid("a build secret has no id")
		}
		value, err := r.readSecret(source)
		if err != nil {
			return nil, err
		}
		if len(value) > secretsprovider.MaxSecretSize {
			return nil, invalid("build secret %q is larger than %d bytes", source.ID, secretsprovider.MaxSecretSize)
		}
		store[source.ID] = value
		if r.Found != nil && source.Secret == "" {
			r.Found(secret.New(string(value)))
		}
	}
	return store, nil
}

func (r Request) readSecret(source app.BuildSecret) ([]byte, error) {
	switch {
	case source.Secret != "":
		value, ok := r.Values[source.Secret]
		if !ok {
			return nil, invalid("build secret %q: the secret %s has no value in this run", source.ID, source.Secret)
		}
		return []byte(value.Reveal()), nil
	case source.Env != "":
		value, ok := os.LookupEnv(source.Env)
		if !ok {
			return nil, invalid("build secret %q: environment variable %s is not set for the worker", source.ID, source.Env)
		}
		return []byte(value), nil
	case source.File != "":
		value, err := os.ReadFile(source.File)
		if err != nil {
			return nil, invalid("build secret %q: %w", source.ID, err)
		}
		return value, nil
	}
	return nil, invalid("build secret %q names neither a secret, a file nor an environment variable", source.ID)
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
