package app

import "time"

// Rotation says how a secret is rotated.
type Rotation struct {
	// With is one of the With constants; empty means WithValue.
	With string `json:"with,omitempty"`
	// Policy is how a new value is made.
	Policy SecretPolicy `json:"policy,omitzero"`
	// Soak is how long the old version stays good after every consumer has the new one.
	Soak time.Duration `json:"soak,omitempty"`
	// Service is the compose service whose container runs the database, or the commands; empty has the worker run them.
	Service string `json:"service,omitempty"`
	// Users are the database's users in turn: two, or one whose password is changed, with a gap.
	Users []string `json:"users,omitempty"`
	// Role is the role that owns the database's objects, and that both users of PostgreSQL act as; empty for none.
	Role string `json:"role,omitempty"`
	// Database is the database's name; empty means Admin's for PostgreSQL, and none for MySQL.
	Database string `json:"database,omitempty"`
	// Admin is the user that may change the others, who logs in over the container's own socket; empty means postgres or
	// root.
	Admin string `json:"admin,omitempty"`
	// AdminPassword names the secret with Admin's password; empty for one who needs none on the socket.
	AdminPassword string `json:"admin_password,omitempty"`
	// Template makes the secret's value, such as "postgres://{user}:{password}@db/shop"; empty means "{password}". User and
	// password go into it as a URL has them where it has "://".
	Template string `json:"template,omitempty"`
	// Make prints the new value; empty for one made by Policy. Add, Test and Revoke are the steps of WithCommand: each gets
	// {"name":…,"old":{"version":…,"value":…},"new":{…}} on its standard input.
	Make   []string `json:"make,omitempty"`
	Add    []string `json:"add,omitempty"`
	Test   []string `json:"test,omitempty"`
	Revoke []string `json:"revoke,omitempty"`
}

// The ways to rotate.
const (
	WithValue    = "value"    // a shared random value
	WithPostgres = "postgres" // a user's password in PostgreSQL
	WithMySQL    = "mysql"    // in MySQL or MariaDB
	WithCommand  = "command"  // the user's own steps
	WithGiven    = "given"    // a person supplies the value
)

// DefaultSoak is how long an old version stays good where nothing says how long.
const DefaultSoak = 10 * time.Minute

// SecretPolicy is how a random value is made. The zero value gives 32 letters and digits.
type SecretPolicy struct {
	Length int `json:"length,omitempty"` // runes
	// Alphabet is a name (alphanumeric, hex, base64url, ascii, digits) or the characters themselves.
	Alphabet string `json:"alphabet,omitempty"`
	// Exclude are characters that it must not have.
	Exclude string `json:"exclude,omitempty"`
}

// VersionState is what a version of a secret is good for.
type VersionState string

// The states of a version. One at most is pending, and one current.
const (
	VersionPending  VersionState = "pending"  // made, and not yet used
	VersionCurrent  VersionState = "current"  // what is used from now on
	VersionPrevious VersionState = "previous" // what was current: releases that pin it may use it
	VersionRevoked  VersionState = "revoked"  // not to be used by anything
)

// SecretLine is one secret in one scope: what its versions are versions of.
type SecretLine struct {
	Name  string      `json:"name"`
	Scope SecretScope `json:"scope"`
}

// String is the line's full name, such as "acme/shop/production DATABASE_URL".
func (l SecretLine) String() string { return l.Scope.Of + " " + l.Name }

// RotationPhase is how far a rotation has come.
type RotationPhase string

// The phases of a rotation, in order. --compromised revokes right after the add.
const (
	PhaseFind   RotationPhase = "find consumers"
	PhaseMake   RotationPhase = "make the new version"
	PhaseAdd    RotationPhase = "add it beside the old"
	PhaseTest   RotationPhase = "test it"
	PhaseRoll   RotationPhase = "roll it out"
	PhaseVerify RotationPhase = "verify"
	PhaseSoak   RotationPhase = "soak"
	PhaseRevoke RotationPhase = "revoke the old"
	PhaseFinish RotationPhase = "finish"
	PhaseUndo   RotationPhase = "go back"
)

// RotationResult is what a rotation answers.
type RotationResult struct {
	// Outcome is Succeeded, FailedClean (the old version is current and good everywhere), FailedDirty, Cancelled or Refused.
	Outcome    Outcome    `json:"outcome"`
	Secret     SecretLine `json:"secret"`
	Old        string     `json:"old,omitempty"` // version
	New        string     `json:"new,omitempty"` // version
	DurationMS int64      `json:"duration_ms"`
	// Sites are the consumers, with the version that each was left with.
	Sites []RotatedSite `json:"sites,omitempty"`
	// Revoked says that the old version is not good any more.
	Revoked bool     `json:"revoked,omitempty"`
	Failure *Failure `json:"failure,omitempty"`
	Notes   []string `json:"notes,omitempty"`
}

// RotatedSite is one consumer of a rotated secret.
type RotatedSite struct {
	Site    string `json:"site"`
	Release string `json:"release,omitempty"`
	Version string `json:"version,omitempty"`
}
