package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// stepSecrets is what a failure to find a run's secrets is told of as.
const stepSecrets = "secrets"

// pinCurrent answers a spec with the current versions of its secrets, and what a user should know of them. From then on
// the run has them in its history: they stay the same for all of it.
func pinCurrent(ctx workflow.Context, spec app.Spec) (app.Spec, []string, error) {
	if len(spec.Secrets) == 0 {
		return spec, nil, nil
	}
	found, err := activities.ResolveSecrets.Run(ctx, secretsInput(spec))
	if err != nil {
		return spec, nil, failed(stepSecrets, app.Host{}, "", err)
	}
	return spec.Pin(found.Secrets), found.Notes, nil
}

func secretsInput(spec app.Spec) activities.SecretsInput {
	in := activities.SecretsInput{Site: spec.Site, Scopes: spec.SecretScopes, Secrets: spec.Secrets, Wants: map[string][]string{}}
	for _, s := range spec.Secrets {
		in.Wants[s.Name] = spec.WantedBy(s.Name)
	}
	return in
}

// resolveSecrets pins the current versions of the secrets of a deploy from files.
func (d *deploy) resolveSecrets(ctx workflow.Context) error {
	if len(d.in.Spec.Secrets) > 0 {
		d.report.phase(ctx, "resolve secrets")
	}
	spec, notes, err := pinCurrent(ctx, d.in.Spec)
	d.in.Spec = spec
	for _, text := range notes {
		d.note(text)
	}
	return err
}

// pinSecrets has the record's secrets be what the run brings: those that the record pins, as far as they may still be used,
// or what a rotation asks for.
func (f *fromRecords) pinSecrets(ctx workflow.Context) error {
	spec := &f.record.Spec
	if len(spec.Secrets) == 0 {
		return nil
	}
	if len(f.asked.SecretScopes) > 0 {
		spec.SecretScopes = f.asked.SecretScopes
	}
	if f.kind == app.RunRotate {
		*spec = spec.Pin(f.asked.Secrets)
		return nil
	}
	f.report.phase(ctx, "check the secrets")
	checked, err := activities.RepinSecrets.Run(ctx, secretsInput(*spec))
	if err != nil {
		return failed(stepSecrets, app.Host{}, "", err)
	}
	*spec = spec.Pin(checked.Secrets)
	for _, text := range checked.Notes {
		f.note(text)
	}
	return nil
}
