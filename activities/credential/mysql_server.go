package credential

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/longshore-dev/longshore/internal/secret"
)

// mysqlServer is what differs between servers.
type mysqlServer struct {
	mariadb      bool
	major, minor int
	patch        int
	hosts        map[string][]string // by user, where it may come from
}

// keepsTwo says whether a user may have two passwords for a while.
func (s mysqlServer) keepsTwo() bool {
	return !s.mariadb && (s.major > 8 || s.major == 8 && (s.minor > 0 || s.patch >= 14))
}

// accounts are the server's names of a user.
func (s mysqlServer) accounts(user string) []string {
	var out []string
	for _, from := range s.hosts[user] {
		out = append(out, mysqlAccount(user, from))
	}
	return out
}

// password changes an account's. MySQL has no word for a hash of its newer kinds that can be made here; it keeps passwords
// out of its logs.
func (s mysqlServer) password(account string, password secret.String, retain bool) string {
	switch {
	case s.mariadb:
		return "ALTER USER " + account + " IDENTIFIED BY PASSWORD " + mysqlText(nativeHash(password.Reveal())) + ";\n"
	case retain:
		return "ALTER USER " + account + " IDENTIFIED BY " + mysqlText(password.Reveal()) + " RETAIN CURRENT PASSWORD;\n"
	default:
		return "ALTER USER " + account + " IDENTIFIED BY " + mysqlText(password.Reveal()) + ";\n"
	}
}

// readMySQLServer reads what look has asked for.
func readMySQLServer(out string) (mysqlServer, error) {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	s := mysqlServer{mariadb: strings.Contains(lines[0], "MariaDB"), hosts: map[string][]string{}}
	parts := strings.SplitN(lines[0], ".", 3)
	if len(parts) < 3 {
		return s, fmt.Errorf("a database of version %q is not known", lines[0])
	}
	for i, into := range []*int{&s.major, &s.minor, &s.patch} {
		digits := strings.IndexFunc(parts[i]+" ", func(r rune) bool { return r < '0' || r > '9' })
		*into, _ = strconv.Atoi(parts[i][:digits]) // none is 0
	}
	for _, line := range lines[1:] {
		user, from, _ := strings.Cut(line, "\t")
		name, err := unhex(user)
		if err != nil {
			return s, err
		}
		at, err := unhex(strings.TrimSpace(from))
		if err != nil {
			return s, err
		}
		s.hosts[name] = append(s.hosts[name], at)
	}
	return s, nil
}
