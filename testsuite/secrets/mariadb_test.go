//go:build e2e

package secrets

import (
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

const mariadbShop = `CREATE DATABASE shop;
CREATE USER 'shop_a'@'%' IDENTIFIED BY 'first-password';
GRANT SELECT, INSERT, CREATE, DROP ON shop.* TO 'shop_a'@'%';
`

func TestMariaDBUsersInTurn(t *testing.T) {
	settings := app.Rotation{With: app.WithMySQL, Users: []string{"shop_a", nastyUser}}
	d := startDatabase(t, hosts.MariaDB, mariadbShop, settings)
	d.rotate(firstPassword, nastyPassword)
	d.call(d.does.Add)
	d.call(d.does.Test)
	a, b := [2]string{"shop_a", firstPassword}, [2]string{nastyUser, nastyPassword}
	d.logins(map[[2]string]bool{a: true, b: true, {nastyUser, firstPassword}: false})
	if err := d.login(b[0], b[1], "CREATE TABLE orders (id int); INSERT INTO orders VALUES (1);"); err != nil {
		t.Errorf("the new user lacks rights: %v", err)
	}
	if err := d.login(b[0], b[1], "ALTER TABLE orders ADD note text;"); err == nil {
		t.Error("the new user has rights that the old one lacks")
	}

	session := make(chan error, 1)
	go func() { session <- d.login(a[0], a[1], "SELECT SLEEP(300);") }()
	d.await("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'shop_a' AND INFO LIKE '%SLEEP%';", "1")
	d.call(d.does.Revoke)
	if err := <-session; err == nil {
		t.Error("the session of the old user has ended well")
	}
	d.logins(map[[2]string]bool{a: false, b: true})
	d.in.Takeback = true
	d.call(d.does.Add)
	d.call(d.does.Revoke)
	d.logins(map[[2]string]bool{a: true, b: false})
	d.logged("%20")
}

func TestMariaDBOneUser(t *testing.T) {
	settings := app.Rotation{With: app.WithMySQL, Users: []string{"shop_a"}, AdminPassword: "PASSWORD"}
	d := startDatabase(t, hosts.MariaDB, mariadbShop, settings)
	d.admin("ALTER USER root@localhost IDENTIFIED BY 'administrator';")
	d.rotate(firstPassword, nastyPassword)
	_, err := d.does.Add(t.Context(), d.in)
	if said := refusal(t, err); !strings.Contains(said, "Access denied") {
		t.Errorf("without the administrator's password it is refused with %q", said)
	}
	d.in.Admin = d.seal("administrator")
	older, newer := [2]string{"shop_a", firstPassword}, [2]string{"shop_a", nastyPassword}
	d.call(d.does.Add)
	d.call(d.does.Test)
	d.call(d.does.Revoke)
	d.logins(map[[2]string]bool{older: false, newer: true})
	d.in.Takeback = true
	_, err = d.does.Test(t.Context(), d.in)
	if said := refusal(t, err); !strings.Contains(said, "Access denied") {
		t.Errorf("the old password is refused with %q", said)
	}
	d.call(d.does.Add)
	d.call(d.does.Test)
	d.logins(map[[2]string]bool{older: true, newer: false})
	d.logged("%20")
}
