//go:build e2e

package secrets

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/local"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// Names and passwords that a shell, SQL, a connection string or a URL would read otherwise.
const (
	nastyUser     = `b"'\ $HOME %41;--`
	firstPassword = `first-password`
	nastyPassword = `it's "\n" \\ $HOME; -- %20 :x ` + "`id`"
)

const postgresShop = `CREATE ROLE shop_owner;
CREATE ROLE shop_a LOGIN PASSWORD 'first-password' IN ROLE shop_owner;
ALTER ROLE shop_a SET role = 'shop_owner';
CREATE DATABASE shop OWNER shop_owner;
`

func postgresSettings(users ...string) app.Rotation {
	return app.Rotation{With: app.WithPostgres, Users: users, Role: "shop_owner", Database: "shop"}
}

func TestPostgresUsersInTurn(t *testing.T) {
	d := startDatabase(t, hosts.PostgreSQL, postgresShop, postgresSettings("shop_a", nastyUser))
	d.rotate(firstPassword, nastyPassword)
	d.call(d.does.Add)
	d.call(d.does.Test)
	a, b := [2]string{"shop_a", firstPassword}, [2]string{nastyUser, nastyPassword}
	d.logins(map[[2]string]bool{a: true, b: true, {nastyUser, firstPassword}: false})

	// What one of them makes is the other's as well.
	for _, change := range []struct {
		login     [2]string
		statement string
	}{{a, "CREATE TABLE orders (id int);"}, {b, "ALTER TABLE orders ADD note text;"}, {b, "CREATE TABLE items (id int);"}, {a, "DROP TABLE items;"}} {
		if err := d.login(change.login[0], change.login[1], change.statement); err != nil {
			t.Errorf("%s as %s: %v", change.statement, change.login[0], err)
		}
	}

	d.endsASession(a)
	d.logins(map[[2]string]bool{a: false, b: true})

	// The next rotation goes the other way.
	d.in.OldUser, d.in.NewUser = nastyUser, "shop_a"
	d.in.OldPassword, d.in.NewPassword = d.seal(nastyPassword), d.seal("third-password")
	d.call(d.does.Add)
	d.call(d.does.Test)
	d.call(d.does.Revoke)
	d.logins(map[[2]string]bool{a: false, {"shop_a", "third-password"}: true, b: false})
	d.logged("%20", "third-password")
}

// endsASession fails unless a revoke ends a session of the login.
func (d *database) endsASession(login [2]string) {
	d.t.Helper()
	session := make(chan error, 1)
	go func() { session <- d.login(login[0], login[1], "SELECT pg_sleep(300);") }()
	d.await("SELECT count(*) FROM pg_stat_activity WHERE usename = '"+login[0]+"' AND query LIKE '%pg_sleep%' AND state = 'active';", "1")
	d.call(d.does.Revoke)
	select {
	case err := <-session:
		if err == nil || !strings.Contains(err.Error(), "terminat") {
			d.t.Errorf("the session of %s ends with %v", login[0], err)
		}
	case <-time.After(30 * time.Second):
		d.t.Errorf("the session of %s goes on", login[0])
	}
}

func TestPostgresTakenBack(t *testing.T) {
	d := startDatabase(t, hosts.PostgreSQL, postgresShop, postgresSettings("shop_a", "shop_b"))
	d.rotate(firstPassword, "second")
	d.call(d.does.Add)
	d.in.Takeback = true
	d.call(d.does.Add)
	d.call(d.does.Test)
	d.call(d.does.Revoke)
	d.logins(map[[2]string]bool{{"shop_a", firstPassword}: true, {"shop_b", "second"}: false})
}

func TestPostgresOneUser(t *testing.T) {
	d := startDatabase(t, hosts.PostgreSQL, postgresShop, postgresSettings("shop_a"))
	d.rotate(firstPassword, "second")
	older, newer := [2]string{"shop_a", firstPassword}, [2]string{"shop_a", "second"}
	d.call(d.does.Add)
	d.call(d.does.Test)
	d.call(d.does.Revoke)
	d.logins(map[[2]string]bool{older: false, newer: true})
	d.in.Compromised = true
	d.endsASession(newer) // whoever logged in with the old password looks the same
	d.logins(map[[2]string]bool{older: false, newer: true})
	d.in.Takeback, d.in.Compromised = true, false
	d.call(d.does.Add)
	d.call(d.does.Test)
	d.logins(map[[2]string]bool{older: true, newer: false})
}

// An administrator who has a password on the socket is let in with it.
func TestPostgresAdministratorsPassword(t *testing.T) {
	script := postgresShop + "ALTER ROLE postgres PASSWORD 'administrator';\n" +
		`\! sed -i 's/^local.*/local all all scram-sha-256/' /data/db/pg_hba.conf` + "\nSELECT pg_reload_conf();\n"
	settings := postgresSettings("shop_a", "shop_b")
	settings.AdminPassword = "PASSWORD"
	d := startDatabase(t, hosts.PostgreSQL, script, settings)
	d.rotate(firstPassword, "second")
	_, err := d.does.Add(t.Context(), d.in)
	if said := refusal(t, err); !strings.Contains(said, "no password supplied") {
		t.Errorf("without the password it is refused with %q", said)
	}
	d.in.Admin = d.seal("administrator")
	d.call(d.does.Add)
	d.call(d.does.Test)
	d.logins(map[[2]string]bool{{"shop_b", "second"}: true})
}

func TestPostgresRefuses(t *testing.T) {
	d := startDatabase(t, hosts.PostgreSQL, postgresShop, postgresSettings("shop_a", "shop_b"))
	for name, test := range map[string]struct {
		change func(in *activities.CredentialInput)
		do     func(context.Context, activities.CredentialInput) (activities.Nothing, error)
		says   string
	}{
		"a wrong password":          {func(in *activities.CredentialInput) { in.NewUser = "shop_a" }, d.does.Test, `password authentication failed for user "shop_a"`},
		"a user with no password":   {func(*activities.CredentialInput) {}, d.does.Test, `password authentication failed for user "shop_b"`},
		"a missing role":            {func(in *activities.CredentialInput) { in.Settings.Role = "nobody" }, d.does.Add, `role "nobody" does not exist`},
		"a missing user, no role":   {func(in *activities.CredentialInput) { in.Settings.Role = "" }, d.does.Add, `role "shop_b" does not exist`},
		"a missing database":        {func(in *activities.CredentialInput) { in.Settings.Database = "none" }, d.does.Add, `database "none" does not exist`},
		"a missing administrator":   {func(in *activities.CredentialInput) { in.Settings.Admin = "none" }, d.does.Add, `role "none" does not exist`},
		"the administrator in turn": {func(in *activities.CredentialInput) { in.Settings.Admin = "shop_a" }, d.does.Add, "cannot be one of two in turn"},
		"a password beyond ASCII":   {func(in *activities.CredentialInput) { in.NewPassword = d.seal("pässword") }, d.does.Add, "not ASCII"},
		"a line break":              {func(in *activities.CredentialInput) { in.NewPassword = d.seal("a\nb") }, d.does.Add, "line break"},
		"no client":                 {func(in *activities.CredentialInput) { in.Settings.With = app.WithMySQL }, d.does.Add, "no client"},
	} {
		d.rotate(firstPassword, "second")
		in := d.in
		test.change(&in)
		_, err := test.do(t.Context(), in)
		if said := refusal(t, err); !strings.Contains(said, test.says) {
			t.Errorf("%s is refused with %q, want %q in it", name, said, test.says)
		}
	}
	d.logins(map[[2]string]bool{{"shop_a", firstPassword}: true})

	// A database that is about to be there is asked again.
	d.rotate(firstPassword, "second")
	docker(t.Context(), t, "", "stop", d.id)
	if _, err := d.does.Add(t.Context(), d.in); err == nil || isRefusal(err) {
		t.Errorf("a database that does not run: %v, want an error that is tried again", err)
	}
	docker(t.Context(), t, "", "start", d.id)
	d.eventually(d.does.Add)
	d.eventually(d.does.Test)
}

func TestStepsOfTheUsersOwn(t *testing.T) {
	settings := app.Rotation{With: app.WithCommand}
	d := startDatabase(t, hosts.PostgreSQL, postgresShop, settings)
	d.in.Old = app.Secret{Name: "PASSWORD", Version: "1", Sealed: d.seal(firstPassword)}
	d.in.New = app.Secret{Name: "PASSWORD", Version: "2", Sealed: d.seal(nastyPassword)}
	d.in.Settings.Add = []string{"sh", "-c", "cat > /tmp/added"}
	d.in.Settings.Revoke = []string{"sh", "-c", "cat > /tmp/revoked; echo cannot >&2; exit 9"}

	d.call(d.does.Add)
	d.call(d.does.Test) // it is not set
	_, err := d.does.Revoke(t.Context(), d.in)
	if said := refusal(t, err); !strings.Contains(said, "the step revoke") || !strings.HasSuffix(said, ": cannot") {
		t.Errorf("a step that fails is told as %q", said)
	}
	forth := `{"name":"PASSWORD","old":{"version":"1","value":"first-password"},"new":{"version":"2","value":"it's \"\\n\" \\\\ $HOME; -- %20 :x ` + "`id`" + `"}}` + "\n"
	for _, path := range []string{"/tmp/added", "/tmp/revoked"} {
		if got := docker(t.Context(), t, "", "exec", d.id, "cat", path); got != forth {
			t.Errorf("%s has %s, want %s", path, got, forth)
		}
	}
	d.in.Takeback = true
	d.call(d.does.Add)
	if got := docker(t.Context(), t, "", "exec", d.id, "cat", "/tmp/added"); !strings.Contains(got, `"new":{"version":"1","value":"first-password"}`) {
		t.Errorf("on the way back the step gets %s", got)
	}

	// The worker runs them where no service is named.
	d.in.Settings.Service, d.in.Takeback = "", false
	folder := t.TempDir()
	d.in.Settings.Add = []string{"sh", "-c", `cat > "$0"/added`, folder}
	d.call(d.does.Add)
	h, err := local.New(app.Host{Name: "here", Address: app.LocalAddress, StateDir: folder})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := host.Host(h).Files().Read(t.Context(), "added"); err != nil || string(got) != forth {
		t.Errorf("the worker's step got %s, %v", got, err)
	}
}
