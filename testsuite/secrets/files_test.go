//go:build e2e || soak

package secrets

import (
	"fmt"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
)

// routeHost is the app's name at the edge of each host.
const routeHost = "shop.example"

// project is what the files of the app say. The zero value is one site, production, whose app has the database's address
// in its environment, and whose two users take turns.
type project struct {
	// sites are the names of the sites; each has a host of its own.
	sites []string
	// asFile gives the app the address as a file.
	asFile bool
	// onChange is what x-longshore.on_change says.
	onChange string
	// users are those of the database's that take turns.
	users []string
	// soak is how long the old version stays good.
	soak string
	// unwellAs is the user as whom the app is not well.
	unwellAs string
}

// complete fills in what is left out.
func (p project) complete() project {
	if len(p.sites) == 0 {
		p.sites = []string{"production"}
	}
	if len(p.users) == 0 {
		p.users = []string{"shop_a", "shop_b"}
	}
	if p.soak == "" {
		p.soak = "2s"
	}
	return p
}

// compose is a database with its data in a volume, and an app in two replicas that asks it all the time.
func (p project) compose() string {
	secret := "x-longshore:\n      secrets: [DATABASE_URL]"
	if p.asFile {
		secret = "secrets: [DATABASE_URL]\n    x-longshore:"
	}
	if p.onChange != "" {
		secret += "\n      on_change: " + p.onChange
	}
	return fmt.Sprintf(`services:
  db:
    build: { context: ., dockerfile: Dockerfile.db }
    secrets: [FIRST_PASSWORD]
    volumes: [data:/data]
    healthcheck:
      test: [CMD, pg_isready, --host=127.0.0.1, --quiet]
      interval: 1s
      start_period: 60s
    stop_grace_period: 10s
    x-longshore:
      health: { within: 90s, stable_for: 200ms }
  web:
    build: .
    depends_on: { db: { condition: service_healthy } }
    environment: [UNWELL_AS=%s]
    volumes: [journal:/journal]
    deploy: { replicas: 2 }
    stop_grace_period: 20s
    %s
      route: { hosts: [%s], port: 3000 }
      health: { path: /up, within: 20s, stable_for: 500ms, interval: 100ms }
      drain: 10s
secrets:
  FIRST_PASSWORD: { external: true }
  DATABASE_URL: { external: true }
volumes:
  data: {}
  journal: {}
`, p.unwellAs, secret, routeHost)
}

// longshore is the project file: each site on the host of the same place.
func (p project) longshore(name string, hosts []app.Host) string {
	var b strings.Builder
	fmt.Fprintf(&b, "project: %s\nhosts:\n", name)
	for _, h := range hosts {
		fmt.Fprintf(&b, "  %s: { address: %q, identity_file: %q, edge: { http: %d } }\n", h.Name, h.Address, h.IdentityFile, h.Edge.HTTPPort())
	}
	b.WriteString("sites:\n")
	for i, site := range p.sites {
		fmt.Fprintf(&b, "  %s: { hosts: [%s] }\n", site, hosts[i].Name)
	}
	fmt.Fprintf(&b, `secrets:
  DATABASE_URL:
    rotate:
      with: postgres
      service: db
      users: [%s]
      role: shop_owner
      database: shop
      template: "postgres://{user}:{password}@db/shop"
      soak: %s
`, strings.Join(p.users, ", "), p.soak)
	return b.String()
}

// dockerfiles are the app's, whose binary is in the checkout, and the database's.
func dockerfiles(database string) map[string]string {
	return map[string]string{
		"Dockerfile":    "FROM scratch\nCOPY shop /shop\nEXPOSE 3000\nENTRYPOINT [\"/shop\"]\n",
		"Dockerfile.db": "FROM " + database + "\nCOPY init.sql /init.sql\n",
		"init.sql": `\set password ` + "`cat /run/secrets/FIRST_PASSWORD`" + `
CREATE ROLE shop_owner;
CREATE ROLE shop_a LOGIN PASSWORD :'password' IN ROLE shop_owner;
ALTER ROLE shop_a SET role = 'shop_owner';
CREATE DATABASE shop OWNER shop_owner;
\connect shop
CREATE TABLE orders (id bigserial PRIMARY KEY, note text);
ALTER TABLE orders OWNER TO shop_owner;
`,
	}
}
