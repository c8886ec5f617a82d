package credential

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/host/memory"
	"github.com/longshore-dev/longshore/internal/secret"
)

// plain opens texts that are not sealed.
type plain struct{}

func (plain) Open(_, text string) (secret.String, error) { return secret.New(text), nil }

// ran is one command in a container.
type ran struct {
	container string
	args      []string
	stdin     string
}

// record is a host with containers of a service, and what is run in them.
func record(t *testing.T, answer func(args []string) (string, error)) (Activities, *[]ran, *memory.Machine) {
	t.Helper()
	m := memory.New("web-1")
	m.AddImage("db:1", memory.ImageSpec{})
	commands := &[]ran{}
	m.OnExec(func(_ context.Context, c app.ContainerState, cmd host.ExecCommand) (host.Output, error) {
		stdin, err := io.ReadAll(cmd.Stdin)
		if err != nil {
			return host.Output{}, err
		}
		*commands = append(*commands, ran{c.Name, cmd.Args, string(stdin)})
		out, err := answer(cmd.Args)
		return host.Output{Stdout: []byte(out)}, err
	})
	return Activities{Hosts: memory.Opener(m), Secrets: plain{}}, commands, m
}

var shop = app.Site{Org: "acme", Project: "shop", Name: "production"}

func add(t *testing.T, m *memory.Machine, name, release string, runs bool, labels map[string]string) {
	t.Helper()
	c := app.Container{Image: "db:1", Labels: map[string]string{
		app.LabelSite: shop.String(), app.LabelService: "db", app.LabelRole: app.RoleService, app.LabelRelease: release,
	}}
	for key, value := range labels {
		c.Labels[key] = value
	}
	engine := m.Host().Engine()
	id, err := engine.ContainerCreate(t.Context(), name, c)
	if err == nil && runs {
		err = engine.ContainerStart(t.Context(), id)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func input(with string) activities.CredentialInput {
	return activities.CredentialInput{
		Host: app.Host{Name: "web-1"}, Site: shop, Release: "7-abc",
		Settings: app.Rotation{With: with, Service: "db", Users: []string{"a", "b"}, Role: "owner", AdminPassword: "ADMIN",
			Add: []string{"add"}, Test: []string{"test"}, Revoke: []string{"revoke"}},
		Rotating: activities.Rotating{
			Old: app.Secret{Name: "DATABASE_URL", Version: "1", Sealed: "old-value"}, OldUser: "a", OldPassword: "old-password",
			New: app.Secret{Name: "DATABASE_URL", Version: "2", Sealed: "new-value"}, NewUser: "b", NewPassword: "new-password",
		},
		Admin: "admin-password",
	}
}

// No way, and no step of it, puts a value where others on the machine see it.
func TestNoValueIsAnArgument(t *testing.T) {
	for _, with := range []string{app.WithPostgres, app.WithMySQL, app.WithCommand} {
		does, commands, m := record(t, func(args []string) (string, error) {
			if slices.Contains(args, "sh") {
				return "8.0.36\n61\t25\n62\t25\n", nil
			}
			return "", nil
		})
		add(t, m, "db", "7-abc", true, nil)
		for _, back := range []bool{false, true} {
			in := input(with)
			in.Takeback = back
			_, addErr := does.Add(t.Context(), in)
			_, testErr := does.Test(t.Context(), in)
			if addErr != nil || testErr != nil {
				t.Errorf("%s: %v, %v", with, addErr, testErr)
			}
		}
		if len(*commands) < 4 {
			t.Errorf("%s ran only %d commands", with, len(*commands))
		}
		said := false
		for _, c := range *commands {
			said = said || strings.Contains(c.stdin, "new-")
			for _, value := range []string{"old-", "new-", "admin-"} {
				if strings.Contains(strings.Join(c.args, " "), value) {
					t.Errorf("%s runs %q", with, c.args)
				}
			}
		}
		if !said {
			t.Errorf("%s has not said the new value to anybody", with)
		}
	}
}

func TestContainerIsTheReleasesOrTheNewest(t *testing.T) {
	for name, test := range map[string]struct {
		make func(t *testing.T, m *memory.Machine)
		want string
	}{
		"the release's": {func(t *testing.T, m *memory.Machine) {
			add(t, m, "release", "7-abc", true, nil)
			add(t, m, "newer", "8-def", true, nil)
		}, "release"},
		"the newest": {func(t *testing.T, m *memory.Machine) {
			add(t, m, "older", "5-abc", true, nil)
			add(t, m, "newer", "6-def", true, nil)
			add(t, m, "stopped", "7-abc", false, nil)
		}, "newer"},
		"no other's": {func(t *testing.T, m *memory.Machine) {
			add(t, m, "ours", "1-abc", true, nil)
			add(t, m, "site", "7-abc", true, map[string]string{app.LabelSite: "acme/shop/staging"})
			add(t, m, "service", "7-abc", true, map[string]string{app.LabelService: "web"})
			add(t, m, "command", "7-abc", true, map[string]string{app.LabelRole: app.RoleReleaseCommand})
		}, "ours"},
	} {
		does, commands, m := record(t, func([]string) (string, error) { return "", nil })
		test.make(t, m)
		if _, err := does.Add(t.Context(), input(app.WithCommand)); err != nil || len(*commands) != 1 || (*commands)[0].container != test.want {
			t.Errorf("%s: it ran %+v, %v", name, *commands, err)
		}
	}
	does, _, _ := record(t, nil)
	if _, err := does.Add(t.Context(), input(app.WithCommand)); err == nil || !strings.Contains(err.Error(), "no container of service db of acme/shop/production runs") {
		t.Errorf("with no container: %v", err)
	}
}

// A repeat of the change must not have the server forget the password that consumers still use.
func TestMySQLKeepsTheOldPasswordOnce(t *testing.T) {
	changed := false
	does, commands, m := record(t, func(args []string) (string, error) {
		if slices.Contains(args, "--protocol=tcp") && !changed {
			return "", &host.ExitError{Command: "sh", Code: 1, Stderr: "ERROR 1045 (28000): Access denied"}
		}
		return "8.0.36\n61\t25\n", nil
	})
	add(t, m, "db", "7-abc", true, nil)
	in := input(app.WithMySQL)
	in.NewUser = "a"
	for range 2 {
		if _, err := does.Add(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		changed = true
	}
	retained := 0
	for _, c := range *commands {
		retained += strings.Count(c.stdin, "IDENTIFIED BY 'new-password' RETAIN CURRENT PASSWORD")
	}
	if retained != 1 {
		t.Errorf("the old password was kept %d times", retained)
	}
}

func TestValuesAloneNeedNothing(t *testing.T) {
	does, commands, _ := record(t, nil)
	for _, with := range []string{app.WithValue, app.WithGiven, ""} {
		if _, err := does.Add(t.Context(), input(with)); err != nil || len(*commands) != 0 {
			t.Errorf("%s: %v, %v", with, *commands, err)
		}
	}
}
