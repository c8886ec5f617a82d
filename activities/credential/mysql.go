package credential

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
)

// mysql is a MySQL from version 5.7 on, or a MariaDB from version 10.4 on.
type mysql struct {
	place
	settings app.Rotation
	password secret.String // of the administrator; empty for none
}

// mysqlPassing are parts of messages that tell of a database that is about to be there.
var mysqlPassing = []string{
	"ERROR 2002", "ERROR 2003", "ERROR 2006", "ERROR 2013", // no connection, or a lost one
	"ERROR 1040", "ERROR 1053", "ERROR 1203", "ERROR 1205", "ERROR 1213", // too many connections, shutting down, locks
}

// mysqlClient runs the container's client with an option file that has the password: the first line of its standard input
// goes there, by a pipe, and all else is the client's. Its first argument says what kind of option file that is.
const mysqlClient = `client=$(command -v mariadb || command -v mysql) || { echo 'it has neither mariadb nor mysql' >&2; exit 127; }
kind=$1
shift
IFS= read -r password || exit 1
exec 4<&0
printf '[client]\n%s\n' "$password" | "$client" "$kind=/dev/fd/3" "$@" 3<&0 0<&4 4<&-`

func (m mysql) add(ctx context.Context, c change) error {
	server, err := m.look(ctx, c)
	if err != nil {
		return err
	}
	wanted := c.wanted.user
	if !c.oneUser() {
		return m.addUser(ctx, server, c)
	}
	if len(server.hosts[wanted]) == 0 {
		return refused("there is no user "+wanted+" in "+m.String(), "Correct rotate.users, or make the user.")
	}
	// A repeat must not let go of the old password, which the server keeps beside the current one.
	retain := server.keepsTwo() && !c.back
	if retain && m.test(ctx, c) == nil {
		return nil
	}
	var b strings.Builder
	for _, account := range server.accounts(wanted) {
		b.WriteString(server.password(account, c.wanted.password, retain))
		if server.keepsTwo() && !retain {
			b.WriteString("ALTER USER " + account + " DISCARD OLD PASSWORD;\n")
		}
	}
	_, err = m.sql(ctx, "change the password of "+wanted, b.String())
	return err
}

// addUser lets one of two users in, with all the rights that the other one has.
func (m mysql) addUser(ctx context.Context, server mysqlServer, c change) error {
	wanted, other := c.wanted.user, c.unwanted.user
	var changes, show strings.Builder
	for _, from := range server.hosts[other] {
		if !slices.Contains(server.hosts[wanted], from) {
			server.hosts[wanted] = append(server.hosts[wanted], from)
			changes.WriteString("CREATE USER IF NOT EXISTS " + mysqlAccount(wanted, from) + " ACCOUNT LOCK;\n") // until it has a password
		}
		show.WriteString("SHOW GRANTS FOR " + mysqlAccount(other, from) + ";\n")
	}
	if len(server.hosts[wanted]) == 0 {
		return refused("there is neither a user "+wanted+" nor a user "+other+" in "+m.String(), "Correct rotate.users, or make one of them.")
	}
	grants, err := m.sql(ctx, "read the rights of "+other, show.String())
	if err != nil {
		return err
	}
	changes.WriteString(mysqlGrants(grants, other, wanted))
	for _, account := range server.accounts(wanted) {
		changes.WriteString(server.password(account, c.wanted.password, false))
		changes.WriteString("ALTER USER " + account + " ACCOUNT UNLOCK;\n")
	}
	_, err = m.sql(ctx, "add "+wanted, changes.String())
	return err
}

func (m mysql) test(ctx context.Context, c change) error {
	_, err := m.client(ctx, "log in as "+c.wanted.user, mysqlOption(c.wanted.password)+"SELECT 1;\n", mysqlPassing,
		m.args("--defaults-file", "--protocol=tcp", "--host="+m.address, "--user="+c.wanted.user)...)
	return err
}

func (m mysql) revoke(ctx context.Context, c change) error {
	server, err := m.look(ctx, c)
	if err != nil {
		return err
	}
	unwanted := c.unwanted.user
	var b strings.Builder
	for _, account := range server.accounts(unwanted) {
		switch {
		case !c.oneUser():
			b.WriteString("ALTER USER " + account + " ACCOUNT LOCK;\n")
		case server.keepsTwo():
			b.WriteString("ALTER USER " + account + " DISCARD OLD PASSWORD;\n")
		}
	}
	if b.Len() > 0 {
		if _, err := m.sql(ctx, "revoke "+unwanted, b.String()); err != nil {
			return err
		}
	}
	if c.oneUser() {
		if !c.compromised {
			return nil
		}
		// Who logs in from here on has the new password: those that are in are ended once.
		_, err := m.end(ctx, unwanted)
		return err
	}
	return emptied(ctx, "sessions of "+unwanted+" in "+m.String(), func() (string, error) { return m.end(ctx, unwanted) })
}

// end ends the sessions of a user, and answers their ids.
func (m mysql) end(ctx context.Context, user string) (string, error) {
	what := "end the sessions of " + user
	left, err := m.sql(ctx, what, "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = "+mysqlText(user)+";\n")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, id := range strings.Fields(left) {
		b.WriteString("KILL CONNECTION " + id + ";\n")
	}
	if b.Len() == 0 {
		return "", nil
	}
	_, err = m.sql(ctx, what, b.String(), "--force") // one that has ended by itself is an error
	if err != nil && strings.Contains(err.Error(), "ERROR 1094") {
		err = nil
	}
	return left, err
}

// look asks which server it is, and as what its users are known.
func (m mysql) look(ctx context.Context, c change) (mysqlServer, error) {
	out, err := m.sql(ctx, "look at the users", fmt.Sprintf("SELECT VERSION();\nSELECT HEX(User), HEX(Host) FROM mysql.user WHERE User IN (%s, %s);\n",
		mysqlText(c.wanted.user), mysqlText(c.unwanted.user)))
	if err != nil {
		return mysqlServer{}, err
	}
	return readMySQLServer(out)
}

// sql runs statements as the administrator, over the container's own socket.
func (m mysql) sql(ctx context.Context, what, text string, options ...string) (string, error) {
	options = append([]string{"--protocol=socket", "--user=" + administrator(m.settings)}, options...)
	// Backslashes in texts are escapes from here on, whatever the server is set to. A statement that waits for a lock ends
	// before the activity's attempt does, so that none is done late.
	text = mysqlOption(m.password) + "SET SESSION sql_mode = '', lock_wait_timeout = 60;\n" + text
	return m.client(ctx, what, text, mysqlPassing, m.args("--defaults-extra-file", options...)...)
}

func (m mysql) args(kind string, options ...string) []string {
	args := []string{"sh", "-c", mysqlClient, "sh", kind, "--batch", "--skip-column-names", "--raw", "--default-character-set=utf8mb4", "--connect-timeout=10"}
	args = append(args, options...)
	if m.settings.Database != "" {
		args = append(args, "--database="+m.settings.Database)
	}
	return args
}
