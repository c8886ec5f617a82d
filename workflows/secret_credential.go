package workflows

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// place is where a credential is good: the database of a consumer, or what the user's own steps look after.
type place struct {
	// site is nil for the steps that the worker runs.
	site *rotationSite
	host app.Host
	// admin is the administrator's password, resolved; empty for none.
	admin app.Secret
	// added says that the new credential may be good there, and stuck that the old one could not be brought back.
	added, stuck bool
}

// name is the place, for a person.
func (p *place) name() string {
	if p.site == nil {
		return "the worker"
	}
	return p.host.Name + " of " + p.site.name()
}

// withCredential says whether the way to rotate has a credential beside the value.
func (r *rotation) withCredential() bool {
	switch r.in.Settings.With {
	case app.WithPostgres, app.WithMySQL, app.WithCommand:
		return true
	}
	return false
}

// oneUser says that the new version is a new password of the old one's user: only one of the two is good at a time.
func (r *rotation) oneUser() bool {
	return r.versions.NewUser != "" && r.versions.NewUser == r.versions.OldUser
}

// findPlaces finds where the credential is used, and how to log in there. It refuses where that is nowhere.
func (r *rotation) findPlaces(ctx workflow.Context) error {
	if !r.withCredential() {
		return nil
	}
	service := r.in.Settings.Service
	if service == "" {
		r.places = []*place{{}}
		return nil
	}
	for _, s := range r.sites {
		if !s.HasService {
			continue
		}
		i := slices.IndexFunc(s.Hosts, func(h app.Host) bool { return h.Name == s.ServiceHost })
		if i < 0 {
			return notThereToRotate(service+" of "+s.name()+" does not run, so its credential cannot be changed", "Start it first (longshore ps tells what runs), or leave the site out by removing it.")
		}
		r.places = append(r.places, &place{site: s, host: s.Hosts[i]})
	}
	if len(r.places) == 0 {
		return notThereToRotate("no site that uses "+r.in.Secret.String()+" has a service "+service, "Deploy it first, or correct rotate.service of the secret in longshore.yml.")
	}
	return together(ctx, r.places, r.findAdmin)
}

func notThereToRotate(message, advice string) error {
	return refusal(app.Failure{Kind: app.KindCredential, Step: string(app.PhaseFind), Message: message, Advice: advice})
}

// findAdmin resolves the password of the one who may change the others.
func (r *rotation) findAdmin(ctx workflow.Context, p *place) error {
	name := r.in.Settings.AdminPassword
	if name == "" {
		return nil
	}
	secret := app.Secret{Name: name}
	if p.site.Admin != nil {
		secret.Source = p.site.Admin.Source
	}
	resolved, err := activities.ResolveSecrets.Run(ctx, activities.SecretsInput{
		Site: p.site.Site, Scopes: p.site.Scopes, Secrets: []app.Secret{secret},
		Wants: map[string][]string{name: {"the rotation of " + r.in.Secret.Name}},
	})
	if err != nil {
		return failed("resolve "+name, app.Host{}, "", err)
	}
	p.admin = resolved.Secrets[0]
	return nil
}

// addCredential makes the new credential good beside the old one, everywhere.
func (r *rotation) addCredential(ctx workflow.Context) error {
	if len(r.places) == 0 {
		return nil
	}
	r.phase(ctx, app.PhaseAdd)
	r.addedAt = workflow.Now(ctx)
	return together(ctx, r.places, func(ctx workflow.Context, p *place) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p.added = true
		_, err := activities.AddCredential.Run(ctx, r.credential(p, false))
		return failed(string(app.PhaseAdd), p.host, r.in.Settings.Service, err)
	})
}

// testCredential logs in with the new credential, everywhere, before any consumer depends on it.
func (r *rotation) testCredential(ctx workflow.Context) error {
	if len(r.places) == 0 {
		return nil
	}
	r.phase(ctx, app.PhaseTest)
	return together(ctx, r.places, func(ctx workflow.Context, p *place) error {
		_, err := activities.TestCredential.Run(ctx, r.credential(p, false))
		return failed(string(app.PhaseTest), p.host, r.in.Settings.Service, err)
	})
}

// credential is an input for a place.
func (r *rotation) credential(p *place, takeback bool) activities.CredentialInput {
	in := activities.CredentialInput{
		Host: p.host, Settings: r.in.Settings, Rotating: r.versions, Admin: p.admin.Sealed, Takeback: takeback, Compromised: r.in.Compromised,
	}
	if p.site != nil {
		in.Site, in.Release = p.site.Site, p.site.Release
	}
	return in
}

// noteGap tells what one user's new password has cost.
func (r *rotation) noteGap(ctx workflow.Context) {
	if !r.oneUser() || r.addedAt.IsZero() {
		return
	}
	until := cmp.Or(r.gapUntil, workflow.Now(ctx))
	r.note(fmt.Sprintf("%s is the only user, so its password was changed in place: connections made between %s and %s may have been refused. Two users (rotate.users) have no such gap.",
		r.versions.NewUser, r.addedAt.UTC().Format(time.RFC3339), until.UTC().Format(time.RFC3339)))
}

// note keeps what a user should know, once.
func (r *rotation) note(text string) {
	if text = strings.TrimSpace(text); !slices.Contains(r.result.Notes, text) {
		r.result.Notes = append(r.result.Notes, text)
	}
}
