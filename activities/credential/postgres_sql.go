package credential

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// postgresName quotes an identifier.
func postgresName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// postgresText quotes a text, whatever the server takes a backslash for.
func postgresText(text string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	if strings.Contains(text, `\`) {
		return " E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

// conninfo are the words of a connection as libpq reads them, in order.
func conninfo(words map[string]string) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(words)) {
		out = append(out, name+"='"+strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(words[name])+"'")
	}
	return strings.Join(out, " ")
}

// postgresPassword changes a user's password.
func postgresPassword(user, verifier string) string {
	return fmt.Sprintf("ALTER ROLE %s PASSWORD %s;\n", postgresName(user), postgresText(verifier))
}

// postgresUser lets a user in with a password. With a role, the user is made where it is missing, and acts as the role, so
// that what it makes is the other user's as well; without one, a user made here could do nothing.
func postgresUser(user, role, verifier string) string {
	name := postgresName(user)
	var b strings.Builder
	b.WriteString("BEGIN;\n")
	if role != "" {
		fmt.Fprintf(&b, "SELECT %s WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = %s) \\gexec\n",
			postgresText("CREATE ROLE "+name), postgresText(user))
		fmt.Fprintf(&b, "GRANT %s TO %s;\n", postgresName(role), name)
		fmt.Fprintf(&b, "ALTER ROLE %s SET role = %s;\n", name, postgresText(role))
	}
	fmt.Fprintf(&b, "ALTER ROLE %s LOGIN PASSWORD %s;\nCOMMIT;\n", name, postgresText(verifier))
	return b.String()
}

// postgresRevoke lets a user in no more; one that is missing is not let in as it is.
func postgresRevoke(user string) string {
	return fmt.Sprintf("SELECT %s WHERE EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = %s) \\gexec\n",
		postgresText("ALTER ROLE "+postgresName(user)+" NOLOGIN PASSWORD NULL"), postgresText(user))
}

// postgresEnd ends the sessions of a user but the one that asks, and prints a line for each that there was.
func postgresEnd(user string) string {
	return fmt.Sprintf("SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = %s AND pid <> pg_catalog.pg_backend_pid();\n", postgresText(user))
}
