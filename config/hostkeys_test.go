package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
	"github.com/longshore-dev/longshore/internal/store"
)

// inScopes sets a secret in scopes of a project's store, as a pending version in those that end in "?".
func inScopes(t *testing.T, o Options, name string, kinds ...string) {
	t.Helper()
	settings, err := LoadSecretStore(o)
	if err != nil {
		t.Fatal(err)
	}
	keys := store.Keys{Path: filepath.Join(t.TempDir(), "identity.txt")}
	for _, kind := range kinds {
		kind, pending := strings.CutSuffix(kind, "?")
		v := store.NewVersion{Value: secret.New("a key"), By: "ann"}
		if pending {
			v.State = app.VersionPending
		}
		for _, scope := range settings.Scopes {
			if scope.Kind != kind {
				continue
			}
			if _, err := (store.Folder{Scope: scope, Keys: keys}).Add(name, v); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// keyed is a site whose second host has its key in the store.
const keyed = "hosts:\n  web-1: {address: a}\n  web-2: {address: b, identity_secret: DEPLOY_KEY}\nsites: {blue: {hosts: [web-1, web-2]}}\n"

// TestIdentitySecrets looks at which scope a host's key is taken from, by all that load hosts.
func TestIdentitySecrets(t *testing.T) {
	loaders := map[string]func(t *testing.T, o Options) []app.Host{
		"a project": func(t *testing.T, o Options) []app.Host { return load(t, o.Dir, o).Spec.Hosts },
		"all sites": func(t *testing.T, o Options) []app.Host {
			sites, err := LoadSites(o)
			if err != nil {
				t.Fatal(err)
			}
			return sites[0].Hosts
		},
		"a fleet":        fleetHosts(),
		"hosts by name":  fleetHosts("web-1", "web-2"),
		"hosts by login": fleetHosts("web-1", "root@b"),
	}
	for _, c := range []struct {
		name string
		in   []string
		want string // $KIND $OF $FOLDER
	}{
		{"the project's", []string{app.ScopeProject}, "project default/shop secrets/project"},
		{"the site's own", []string{app.ScopeProject, app.ScopeSite}, "site default/shop/blue secrets/sites/blue"},
		{"a site's that is not good yet", []string{app.ScopeOrganization, app.ScopeSite + "?"}, "organization default ../organizations/default"},
		{"a store that is elsewhere", nil, "project default/shop secrets/project"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := write(t, map[string]string{"compose.yaml": oneService, "longshore.yml": keyed + "secret_store: {organization: ../organizations/default}\n"})
			o := Options{Dir: dir, Environ: environ(t)}
			inScopes(t, o, "DEPLOY_KEY", c.in...)
			for name, hosts := range loaders {
				got := hosts(t, o)
				if len(got) != 2 || got[0].IdentitySecret != (app.SecretLine{}) {
					t.Fatalf("%s: %+v", name, got)
				}
				is := got[1].IdentitySecret
				folder, err := filepath.Rel(dir, is.Scope.Folder)
				if text := is.Scope.Kind + " " + is.Scope.Of + " " + folder; err != nil || is.Name != "DEPLOY_KEY" || text != c.want {
					t.Errorf("%s: got %s of %q, want %s", name, is.Name, text, c.want)
				}
			}
		})
	}
}

func fleetHosts(names ...string) func(t *testing.T, o Options) []app.Host {
	return func(t *testing.T, o Options) []app.Host {
		fleet, err := LoadFleet(o, names)
		if err != nil {
			t.Fatal(err)
		}
		var out []app.Host
		for _, h := range fleet.Hosts {
			out = append(out, h.Host)
		}
		return out
	}
}

// TestIdentityOfUserHost looks at a host that the user's own settings define.
func TestIdentityOfUserHost(t *testing.T) {
	home := inUser(t, "hosts: {mine: {address: a, identity_secret: MY_KEY}}\n")
	o := Options{Dir: write(t, map[string]string{"compose.yaml": oneService}), Environ: []string{"HOME=" + home}, Host: "mine"}
	inScopes(t, o, "OTHER", app.ScopeOrganization)
	_, err := tryLoad(t, o.Dir, o)
	want := filepath.Join(home, ".config", "longshore", "config.yml") + ":1:28: hosts.mine.identity_secret: the secret MY_KEY is missing; longshore secret set MY_KEY < the private key's file"
	if err == nil || err.Error() != want {
		t.Fatalf("got  %v\nwant %s", err, want)
	}
	inScopes(t, o, "MY_KEY", app.ScopeOrganization)
	if got := load(t, o.Dir, o).Spec.Hosts[0].IdentitySecret; got.Scope.Kind != app.ScopeOrganization {
		t.Errorf("%+v", got)
	}
}

func TestIdentitySecretProblems(t *testing.T) {
	for _, c := range []struct {
		name, host, rest string
		want             []string
	}{
		{"missing", "identity_secret: DEPLOY_KEY", "", []string{
			`longshore.yml:2:31: hosts.web-1.identity_secret: the secret DEPLOY_KEY is missing; longshore secret set DEPLOY_KEY < the private key's file`}},
		{"two keys", "identity_secret: DEPLOY_KEY, identity_file: /k", "", []string{
			`longshore.yml:2:31: hosts.web-1.identity_secret: the host has an identity_file, too; keep one of them`}},
		{"no name", "identity_secret: a b", "", []string{
			`longshore.yml:2:31: hosts.web-1.identity_secret: "a b" is not a name for a secret; ` + secretNameAdvice}},
		{"from elsewhere", "identity_secret: DEPLOY_KEY", "secrets: {DEPLOY_KEY: {from: env}}\n", []string{
			`longshore.yml:2:31: hosts.web-1.identity_secret: the secret DEPLOY_KEY is from: env; the key of a host is taken from the store only`}},
		{"a broken file", "identity_secret: BROKEN", "", []string{
			`longshore.yml:2:31: hosts.web-1.identity_secret: $DIR/secrets/project/BROKEN.json is not as it was written: `}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := write(t, map[string]string{
				"compose.yaml": oneService, "secrets/project/BROKEN.json": "{",
				"longshore.yml": "hosts:\n  web-1: {address: root@host, " + c.host + "}\n" + c.rest,
			})
			_, err := tryLoad(t, dir, Options{})
			if err == nil {
				t.Fatal("no problem")
			}
			for i, got := range strings.Split(err.Error(), "\n") {
				if i >= len(c.want) || !strings.HasPrefix(got, strings.ReplaceAll(c.want[i], "$DIR", dir)) {
					t.Errorf("got  %s\nwant %q", got, c.want)
				}
			}
		})
	}
	// The keys of this machine are not those of the login: to let them in would shut the login out.
	dir := write(t, map[string]string{"longshore.yml": keyed + "bootstrap: {user: deploy}\n"})
	home := t.TempDir()
	if err := os.MkdirAll(filepath.Join(home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".ssh", "id_ed25519.pub"), []byte(someKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := LoadFleet(Options{Dir: dir, Environ: []string{"HOME=" + home}}, nil)
	want := "bootstrap.public_keys: the key of web-2 is the secret DEPLOY_KEY, whose public half no file has; " +
		`name it: public_keys: ["ssh-ed25519 AAAA…"], as ssh-keygen -y -f shows it`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}
