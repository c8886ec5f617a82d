package credential

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
)

// postgres is a PostgreSQL, from version 10 on.
type postgres struct {
	place
	settings app.Rotation
	password secret.String // of the administrator; empty for none
}

// postgresPassing are parts of messages that tell of a database that is about to be there.
var postgresPassing = []string{
	"the database system is", // starting up, shutting down, in recovery mode
	"Connection refused", "No such file or directory", "server closed the connection", "terminating connection",
	"too many clients", "remaining connection slots", "tuple concurrently updated", "timeout expired", "due to statement timeout",
}

// postgresBound ends a statement that waits for a lock before the activity's attempt ends, so that none is done late.
const postgresBound = "SET statement_timeout = '60s';\n"

func (p postgres) add(ctx context.Context, c change) error {
	if !ascii(c.wanted.password.Reveal()) {
		return refused("the password of "+c.wanted.user+" has characters that are not ASCII, which PostgreSQL's clients do not agree on",
			"Rotate with a value of ASCII characters.")
	}
	salt := make([]byte, scramSalt)
	_, _ = rand.Read(salt) // it never fails
	verifier, err := scramVerifier(c.wanted.password.Reveal(), salt)
	if err != nil {
		return err
	}
	if c.oneUser() {
		_, err = p.sql(ctx, "change the password of "+c.wanted.user, postgresPassword(c.wanted.user, verifier))
		return err
	}
	_, err = p.sql(ctx, "add "+c.wanted.user, postgresUser(c.wanted.user, p.settings.Role, verifier))
	return err
}

// test logs in over TCP, where the database asks for the password.
func (p postgres) test(ctx context.Context, c change) error {
	_, err := p.psql(ctx, "log in as "+c.wanted.user, map[string]string{"host": p.address, "user": c.wanted.user}, c.wanted.password, "SELECT 1;\n")
	return err
}

func (p postgres) revoke(ctx context.Context, c change) error {
	user := c.unwanted.user
	if c.oneUser() {
		if !c.compromised {
			return nil // the password ended when the other one began
		}
		// Who logs in from here on has the new one: those that are in are ended once.
		_, err := p.sql(ctx, "end the sessions of "+user, postgresEnd(user))
		return err
	}
	if _, err := p.sql(ctx, "revoke "+user, postgresRevoke(user)); err != nil {
		return err
	}
	// A session that was let in a moment before shows up a moment later.
	return emptied(ctx, "sessions of "+user+" in "+p.String(), func() (string, error) {
		return p.sql(ctx, "end the sessions of "+user, postgresEnd(user))
	})
}

// sql runs statements as the administrator, over the container's own socket.
func (p postgres) sql(ctx context.Context, what, text string) (string, error) {
	return p.psql(ctx, what, map[string]string{"user": administrator(p.settings)}, p.password, postgresBound+text)
}

// psql prompts for a password on its standard input, since there is no terminal.
func (p postgres) psql(ctx context.Context, what string, connection map[string]string, password secret.String, text string) (string, error) {
	if p.settings.Database != "" {
		connection["dbname"] = p.settings.Database
	}
	connection["connect_timeout"], connection["application_name"] = "10", "longshore"
	args := []string{
		"psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=terse",
		"--dbname=" + conninfo(connection),
	}
	if password.Empty() {
		args = append(args, "--no-password")
	} else {
		args, text = append(args, "--password"), password.Reveal()+"\n"+text
	}
	return p.client(ctx, what, text, postgresPassing, args...)
}

// emptied asks until the answer is empty.
func emptied(ctx context.Context, what string, ask func() (string, error)) error {
	for {
		left, err := ask()
		if err != nil || strings.TrimSpace(left) == "" {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s do not end: %w", what, ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}
