package activities

import (
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// SecretsInput asks for the values of a site's secrets.
type SecretsInput struct {
	Site    app.Site          `json:"site"`
	Scopes  []app.SecretScope `json:"scopes,omitempty"` // the nearest first
	Secrets []app.Secret      `json:"secrets"`
	// Wants are who wants each secret, by name, for messages.
	Wants map[string][]string `json:"wants,omitempty"`
}

// SecretsResult are the same secrets in the same order, each with its version, its scope and its sealed value.
type SecretsResult struct {
	Secrets []app.Secret `json:"secrets"`
	// Notes are what a user should know, such as a pinned version that was revoked.
	Notes []string `json:"notes,omitempty"`
}

// ResolveSecrets finds the current version of every secret. It fails with app.KindSecret, naming all that are missing and
// who wants them. It changes nothing; values leave it sealed alone.
var ResolveSecrets = Step[SecretsInput, SecretsResult]{
	Name:     "ResolveSecrets",
	Policy:   Policy{Attempt: 2 * time.Minute, Total: 5 * time.Minute, Attempts: 3},
	Describe: func(SecretsInput) (string, string) { return "", "resolve secrets" },
}

// RepinSecrets checks the secrets that a recorded release pins: one that was revoked since is replaced by the current one,
// with a note. One whose store cannot be asked stays, with a note. A sealed value that the key ring does not open fails
// with app.KindSecret.
var RepinSecrets = Step[SecretsInput, SecretsResult]{
	Name:     "RepinSecrets",
	Policy:   Policy{Attempt: 2 * time.Minute, Total: 5 * time.Minute, Attempts: 3},
	Describe: func(SecretsInput) (string, string) { return "", "check the release's secrets" },
}

// RefreshInput asks for new versions of secrets in containers that stay.
type RefreshInput struct {
	Target
	// Release is the run's: the backup that RestoreSecrets needs is kept under it.
	Release  string       `json:"release"`
	Service  app.Service  `json:"service"`
	Secrets  []app.Secret `json:"secrets"`
	Names    []string     `json:"names"` // the containers
	OnChange app.OnChange `json:"on_change"`
}

// RefreshSecrets replaces the files of secrets under running containers, each whole at any moment, and sends the signal. A
// repeat sends it again.
var RefreshSecrets = Step[RefreshInput, Nothing]{
	Name:   "RefreshSecrets",
	Policy: Change,
	Describe: func(in RefreshInput) (string, string) {
		return in.Host.Name, "refresh the secrets of " + in.Service.Name
	},
}

// RestoreSecrets brings back what RefreshSecrets has replaced for the same release, and sends the signal; where nothing
// was replaced it does nothing.
var RestoreSecrets = Step[RefreshInput, Nothing]{
	Name:   "RestoreSecrets",
	Policy: Undo,
	Describe: func(in RefreshInput) (string, string) {
		return in.Host.Name, "restore the secrets of " + in.Service.Name
	},
}
