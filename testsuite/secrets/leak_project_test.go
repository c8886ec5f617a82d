//go:build e2e

package secrets

import (
	"fmt"
	"strings"
)

// tells is what a version of the hunt's app does, see package teller.
type tells struct {
	secrets string // the names of those that it prints
	fail    string
	build   string // "broken" for a build that fails
}

// all are the secrets of the app.
const all = "API_TOKEN,TLS_KEY,SESSION_KEY,DATABASE_URL,PAYMENTS_KEY,IMPORTED_ONE,IMPORTED_TWO"

// files are the app with its secrets, and its database.
func (h *hunt) files(database string) map[string]string {
	files := dockerfiles(database)
	files["Dockerfile"] = `FROM scratch
COPY teller /teller
COPY mode /mode
RUN --mount=type=secret,id=BUILD_TOKEN ["/teller", "build", "BUILD_TOKEN"]
EXPOSE 3000
ENTRYPOINT ["/teller"]
`
	files["mode"] = "\n"
	files["compose.yaml"] = compose(tells{secrets: all})
	// The step of the payments' rotation tells all that it was given, and the end of that again, and fails.
	files["longshore.yml"] = h.project.longshore(h.name, h.reached()) + `  SESSION_KEY: { rotate: { soak: 1s } }
  PAYMENTS_KEY: { rotate: { with: command, test: [sh, -c, "tee /dev/stderr | tail -c 60 >&2; exit 1"] } }
`
	return files
}

func compose(app tells) string {
	variables := strings.Replace(all, "TLS_KEY,", "", 1)
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
    build: { context: ., secrets: [BUILD_TOKEN] }
    depends_on: { db: { condition: service_healthy } }
    environment: { TELL: %q, FAIL: %q }
    secrets: [TLS_KEY]
    x-longshore:
      secrets: [%s]
      route: { hosts: [%s], port: 3000 }
      health: { path: /up, within: 4s, stable_for: 300ms, interval: 100ms }
secrets:
  FIRST_PASSWORD: { external: true }
  BUILD_TOKEN: { external: true }
  TLS_KEY: { external: true }
volumes:
  data: {}
`, app.secrets, app.fail, variables, routeHost)
}
