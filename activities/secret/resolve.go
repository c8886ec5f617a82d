package secret

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

const (
	// findsAtOnce bounds the programs that are asked for values at the same time.
	findsAtOnce = 8
	// maxTogether bounds the values of one site, in bytes: sealed, they travel together in the run's history, and the engine
	// takes no payload beyond 2 MiB.
	maxTogether = 512 << 10
)

// ResolveSecrets implements activities.ResolveSecrets. Whatever cannot be found is named in one failure.
func (a Activities) ResolveSecrets(ctx context.Context, in activities.SecretsInput) (activities.SecretsResult, error) {
	out := activities.SecretsResult{Secrets: make([]app.Secret, len(in.Secrets))}
	sizes, errs := make([]int, len(in.Secrets)), make([]error, len(in.Secrets))
	var group errgroup.Group
	group.SetLimit(findsAtOnce)
	for i, s := range in.Secrets {
		group.Go(func() error {
			out.Secrets[i], sizes[i], errs[i] = a.find(ctx, in.Scopes, s)
			return nil
		})
	}
	_ = group.Wait() // no error is its own
	if err := ctx.Err(); err != nil {
		return activities.SecretsResult{}, err
	}
	var problems []problem
	together := 0
	for i, s := range in.Secrets {
		together += sizes[i]
		if errs[i] != nil {
			problems = append(problems, problem{s, errs[i]})
		}
	}
	if err := fail(in.Wants, problems); err != nil {
		return activities.SecretsResult{}, err
	}
	if together > maxTogether {
		return activities.SecretsResult{}, refuse("Keep large files out of the secrets: bring them in as configs, volumes or part of the image.",
			"the secrets of %s have %d bytes together, more than the %d that a run can carry", in.Site, together, maxTogether)
	}
	return out, nil
}

// find answers a secret with its current version and value, and the value's size in bytes.
func (a Activities) find(ctx context.Context, scopes []app.SecretScope, s app.Secret) (app.Secret, int, error) {
	found, err := a.Finder.Current(ctx, scopes, s)
	if err != nil {
		return app.Secret{}, 0, err
	}
	sealed, err := a.seal(s.Name, found.Value)
	if err != nil {
		return app.Secret{}, 0, fmt.Errorf("keep its value for the run: %w", err)
	}
	s.Version, s.Scope, s.Sealed = found.Version, found.Scope, sealed
	return s, len(found.Value.Reveal()), nil
}
