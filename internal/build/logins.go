package build

import (
	"context"
	"sync"

	"github.com/moby/buildkit/session/auth"
	"google.golang.org/grpc"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// hubHost is how BuildKit names Docker Hub.
const hubHost = "registry-1.docker.io"

// logins answers the builder's questions for who asks a registry, once for each. Tokens it leaves to the engine, which
// asks the registry anyway.
type logins struct {
	auth.UnimplementedAuthServer
	find func(ctx context.Context, registry string) (host.Login, error)

	mu    sync.Mutex
	known map[string]host.Login
}

func newLogins(find func(context.Context, string) (host.Login, error)) *logins {
	return &logins{find: find, known: map[string]host.Login{}}
}

// Register implements BuildKit's session.Attachable.
func (l *logins) Register(server *grpc.Server) { auth.RegisterAuthServer(server, l) }

// Credentials implements BuildKit's side of the question.
func (l *logins) Credentials(ctx context.Context, asked *auth.CredentialsRequest) (*auth.CredentialsResponse, error) {
	name := asked.GetHost()
	if name == hubHost {
		name = app.DockerHub
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	login, ok := l.known[name]
	if !ok {
		var err error
		if login, err = l.find(ctx, name); err != nil {
			return nil, err
		}
		l.known[name] = login
	}
	// A token goes without a user: that is how the engine tells it from a password.
	if !login.IdentityToken.Empty() {
		return &auth.CredentialsResponse{Secret: login.IdentityToken.Reveal()}, nil
	}
	return &auth.CredentialsResponse{Username: login.Username, Secret: login.Password.Reveal()}, nil
}

// Replace hides what is secret of the logins that were given out, as a strings.Replacer would.
func (l *logins) Replace(text string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, login := range l.known {
		text = login.Mask(text)
	}
	return text
}

// replacer hides what must not be seen in a text.
type replacer interface{ Replace(text string) string }

// both hides what two replacers hide.
type both struct{ first, second replacer }

func (b both) Replace(text string) string { return b.second.Replace(b.first.Replace(text)) }
