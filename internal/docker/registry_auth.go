package docker

import (
	"context"
	"errors"
	"strings"

	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/client"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// hubServer is how engines name Docker Hub.
const hubServer = "https://index.docker.io/v1/"

// ImageResolve implements host.Engine: the engine asks the registry, so that it is the host's way there that counts.
func (e *Engine) ImageResolve(ctx context.Context, ref string, login host.Login) (string, error) {
	digest := ""
	err := e.call(ctx, slow, "resolve image "+ref, func(ctx context.Context, cli *client.Client) error {
		auth, err := registryAuth(login)
		if err != nil {
			return err
		}
		found, err := cli.DistributionInspect(ctx, ref, auth)
		digest = found.Descriptor.Digest.String()
		return err
	})
	return digest, e.asking(login, err)
}

// registryAuth is the header that an engine takes a login in; empty for nobody.
func registryAuth(login host.Login) (string, error) {
	if login.Anonymous() {
		return "", nil
	}
	server := login.Registry
	if server == app.DockerHub {
		server = hubServer
	}
	return registry.EncodeAuthConfig(registry.AuthConfig{
		Username:      login.Username,
		Password:      login.Password.Reveal(),
		IdentityToken: login.IdentityToken.Reveal(),
		RegistryToken: login.RegistryToken.Reveal(),
		ServerAddress: server,
	})
}

// asking classes the error of a call that asked a registry, and hides what is secret of the login in it: a registry may
// repeat what it was told.
func (e *Engine) asking(login host.Login, err error) error {
	failed := (*Error)(nil)
	if !errors.As(err, &failed) {
		return err
	}
	out := *failed
	if out.kind == nil || errors.Is(out.kind, host.ErrNotFound) || errors.Is(out.kind, host.ErrInvalid) {
		if denied(out.err.Error()) {
			out.kind = host.ErrDenied
		}
	}
	if masked := login.Mask(out.err.Error()); masked != out.err.Error() {
		// The cause is not wrapped: unwrapped, it would say what the text hides.
		out.err = errors.New(masked)
	}
	return &out
}

// denied knows a registry's refusal by what engines make of it, which is text alone in the middle of a pull.
func denied(text string) bool {
	text = strings.ToLower(text)
	for _, said := range []string{
		"unauthorized", "no basic auth credentials", "authentication required", "access denied", "access forbidden", "access to the resource is denied",
		"403 forbidden", "authorization failed", "insufficient_scope",
	} {
		if strings.Contains(text, said) {
			return true
		}
	}
	return false
}
