//go:build e2e

package contract

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "go.temporal.io/sdk/testsuite"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/container"
	"github.com/longshore-dev/longshore/activities/fence"
	"github.com/longshore-dev/longshore/activities/release"
	"github.com/longshore-dev/longshore/activities/unseal"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/local"
	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/internal/sealed"
	"github.com/longshore-dev/longshore/internal/secret"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// The site and the release that the secrets' contract is held to.
var secretSite = app.Site{Org: app.DefaultOrg, Project: "contract", Name: "secrets"}

const secretRelease = "1-abc"

func TestSecretsHere(t *testing.T) {
	ctx := deadline(t)
	buildActor(ctx, t)
	h, err := local.New(app.Host{Name: "here", Address: app.LocalAddress, StateDir: t.TempDir()})
	must(t, err)
	t.Cleanup(func() { h.Close() })
	newKeeper(t, h, func(ctx context.Context, args ...string) error {
		_, err := h.Run(ctx, host.Command{Args: args})
		return err
	}).hold(ctx, t, true)
}

func TestSecretsOnAServer(t *testing.T) {
	a := buildActor(deadline(t), t)
	for _, c := range []struct {
		login    string
		release  hosts.Release
		stateDir string
		root     bool
	}{
		{login: hosts.Root, release: hosts.Trixie, root: true},
		{login: hosts.Sudoer, release: hosts.Bookworm, root: true},
		{login: hosts.Member, release: hosts.Bookworm, stateDir: "/home/" + hosts.Member + "/longshore"},
	} {
		t.Run(c.login, func(t *testing.T) {
			ctx := deadline(t)
			server := hosts.Start(t, hosts.LoginAs(c.login), hosts.OnRelease(c.release))
			described := server.AppHost()
			described.StateDir = c.stateDir
			h := openServer(t, server, described)
			must(t, h.Engine().ImageLoad(ctx, bytes.NewReader(a.image)))
			newKeeper(t, h, func(ctx context.Context, args ...string) error {
				_, err := server.Exec(ctx, args...)
				return err
			}).hold(ctx, t, c.root)
		})
	}
}

// keeper brings secrets to one host, as a worker does.
type keeper struct {
	host       host.Host
	activities container.Activities
	releases   release.Activities
	target     activities.Target
	opener     unseal.Opener
	// name is the container's.
	name string
	// onHost runs a command on the host as root, by another way than the worker's.
	onHost func(ctx context.Context, args ...string) error
}

// one opens one host.
type one struct{ host.Host }

func (o one) Open(context.Context, app.Host) (host.Host, error) { return o.Host, nil }

func newKeeper(t *testing.T, h host.Host, onHost func(context.Context, ...string) error) *keeper {
	t.Helper()
	ring, err := keyring.Open(filepath.Join(t.TempDir(), "keys.json"))
	must(t, err)
	opener := unseal.Opener{Sealer: sealed.Sealer{Ring: ring}, Masker: &secret.Masker{}}
	taken, err := fence.Take(t.Context(), h, secretSite, "default-test-run-id", 0)
	must(t, err)
	name := "longshore-contract-" + strings.ToLower(rand.Text())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		must(t, h.Engine().ContainerRemove(ctx, name))
	})
	return &keeper{
		host: h, opener: opener, onHost: onHost, name: name,
		activities: container.Activities{Hosts: one{h}, Secrets: opener},
		releases:   release.Activities{Hosts: one{h}},
		target:     activities.Target{Host: app.Host{Name: h.Name()}, Site: secretSite, Fence: taken},
	}
}

// perform runs an activity as the engine does.
func perform[In, Out any](t *testing.T, f func(context.Context, In) (Out, error), in In) error {
	t.Helper()
	var suite sdk.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetTestTimeout(5 * time.Minute)
	env.RegisterActivity(f)
	_, err := env.ExecuteActivity(f, in)
	return err
}

// service has secrets of every kind. Files of another owner need root on the host.
func (k *keeper) service(root bool) app.Service {
	s := app.Service{Name: "web", Container: app.Container{
		Command: []string{"run"}, NetworkMode: "none", Restart: app.Restart{Name: "unless-stopped"},
		Secrets: []app.ServiceSecret{
			{Name: "CERT", Target: "/etc/cert.pem"},
			{Name: "DB", Target: app.SecretsFolder + "/db"},
			{Name: "DB", Target: app.SecretsFolder + "/nested/db"},
			{Name: "OWN", Target: app.SecretsFolder + "/own", UID: 1000, GID: 1001, Mode: 0o440},
			{Name: "TOKEN", Env: "TOKEN"},
		},
	}}
	if !root {
		s.Container.Secrets = slices.DeleteFunc(s.Container.Secrets, func(have app.ServiceSecret) bool { return have.UID != 0 })
	}
	return s
}

func (k *keeper) secrets(t *testing.T, version string) []app.Secret {
	t.Helper()
	var out []app.Secret
	for _, name := range []string{"CERT", "DB", "OWN", "TOKEN"} {
		text, err := k.opener.Sealer.Seal(name, secret.New("value-of-"+name+"-"+version))
		must(t, err)
		out = append(out, app.Secret{Name: name, Version: version, Sealed: text})
	}
	return out
}

// exec runs the actor in the container, as a user, and answers what it prints.
func (k *keeper) exec(ctx context.Context, user string, args ...string) (string, error) {
	out, err := k.host.Engine().ContainerExec(ctx, k.name, host.ExecCommand{Args: append([]string{"/actor"}, args...), User: user})
	return string(out.Stdout), err
}

// reads fails the test unless a file in the container reads so.
func (k *keeper) reads(ctx context.Context, t *testing.T, user, path, want string) {
	t.Helper()
	if got, err := k.exec(ctx, user, "read", path); err != nil || !strings.HasSuffix(got, want) {
		t.Errorf("%s reads %s as %q, %v; want %q", user, path, got, err, want)
	}
}

// hold holds a host to the contract.
func (k *keeper) hold(ctx context.Context, t *testing.T, root bool) {
	service := k.service(root)
	start := activities.StartInput{
		Target: k.target, Release: secretRelease, Service: service, Config: "c", ImageID: actorImage, Secrets: k.secrets(t, "1"),
		Containers: []app.ContainerPlan{{Name: k.name, Replica: 1}},
	}
	for range 2 {
		must(t, perform(t, k.activities.Start, start))
	}
	k.isBrought(ctx, t, root)
	k.isHidden(ctx, t)

	engine := k.host.Engine()
	must(t, engine.ContainerStop(ctx, k.name, 0))
	must(t, engine.ContainerStart(ctx, k.name))
	k.reads(ctx, t, "0:0", app.SecretsFolder+"/db", " 444 value-of-DB-1")

	refresh := activities.RefreshInput{
		Target: k.target, Release: "2-abc", Service: service, Secrets: k.secrets(t, "2"), Names: []string{k.name},
		OnChange: app.OnChange{Action: app.OnChangeSignal, Signal: "SIGHUP"},
	}
	k.isRefreshed(ctx, t, refresh, root)

	if !root {
		own := start
		own.Service = k.service(true)
		own.Release, own.Containers = "3-abc", []app.ContainerPlan{{Name: k.name + "-3"}}
		if err := perform(t, k.activities.Start, own); activities.FailureOf(err).Kind != app.KindRefused {
			t.Errorf("a file of another owner, by a login without root: %v", err)
		}
		must(t, perform(t, k.releases.Clean, activities.CleanInput{Target: k.target, Release: "3-abc"}))
	}
	must(t, perform(t, k.activities.Remove, activities.ContainersInput{Target: k.target, Names: []string{k.name}}))
	if err := k.onHost(ctx, "sh", "-c", `! grep -r -q value-of- "$1" && [ -z "$(find "$1" -path '*/secrets/*/web*')" ]`, "sh", k.host.Files().Root()); err != nil {
		t.Errorf("secrets are left on the host: %v", err)
	}
}

func (k *keeper) isBrought(ctx context.Context, t *testing.T, root bool) {
	t.Helper()
	for _, user := range []string{"0:0", "2000:2000"} {
		k.reads(ctx, t, user, app.SecretsFolder+"/db", " 444 value-of-DB-1")
		k.reads(ctx, t, user, app.SecretsFolder+"/nested/db", " 444 value-of-DB-1")
		k.reads(ctx, t, user, "/etc/cert.pem", " 444 value-of-CERT-1")
	}
	if root {
		k.reads(ctx, t, "1000:3000", app.SecretsFolder+"/own", "1000:1001 440 value-of-OWN-1")
		k.reads(ctx, t, "3000:1001", app.SecretsFolder+"/own", "1000:1001 440 value-of-OWN-1")
		if got, err := k.exec(ctx, "2000:2000", "read", app.SecretsFolder+"/own"); err == nil {
			t.Errorf("another user of the container reads %q", got)
		}
	}
	for _, path := range []string{app.SecretsFolder + "/new", app.SecretsFolder + "/db", "/etc/cert.pem"} {
		var exit *host.ExitError
		if _, err := k.exec(ctx, "0:0", "make", path); !errors.As(err, &exit) || !strings.Contains(exit.Stderr, "read-only file system") {
			t.Errorf("the container's root writes %s: %v", path, err)
		}
	}
	if got, err := k.exec(ctx, "", "variable", "TOKEN"); err != nil || got != "value-of-TOKEN-1" {
		t.Errorf("the variable is %q, %v", got, err)
	}
	c, err := k.host.Engine().ContainerInspect(ctx, k.name)
	must(t, err)
	if strings.Contains(fmt.Sprintf("%+v", c), "value-of-") || !strings.HasPrefix(c.Labels[app.LabelSecrets], "CERT@1,DB@1,") {
		t.Errorf("the container is known as %+v", c)
	}
}

// isHidden wants no other user of the host to read what root can.
func (k *keeper) isHidden(ctx context.Context, t *testing.T) {
	t.Helper()
	folder := k.host.Files().Root() + "/sites/" + secretSite.String() + "/secrets"
	file := folder + "/" + secretRelease + "/web/mounted/db"
	must(t, k.onHost(ctx, "grep", "-q", "value-of-DB-1", file))
	for _, path := range []string{file, folder} {
		if err := k.onHost(ctx, "setpriv", "--reuid=4000", "--regid=4000", "--clear-groups", "ls", path); err == nil {
			t.Errorf("another user of the host sees %s", path)
		}
	}
}

// isRefreshed replaces the files under the running container and brings them back. What the host is asked to signal is
// still restarted when it dies.
func (k *keeper) isRefreshed(ctx context.Context, t *testing.T, in activities.RefreshInput, root bool) {
	t.Helper()
	engine := k.host.Engine()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	before, err := engine.ContainerInspect(ctx, k.name)
	must(t, err)
	for _, step := range []struct {
		do      func(context.Context, activities.RefreshInput) (activities.Nothing, error)
		version string
	}{{k.activities.RefreshSecrets, "2"}, {k.activities.RestoreSecrets, "1"}, {k.activities.RefreshSecrets, "2"}} {
		must(t, perform(t, step.do, in))
		k.reads(ctx, t, "2000:2000", app.SecretsFolder+"/db", " 444 value-of-DB-"+step.version)
		k.reads(ctx, t, "2000:2000", app.SecretsFolder+"/nested/db", " 444 value-of-DB-"+step.version)
		k.reads(ctx, t, "2000:2000", "/etc/cert.pem", " 444 value-of-CERT-1")
		if root {
			k.reads(ctx, t, "1000:1000", app.SecretsFolder+"/own", "1000:1001 440 value-of-OWN-"+step.version)
		}
	}
	must(t, eventually(ctx, func() error {
		lines, err := engine.ContainerLogs(ctx, k.name, 10)
		if n := strings.Count(strings.Join(lines, "\n"), "hup"); err == nil && n != 3 {
			return fmt.Errorf("the container got %d signals", n)
		}
		return err
	}))
	after, err := engine.ContainerInspect(ctx, k.name)
	must(t, err)
	if after.ID != before.ID || !after.StartedAt.Equal(before.StartedAt) || after.PID != before.PID || after.PID == 0 {
		t.Errorf("the container was %+v, and is %+v", before, after)
	}
	if !root {
		return
	}
	must(t, k.onHost(ctx, "sh", "-c", `kill -9 "$1"`, "sh", fmt.Sprint(after.PID)))
	must(t, eventually(ctx, func() error {
		c, err := engine.ContainerInspect(ctx, k.name)
		if err == nil && (!c.Running() || c.PID == after.PID) {
			return errors.New("the container is " + c.Status + ", and not restarted")
		}
		return err
	}))
	k.reads(ctx, t, "0:0", app.SecretsFolder+"/db", " 444 value-of-DB-2")
}
