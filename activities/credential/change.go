package credential

import (
	"strings"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
)

// side is one version's credential.
type side struct {
	version string
	// value is the secret's, password the part of it that a database asks user for. Ways without users have the value alone.
	value    secret.String
	user     string
	password secret.String
}

// change is what a rotation wants of a credential's keeper. On the way back the old version is the wanted one.
type change struct {
	wanted, unwanted side
	// back says that this is the way back.
	back bool
	// compromised says that somebody may be logged in who should not be.
	compromised bool
}

// oneUser says that both versions are passwords of one user.
func (c change) oneUser() bool { return c.wanted.user == c.unwanted.user }

// open reads an input's values.
func (a Activities) open(in activities.CredentialInput) (change, error) {
	settings, name := in.Settings, in.New.Name
	older, err := a.side(settings, name, in.Old, in.OldUser, in.OldPassword)
	if err != nil {
		return change{}, err
	}
	newer, err := a.side(settings, name, in.New, in.NewUser, in.NewPassword)
	if err != nil {
		return change{}, err
	}
	c := change{wanted: newer, unwanted: older, compromised: in.Compromised}
	if in.Takeback {
		c.wanted, c.unwanted, c.back = older, newer, true
	}
	if admin := administrator(settings); !c.oneUser() && (admin == older.user || admin == newer.user) {
		return change{}, refused(admin+" is the one who lets users in and out, and cannot be one of two in turn",
			"Name other users in rotate.users, or another administrator in rotate.admin.")
	}
	return c, nil
}

// side opens what the way to rotate needs of a version, and no more.
func (a Activities) side(settings app.Rotation, name string, version app.Secret, user, password string) (side, error) {
	s := side{version: version.Version, user: user}
	var err error
	if settings.With == app.WithCommand {
		s.value, err = a.Secrets.Open(name, version.Sealed)
		return s, err
	}
	if password == "" && user == "" {
		return s, nil
	}
	if s.password, err = a.Secrets.Open(name, password); err != nil {
		return s, err
	}
	return s, s.check()
}

// check refuses what no database could be asked for.
func (s side) check() error {
	switch {
	case s.user == "" || strings.ContainsAny(s.user, "\x00\r\n"):
		return refused("the user's name is empty or has a line break", "Correct rotate.users.")
	case s.password.Empty() || strings.ContainsAny(s.password.Reveal(), "\x00\r\n"):
		return refused("the password of "+s.user+" is empty or has a line break", "Rotate with another value.")
	}
	return nil
}

// administrator is who changes the passwords.
func administrator(settings app.Rotation) string {
	switch {
	case settings.Admin != "":
		return settings.Admin
	case settings.With == app.WithMySQL:
		return "root"
	default:
		return "postgres"
	}
}

// refused is a failure that a retry does not mend.
func refused(message, advice string) error {
	return activities.Fail(app.Failure{Kind: app.KindCredential, Message: message, Advice: advice}, nil)
}
