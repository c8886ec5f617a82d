// Package credential implements the activities that make a secret's new value good where it is used, and its old one
// refused: users and passwords of a database that runs as a service of a site, or steps of the user's own. It must not
// know how a value is made, stored or brought to those who use it.
//
// A statement goes to a database's own client in its container over the client's standard input, so that no value is in an
// argument or in an environment. What a database logs of it has no password: PostgreSQL and MariaDB get hashes, and MySQL
// leaves passwords out by itself.
package credential

import (
	"context"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/secret"
)

// Opener opens the sealed values of an input, and has them masked from then on. Its errors are the activity's as they are.
type Opener interface {
	Open(name, text string) (secret.String, error)
}

// Activities are bound to the hosts that a worker can reach, and to what opens its secrets. They may run concurrently.
type Activities struct {
	Hosts   host.Opener
	Secrets Opener
}

// Register binds the activities to their names.
func (a Activities) Register(r activities.Registry) {
	activities.AddCredential.Register(r, a.Add)
	activities.TestCredential.Register(r, a.Test)
	activities.RevokeCredential.Register(r, a.Revoke)
}

// keeper is what a credential is good in. Each method looks before it acts.
type keeper interface {
	// add makes the change's wanted credential good.
	add(ctx context.Context, c change) error
	// test fails where the wanted credential is refused.
	test(ctx context.Context, c change) error
	// revoke has the unwanted credential refused.
	revoke(ctx context.Context, c change) error
}

// Add implements activities.AddCredential.
func (a Activities) Add(ctx context.Context, in activities.CredentialInput) (activities.Nothing, error) {
	return a.do(ctx, in, keeper.add)
}

// Test implements activities.TestCredential.
func (a Activities) Test(ctx context.Context, in activities.CredentialInput) (activities.Nothing, error) {
	return a.do(ctx, in, keeper.test)
}

// Revoke implements activities.RevokeCredential.
func (a Activities) Revoke(ctx context.Context, in activities.CredentialInput) (activities.Nothing, error) {
	return a.do(ctx, in, keeper.revoke)
}

func (a Activities) do(ctx context.Context, in activities.CredentialInput, step func(keeper, context.Context, change) error) (activities.Nothing, error) {
	switch in.Settings.With {
	case app.WithPostgres, app.WithMySQL, app.WithCommand:
	default:
		return activities.Nothing{}, nil // the value is all there is
	}
	c, err := a.open(in)
	if err != nil {
		return activities.Nothing{}, err
	}
	k, err := a.keeper(ctx, in)
	if err == nil {
		err = step(k, ctx, c)
	}
	return activities.Nothing{}, failing.On(in.Host, err)
}

// keeper finds what the credential is good in.
func (a Activities) keeper(ctx context.Context, in activities.CredentialInput) (keeper, error) {
	if in.Settings.With == app.WithCommand && in.Settings.Service == "" {
		worker, err := a.Hosts.Open(ctx, app.Host{Name: "worker", Address: app.LocalAddress})
		if err != nil {
			return nil, err
		}
		run := func(ctx context.Context, cmd host.ExecCommand) (host.Output, error) {
			return worker.Run(ctx, host.Command{Args: cmd.Args, Stdin: cmd.Stdin})
		}
		return command{settings: in.Settings, secret: in.New.Name, where: "on the worker", run: run}, nil
	}
	h, err := a.Hosts.Open(ctx, in.Host)
	if err != nil {
		return nil, err
	}
	p, err := find(ctx, h, in)
	if err != nil {
		return nil, err
	}
	var admin secret.String
	if in.Admin != "" {
		if admin, err = a.Secrets.Open(in.Settings.AdminPassword, in.Admin); err != nil {
			return nil, err
		}
	}
	switch in.Settings.With {
	case app.WithPostgres:
		return postgres{place: p, settings: in.Settings, password: admin}, nil
	case app.WithMySQL:
		return mysql{place: p, settings: in.Settings, password: admin}, nil
	default:
		return command{settings: in.Settings, secret: in.New.Name, where: "in " + p.String(), run: p.exec}, nil
	}
}
