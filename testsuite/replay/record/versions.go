package main

import (
	"context"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
)

// versions has a world's store keep the versions of one rotation, and stands for a database that lets all of them in.
type versions struct{ world *memory.World }

func (v versions) register(r activities.Registry) {
	activities.BeginVersion.Register(r, v.begin)
	activities.SettleVersion.Register(r, v.settle)
	for _, step := range []activities.Step[activities.CredentialInput, activities.Nothing]{
		activities.AddCredential, activities.TestCredential, activities.RevokeCredential,
	} {
		step.Register(r, v.letIn)
	}
}

// begin makes the second version. The password is all of the value.
func (v versions) begin(_ context.Context, in activities.BeginVersionInput) (activities.Rotating, error) {
	name, users := in.Secret.Name, in.Settings.Users
	old, made := v.world.Version(name, 1), v.world.Secret(name, "second value of "+name)
	return activities.Rotating{
		Old: old, New: made, OldUser: users[0], NewUser: users[1], OldPassword: old.Sealed, NewPassword: made.Sealed,
	}, nil
}

// settle revokes. Which version is current counts for deploys alone.
func (v versions) settle(_ context.Context, in activities.SettleVersionInput) (activities.Nothing, error) {
	for _, version := range in.Revoke {
		v.world.Revoke(app.Secret{Name: in.Secret.Name, Version: version})
	}
	return activities.Nothing{}, nil
}

func (versions) letIn(context.Context, activities.CredentialInput) (activities.Nothing, error) {
	return activities.Nothing{}, nil
}
