package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/types"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/secret"
)

// hubKey is how Docker's configuration names Docker Hub.
const hubKey = "https://index.docker.io/v1/"

// fromDocker asks Docker's configuration of the worker's user, and the credential helpers that it names.
func fromDocker(ctx context.Context, name string) (Found, error) {
	file, err := dockerConfig()
	if err != nil {
		return Found{Name: name}, err
	}
	found := Found{Name: name, From: "Docker's configuration " + file}
	settings, err := config.Load(filepath.Dir(file))
	if err != nil {
		return found, fmt.Errorf("reading Docker's configuration: %w", err)
	}
	key := name
	if name == app.DockerHub {
		key = hubKey
	}
	ctx, cancel := context.WithTimeout(ctx, commandWithin)
	defer cancel()
	auth, err := asked(ctx, func() (types.AuthConfig, error) { return settings.GetAuthConfig(key) })
	if ctxErr := context.Cause(ctx); errors.Is(ctxErr, context.Canceled) {
		return found, ctxErr
	}
	if err != nil {
		// Most images are for everybody: whether a login is needed, the registry says. What the helper said stays unseen.
		found.From += ", whose credential helper failed"
		return found, nil
	}
	found.Login = host.Login{
		Registry: name, Username: auth.Username, Password: kept(auth.Password),
		IdentityToken: kept(auth.IdentityToken), RegistryToken: kept(auth.RegistryToken),
	}
	return found, nil
}

// asked gives up waiting for a credential helper at the end of ctx, since the library has no way to end one.
func asked(ctx context.Context, ask func() (types.AuthConfig, error)) (types.AuthConfig, error) {
	type answer struct {
		auth types.AuthConfig
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		auth, err := ask()
		answers <- answer{auth, err}
	}()
	select {
	case a := <-answers:
		return a.auth, a.err
	case <-ctx.Done():
		return types.AuthConfig{}, context.Cause(ctx)
	}
}

func kept(text string) secret.String {
	if text == "" {
		return secret.String{}
	}
	return secret.New(text)
}

// dockerConfig is the file that `docker login` writes.
func dockerConfig() (string, error) {
	home, err := os.UserHomeDir()
	dir := cmp.Or(os.Getenv(config.EnvOverrideConfigDir), filepath.Join(home, ".docker"))
	if err != nil && os.Getenv(config.EnvOverrideConfigDir) == "" {
		return "", fmt.Errorf("finding Docker's configuration: %w", err)
	}
	return filepath.Join(dir, config.ConfigFileName), nil
}
