package activities

import (
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// RotationSite is a site that may consume a rotated secret.
type RotationSite struct {
	Site    app.Site          `json:"site"`
	Hosts   []app.Host        `json:"hosts"`
	Approve *app.Approve      `json:"approve,omitempty"`
	Scopes  []app.SecretScope `json:"scopes,omitempty"`
}

// FindConsumersInput asks who uses a secret.
type FindConsumersInput struct {
	Secret app.SecretLine `json:"secret"`
	// Sites are those of the project file. Others that the engine knows, below the secret's scope, are looked at as well.
	Sites []RotationSite `json:"sites,omitempty"`
	// Service is a service whose hosts are answered, and Admin a secret whose entry is; empty for none.
	Service string `json:"service,omitempty"`
	Admin   string `json:"admin,omitempty"`
	// Partly answers what can be asked, and names the hosts that cannot, in the place of failing.
	Partly bool `json:"partly,omitempty"`
}

// Consumer is a site whose current release has a service with the secret from the line's own scope. A site of which no host
// could be asked is answered as well, with Unasked alone: it may be one.
type Consumer struct {
	RotationSite
	Release string `json:"release"`
	// Version is the one that the release pins.
	Version  string       `json:"version"`
	Services []string     `json:"services,omitempty"`
	Runs     []SecretUser `json:"runs,omitempty"`
	// InPlace says that one of the services gets a new version in place: its app reads it at a time of its own.
	InPlace bool `json:"in_place,omitempty"`
	// HasService says that the release has FindConsumersInput.Service, and ServiceHost names the first host that runs it.
	HasService  bool   `json:"has_service,omitempty"`
	ServiceHost string `json:"service_host,omitempty"`
	// Admin is the release's entry of FindConsumersInput.Admin: its source counts, not its version. Nil for none.
	Admin *app.Secret `json:"admin,omitempty"`
	// Unasked are hosts that could not be asked.
	Unasked []string `json:"unasked,omitempty"`
}

// SecretUser is a running container that has a secret.
type SecretUser struct {
	Host      string `json:"host"`
	Service   string `json:"service"`
	Container string `json:"container"`
	Version   string `json:"version"`
	// Live says that it serves or runs for the current release; others are on their way out.
	Live bool `json:"live,omitempty"`
}

// FindConsumers reads from every host which containers run with which version of a secret. It fails where a host cannot
// be asked, unless Partly. It changes nothing.
var FindConsumers = Step[FindConsumersInput, []Consumer]{
	Name:     "FindConsumers",
	Policy:   Look,
	Describe: func(in FindConsumersInput) (string, string) { return "", "find who uses " + in.Secret.Name },
}

// BeginVersionInput asks for a new version of a secret.
type BeginVersionInput struct {
	Secret app.SecretLine `json:"secret"`
	// Rotation identifies the rotation: a repeat finds the version that it has made.
	Rotation string       `json:"rotation"`
	Settings app.Rotation `json:"settings"`
	// Given is the pending version that a person has supplied; 0 for none.
	Given int    `json:"given,omitempty"`
	By    string `json:"by"`
	Why   string `json:"why,omitempty"`
}

// Rotating are the two versions of a rotation. Their names, sources, versions, scopes and sealed values are set.
type Rotating struct {
	Old app.Secret `json:"old"`
	New app.Secret `json:"new"`
	// OldUser and NewUser are the database's users of each; equal where one user's password changes, empty for other ways.
	OldUser string `json:"old_user,omitempty"`
	NewUser string `json:"new_user,omitempty"`
	// OldPassword and NewPassword are sealed, for a way with users.
	OldPassword string `json:"old_password,omitempty"`
	NewPassword string `json:"new_password,omitempty"`
	// OldRevoked says that the same rotation had revoked the old version before it was reset: it goes forward alone.
	OldRevoked bool `json:"old_revoked,omitempty"`
}

// BeginVersion writes a pending version to the store and answers it beside the current one. A pending version that
// another rotation has left is revoked: it never blocks. It fails with app.KindSecret.
var BeginVersion = Step[BeginVersionInput, Rotating]{
	Name:     "BeginVersion",
	Policy:   Policy{Attempt: 2 * time.Minute, Total: 10 * time.Minute},
	Describe: func(in BeginVersionInput) (string, string) { return "", "make a new version of " + in.Secret.Name },
}

// SettleVersionInput sets the states of versions.
type SettleVersionInput struct {
	Secret app.SecretLine `json:"secret"`
	By     string         `json:"by"`
	Why    string         `json:"why,omitempty"`
	// Current becomes the current version, what was current before becomes previous; empty for no change.
	Current string `json:"current,omitempty"`
	// From has Current take the place of this version alone: where somebody has set another meanwhile, that stays the
	// current one. Empty for any.
	From string `json:"from,omitempty"`
	// Revoke are the versions that nothing may use any more.
	Revoke []string `json:"revoke,omitempty"`
}

// SettleVersion sets the states of versions in the store, all at once. It may be repeated.
var SettleVersion = Step[SettleVersionInput, Nothing]{
	Name:   "SettleVersion",
	Policy: Policy{Attempt: 2 * time.Minute, Total: 10 * time.Minute},
	Describe: func(in SettleVersionInput) (string, string) {
		if in.Current != "" {
			return "", "make version " + in.Current + " of " + in.Secret.Name + " the current one"
		}
		return "", "revoke a version of " + in.Secret.Name
	},
}

// CredentialInput is a credential to add, test or revoke where it is used: in the database of a site, or by the user's own
// step.
type CredentialInput struct {
	Host app.Host `json:"host"`
	Site app.Site `json:"site"`
	// Release is the site's current one: the container is its.
	Release  string       `json:"release"`
	Settings app.Rotation `json:"settings"`
	Rotating
	// Admin is the sealed password of Settings.Admin; empty for none.
	Admin string `json:"admin,omitempty"`
	// Takeback turns the meaning around: the old credential is added or tested again, the new one revoked.
	Takeback bool `json:"takeback,omitempty"`
	// Compromised has a revoke end the sessions of the user as well where it is the same for both: a thief may be in.
	Compromised bool `json:"compromised,omitempty"`
}

// AddCredential makes the new credential good beside the old one. Where one user's password changes, the old one ends
// here. It may be repeated. A refusal is app.KindCredential.
var AddCredential = Step[CredentialInput, Nothing]{
	Name:     "AddCredential",
	Policy:   Change,
	Describe: func(in CredentialInput) (string, string) { return in.Host.Name, "add " + in.describe(true) },
}

// TestCredential logs in with the new credential, or runs the user's own test. A refusal is app.KindCredential.
var TestCredential = Step[CredentialInput, Nothing]{
	Name:     "TestCredential",
	Policy:   Policy{Attempt: 2 * time.Minute, Total: 10 * time.Minute, Attempts: 3},
	Describe: func(in CredentialInput) (string, string) { return in.Host.Name, "test " + in.describe(true) },
}

// RevokeCredential has the old credential refused, and ends what is still logged in with it. It may be repeated.
var RevokeCredential = Step[CredentialInput, Nothing]{
	Name:     "RevokeCredential",
	Policy:   Change,
	Describe: func(in CredentialInput) (string, string) { return in.Host.Name, "revoke " + in.describe(false) },
}

// describe names the version that a call is about.
func (in CredentialInput) describe(added bool) string {
	secret := in.New
	if added == in.Takeback {
		secret = in.Old
	}
	return "version " + secret.Version + " of " + secret.Name
}

// RotateSiteInput asks a site for a run that brings it to other versions of secrets.
type RotateSiteInput struct {
	RotationSite
	// Request is the id of the site's request: a repeat finds the same run.
	Request string       `json:"request"`
	Secrets []app.Secret `json:"secrets"`
	By      string       `json:"by"`
	Why     string       `json:"why,omitempty"`
	// BreakFreeze goes ahead in spite of a freeze of the site.
	BreakFreeze bool `json:"break_freeze,omitempty"`
}

// RotateSite asks a site for a run of app.RunRotate and waits for its end, whatever its outcome. When it is cancelled, it
// withdraws the request and still waits for the end. A site that refuses answers app.Refused.
var RotateSite = Step[RotateSiteInput, app.Result]{
	Name:     "RotateSite",
	Policy:   Policy{Attempt: 24 * time.Hour, Total: 72 * time.Hour},
	Describe: func(in RotateSiteInput) (string, string) { return "", "rotate in " + in.Site.String() },
}
