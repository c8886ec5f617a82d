package credential

import (
	"testing"

	"github.com/longshore-dev/longshore/internal/secret"
)

func TestQuoting(t *testing.T) {
	for _, test := range []struct{ name, got, want string }{
		{"a PostgreSQL name", postgresName(`a"b'c\ ;--`), `"a""b'c\ ;--"`},
		{"an empty name", postgresName(""), `""`},
		{"a PostgreSQL text", postgresText(`a'b"c;--`), `'a''b"c;--'`},
		{"a PostgreSQL text with a backslash", postgresText(`a\'b`), ` E'a\\''b'`},
		{"a connection", conninfo(map[string]string{"user": `a'b\ c`, "dbname": "x user=postgres", "host": ""}), `dbname='x user=postgres' host='' user='a\'b\\ c'`},
		{"a MySQL name", mysqlName("a`b'c"), "`a``b'c`"},
		{"a MySQL text", mysqlText("a'b\\c\"\n\x00"), `'a''b\\c"\n\0'`},
		{"a MySQL account", mysqlAccount("o'hara", "10.%"), `'o''hara'@'10.%'`},
		{"an option file's line", mysqlOption(secret.New(`a"b\c#d`)), "password=\"a\\\"b\\\\c#d\"\n"},
		{"no password", mysqlOption(secret.String{}), "\n"},
	} {
		if test.got != test.want {
			t.Errorf("%s is %s, want %s", test.name, test.got, test.want)
		}
	}
}

func TestPostgresStatements(t *testing.T) {
	for _, test := range []struct{ name, got, want string }{
		{"a user of two", postgresUser("b", "o'wner", "V"), `BEGIN;
SELECT 'CREATE ROLE "b"' WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'b') \gexec
GRANT "o'wner" TO "b";
ALTER ROLE "b" SET role = 'o''wner';
ALTER ROLE "b" LOGIN PASSWORD 'V';
COMMIT;
`},
		{"a user without a role", postgresUser("b", "", "V"), "BEGIN;\nALTER ROLE \"b\" LOGIN PASSWORD 'V';\nCOMMIT;\n"},
		{"the only user", postgresPassword("a", "V"), "ALTER ROLE \"a\" PASSWORD 'V';\n"},
		{"a revoked user", postgresRevoke(`a"'`), `SELECT 'ALTER ROLE "a""''" NOLOGIN PASSWORD NULL' WHERE EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'a"''') \gexec` + "\n"},
	} {
		if test.got != test.want {
			t.Errorf("%s: %s\nwant %s", test.name, test.got, test.want)
		}
	}
}

func TestMySQLGrants(t *testing.T) {
	shown := "GRANT USAGE ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*94BDCEBE19083CE2A1F959FD02F964C7AF4CFC29' WITH GRANT OPTION\n" +
		"GRANT SELECT, INSERT ON `a TO ``a``@x`.* TO `a`@`%`\n" +
		"GRANT ALL PRIVILEGES ON `shop`.* TO 'a'@'10.%' WITH GRANT OPTION\n" +
		"GRANT `reader`@`%` TO `a`@`%`\n" +
		"GRANT PROXY ON ''@'' TO 'a'@'%'\n" +
		"SET DEFAULT ROLE `reader` FOR `a`@`%`\n"
	want := "GRANT USAGE ON *.* TO `b'c`@`%` WITH GRANT OPTION;\n" +
		"GRANT SELECT, INSERT ON `a TO ``a``@x`.* TO `b'c`@`%`;\n" +
		"GRANT ALL PRIVILEGES ON `shop`.* TO 'b''c'@'10.%' WITH GRANT OPTION;\n" +
		"GRANT `reader`@`%` TO `b'c`@`%`;\n"
	if got := mysqlGrants(shown, "a", "b'c"); got != want {
		t.Errorf("the grants are\n%s\nwant\n%s", got, want)
	}
}

func TestMySQLServers(t *testing.T) {
	for version, two := range map[string]bool{
		"10.11.18-MariaDB-0+deb12u1": false, "5.5.5-10.4.1-MariaDB": false, "5.7.44": false, "8.0.13": false, "8.0.14": true,
		"8.0.36-0ubuntu0.22.04.1": true, "8.4.0": true, "9.1.0-commercial": true,
	} {
		s, err := readMySQLServer(version + "\n73686F7027\t25\n73686F7027\t31302E25\n")
		if err != nil || s.keepsTwo() != two {
			t.Errorf("%s keeps two passwords: %v, %v; want %v", version, s.keepsTwo(), err, two)
		}
		accounts := s.accounts("shop'")
		if len(accounts) != 2 || accounts[0] != `'shop'''@'%'` || accounts[1] != `'shop'''@'10.%'` {
			t.Errorf("the accounts are %q", accounts)
		}
	}
	for _, out := range []string{"", "eight", "8.0.36\nshop\t%\n"} {
		if s, err := readMySQLServer(out); err == nil {
			t.Errorf("%q is read as %+v", out, s)
		}
	}
}

func TestMessages(t *testing.T) {
	for stderr, want := range map[string]string{
		"": "it failed and said nothing",
		"Password: \npsql: error: connection failed: FATAL:  no\n":          "connection failed: FATAL:  no",
		"Password for user shop_b: \npsql: error: a\n\tIs the server up?\n": "a; Is the server up?",
		"ERROR 1045 (28000): Access denied\n":                               "ERROR 1045 (28000): Access denied",
	} {
		if got := message(stderr); got != want {
			t.Errorf("%q is told as %q, want %q", stderr, got, want)
		}
	}
}
