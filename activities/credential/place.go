package credential

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// place is the container in which a database, or a user's own step, runs.
type place struct {
	engine    host.Engine
	host      string
	service   string
	container string // id
	// address is the container's own: a password counts there, where a database may trust everybody on loopback.
	address string
}

// String is the place, for a person.
func (p place) String() string { return "service " + p.service + " on " + p.host }

// find finds the running container of the service: that of the release, else the newest, since a plain service that no
// deploy has changed is of an older release.
func find(ctx context.Context, h host.Host, in activities.CredentialInput) (place, error) {
	found, err := h.Engine().ContainerList(ctx, map[string]string{
		app.LabelSite: in.Site.String(), app.LabelService: in.Settings.Service, app.LabelRole: app.RoleService,
	})
	if err != nil {
		return place{}, err
	}
	found = slices.DeleteFunc(found, func(c app.ContainerState) bool { return !c.Running() })
	if len(found) == 0 {
		return place{}, fmt.Errorf("%s: no container of service %s of %s runs", h.Name(), in.Settings.Service, in.Site)
	}
	best := slices.MaxFunc(found, func(a, b app.ContainerState) int {
		return cmp.Or(ofRelease(a, in.Release)-ofRelease(b, in.Release), a.Created.Compare(b.Created))
	})
	return place{engine: h.Engine(), host: h.Name(), service: in.Settings.Service, container: best.ID, address: addressOf(best)}, nil
}

func ofRelease(c app.ContainerState, release string) int {
	if c.Labels[app.LabelRelease] == release {
		return 1
	}
	return 0
}

// addressOf is an address of the container, any of them but always the same; loopback where it has the host's.
func addressOf(c app.ContainerState) string {
	addresses := make([]string, 0, len(c.Addresses))
	for _, address := range c.Addresses {
		addresses = append(addresses, address)
	}
	if len(addresses) == 0 {
		return "127.0.0.1"
	}
	return slices.Min(addresses)
}

func (p place) exec(ctx context.Context, cmd host.ExecCommand) (host.Output, error) {
	return p.engine.ContainerExec(ctx, p.container, cmd)
}

// client runs a database's client, and classes its end: what a passing state of the database explains is tried again.
func (p place) client(ctx context.Context, what, stdin string, passing []string, args ...string) (string, error) {
	out, err := p.exec(ctx, host.ExecCommand{Args: args, Stdin: strings.NewReader(stdin)})
	var exit *host.ExitError
	if !errors.As(err, &exit) {
		return string(out.Stdout), err
	}
	said := message(exit.Stderr)
	text := fmt.Sprintf("%s in %s: %s", what, p, said)
	if exit.Code == 137 || containsAny(said, passing) {
		return "", errors.New(text)
	}
	f := app.Failure{Kind: app.KindCredential, Host: p.host, Service: p.service, Exited: true, ExitCode: exit.Code, Message: text}
	switch {
	case exit.Code == 126 || exit.Code == 127:
		f.Message = fmt.Sprintf("%s in %s: its container has no client for that", what, p)
		f.Advice = "Let rotate.service name the service that runs the database, with its client in the image."
	default:
		f.Advice = "Check rotate.users, rotate.role, rotate.database and rotate.admin of the secret in longshore.yml against the database."
	}
	return "", activities.Fail(f, nil)
}

// message is what a client said, without the prompt for the password and its own name, on one line.
func message(stderr string) string {
	var lines []string
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "Password") && strings.HasSuffix(line, ":") {
			continue
		}
		if line != "" {
			lines = append(lines, strings.TrimPrefix(line, "psql: error: "))
		}
	}
	if len(lines) == 0 {
		return "it failed and said nothing"
	}
	return strings.Join(lines, "; ")
}

func containsAny(text string, phrases []string) bool {
	return slices.ContainsFunc(phrases, func(phrase string) bool { return strings.Contains(text, phrase) })
}
