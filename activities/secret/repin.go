package secret

import (
	"context"
	"errors"
	"fmt"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/store"
)

// RepinSecrets implements activities.RepinSecrets.
func (a Activities) RepinSecrets(ctx context.Context, in activities.SecretsInput) (activities.SecretsResult, error) {
	var out activities.SecretsResult
	var problems []problem
	for _, s := range in.Secrets {
		if err := a.Opener.Learn([]app.Secret{s}); err != nil {
			return activities.SecretsResult{}, err
		}
		kept, note, err := a.repin(ctx, in.Scopes, s)
		if err != nil {
			problems = append(problems, problem{s, err})
		}
		if note != "" {
			out.Notes = append(out.Notes, note)
		}
		out.Secrets = append(out.Secrets, kept)
	}
	if err := ctx.Err(); err != nil {
		return activities.SecretsResult{}, err
	}
	if err := fail(in.Wants, problems); err != nil {
		return activities.SecretsResult{}, err
	}
	return out, nil
}

// repin answers the secret that a release uses again: the version that it pins, or the current one where that was revoked.
func (a Activities) repin(ctx context.Context, scopes []app.SecretScope, s app.Secret) (kept app.Secret, note string, err error) {
	if s.Source.From != app.FromStore {
		return s, "", nil // such a place knows no versions to revoke
	}
	state, err := a.state(scopes, s)
	if err != nil {
		return s, fmt.Sprintf("version %s of %s is used again as it was: the store cannot say whether it is still good (%v)", s.Version, s.Name, err), nil
	}
	if state != app.VersionRevoked {
		return s, "", nil
	}
	now, _, err := a.find(ctx, scopes, s)
	if err != nil {
		return s, "", err
	}
	in := "version " + now.Version
	if now.Scope != s.Scope {
		in += " of the " + now.Scope + "'s"
	}
	return now, fmt.Sprintf("version %s of %s is revoked: the current one, %s, is used in its place", s.Version, s.Name, in), nil
}

// state is what the store says of the version that a secret pins. A secret that was removed has only revoked versions.
func (a Activities) state(scopes []app.SecretScope, s app.Secret) (app.VersionState, error) {
	state, err := a.Finder.State(scopes, s)
	var absent *store.NotFoundError
	if !errors.As(err, &absent) {
		return state, err
	}
	for _, scope := range scopes {
		if scope.Kind != s.Scope {
			continue
		}
		if record, err := a.folder(scope).Read(s.Name); err == nil && record.Removed {
			return app.VersionRevoked, nil
		}
	}
	return "", absent
}
