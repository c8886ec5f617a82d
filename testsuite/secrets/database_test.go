//go:build e2e

package secrets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/credential"
	"github.com/longshore-dev/longshore/activities/unseal"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host/pool"
	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/internal/sealed"
	"github.com/longshore-dev/longshore/internal/secret"
	"github.com/longshore-dev/longshore/internal/ssh"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// database is a database in a container of the local engine, as a site's plain service, and the activities that change its
// users.
type database struct {
	t      *testing.T
	kind   hosts.Database
	id     string // the container's
	sealer sealed.Sealer
	does   credential.Activities
	in     activities.CredentialInput
}

// startDatabase runs a database with a script of its administrator's, and waits until it answers. The test goes on beside
// others that have one.
func startDatabase(t *testing.T, kind hosts.Database, script string, settings app.Rotation) *database {
	t.Helper()
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	image, err := hosts.PrepareDatabase(ctx, kind, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	site := app.Site{Org: app.DefaultOrg, Project: "credential", Name: strings.ToLower(t.Name())}
	d := &database{t: t, kind: kind}
	d.id = strings.TrimSpace(docker(ctx, t, "", "run", "--detach", "--label", "dev.longshore.test=database",
		"--label", app.LabelSite+"="+site.String(), "--label", app.LabelService+"=db", "--label", app.LabelRole+"="+app.RoleService, image))
	t.Cleanup(func() { docker(context.Background(), t, "", "rm", "--force", "--volumes", d.id) })
	d.await("SELECT 1;", "1")
	d.admin(script)

	ring, err := keyring.Open(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	d.sealer = sealed.Sealer{Ring: ring}
	opener := pool.New(ssh.Environment{}, t.TempDir())
	t.Cleanup(func() { opener.Close() })
	d.does = credential.Activities{Hosts: opener, Secrets: unseal.Opener{Sealer: d.sealer, Masker: &secret.Masker{}}}
	settings.Service = "db"
	d.in = activities.CredentialInput{
		Host: app.Host{Name: "here", Address: app.LocalAddress, StateDir: t.TempDir()}, Site: site, Release: "1-abc", Settings: settings,
	}
	return d
}

// rotate sets what the next calls are about: passwords of the settings' users in turn, or of the only one.
func (d *database) rotate(old, new string) {
	d.t.Helper()
	users := d.in.Settings.Users
	d.in.OldUser, d.in.NewUser = users[0], users[len(users)-1]
	d.in.Old = app.Secret{Name: "PASSWORD", Version: "1"}
	d.in.New = app.Secret{Name: "PASSWORD", Version: "2"}
	d.in.OldPassword, d.in.NewPassword = d.seal(old), d.seal(new)
}

func (d *database) seal(value string) string {
	d.t.Helper()
	text, err := d.sealer.Seal("PASSWORD", secret.New(value))
	if err != nil {
		d.t.Fatal(err)
	}
	return text
}

// call runs an activity twice, since each may be repeated, and wants it to succeed.
func (d *database) call(do func(context.Context, activities.CredentialInput) (activities.Nothing, error)) {
	d.t.Helper()
	for range 2 {
		if _, err := do(d.t.Context(), d.in); err != nil {
			d.t.Fatal(err)
		}
	}
}

// logins wants the database to let users in with their passwords, or not.
func (d *database) logins(want map[[2]string]bool) {
	d.t.Helper()
	for login, good := range want {
		if err := d.login(login[0], login[1], "SELECT 1;"); (err == nil) != good {
			d.t.Errorf("login of %s with %s: %v, want one that is let in: %v", login[0], login[1], err, good)
		}
	}
}

// login runs statements as a user, who comes over TCP.
func (d *database) login(user, password, statements string) error {
	address := strings.TrimSpace(docker(d.t.Context(), d.t, "", "inspect", "--format", "{{.NetworkSettings.IPAddress}}", d.id))
	if d.kind == hosts.MariaDB {
		_, err := d.run(statements, "mariadb", "--protocol=tcp", "--host="+address, "--user="+user, "--password="+password, "shop")
		return err
	}
	_, err := d.run(password+"\n"+statements, "psql", "--password", "--quiet", "--set=ON_ERROR_STOP=1", "--host="+address, "--username="+user, "--dbname=shop")
	return err
}

// admin runs statements as the administrator.
func (d *database) admin(statements string) {
	d.t.Helper()
	if _, err := d.asAdmin(statements); err != nil {
		d.t.Fatal(err)
	}
}

func (d *database) asAdmin(statements string) (string, error) {
	if d.kind == hosts.MariaDB {
		return d.run(statements, "mariadb", "--user=root", "--skip-column-names")
	}
	return d.run(statements, "psql", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--username=postgres")
}

func (d *database) run(stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(d.t.Context(), "docker", append([]string{"exec", "--interactive", d.id}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// await waits until the administrator gets an answer to a query.
func (d *database) await(query, want string) {
	d.t.Helper()
	harness.Eventually(d.t, time.Minute, func() error {
		got, err := d.asAdmin(query)
		if err == nil && got != want {
			err = fmt.Errorf("%s answers %q", query, got)
		}
		return err
	})
}

// eventually wants an activity to succeed soon, and not to be refused before.
func (d *database) eventually(do func(context.Context, activities.CredentialInput) (activities.Nothing, error)) {
	d.t.Helper()
	harness.Eventually(d.t, 30*time.Second, func() error {
		_, err := do(d.t.Context(), d.in)
		if isRefusal(err) {
			d.t.Fatal(err)
		}
		return err
	})
}

// logged wants none of the texts in the database's log, which has every statement.
func (d *database) logged(texts ...string) {
	d.t.Helper()
	cmd := exec.CommandContext(d.t.Context(), "docker", "logs", d.id)
	log, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(log, []byte("ALTER ")) {
		d.t.Fatalf("the log has no statements: %v: %s", err, log)
	}
	for _, text := range texts {
		if bytes.Contains(log, []byte(text)) {
			d.t.Errorf("%q is in the database's log", text)
		}
	}
}

// refusal wants an error to be a failure of app.KindCredential that a retry does not mend, and answers its message.
func refusal(t *testing.T, err error) string {
	t.Helper()
	if !isRefusal(err) {
		t.Fatalf("the error is %v, want a refusal", err)
	}
	var classed *temporal.ApplicationError
	_ = errors.As(err, &classed) // it is, since isRefusal
	return classed.Message()
}

func isRefusal(err error) bool {
	var classed *temporal.ApplicationError
	return errors.As(err, &classed) && classed.Type() == app.KindCredential && classed.NonRetryable()
}

func docker(ctx context.Context, t *testing.T, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(ctx, "docker", args...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = strings.NewReader(stdin), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("docker %s: %v: %s", args[0], err, stderr.String())
	}
	return string(out)
}
