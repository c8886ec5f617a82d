package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
)

const twoSites = "hosts: {web-1: {address: a}, web-2: {address: b}}\nsites:\n  production: {hosts: [web-1, web-2], approve: true}\n  staging: {hosts: [web-2], compose: other.yaml}\n"

// inUser makes a home with the user's own settings.
func inUser(t *testing.T, text string) (home string) {
	t.Helper()
	home = t.TempDir()
	file := filepath.Join(home, ".config", "longshore", "config.yml")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return home
}

// TestLoadSecretStore looks at whose secrets are meant and where they are.
func TestLoadSecretStore(t *testing.T) {
	type want struct {
		site   app.Site
		scopes []string // kind, owner and folder
	}
	named := map[string]string{"compose.yaml": "name: ${NAME:-Books}\nservices: nonsense\n", ".env": "NAME=Letters\n"}
	for _, c := range []struct {
		name  string
		files map[string]string
		user  string
		o     Options
		want  want
	}{
		{"no file at all", nil, "", Options{}, want{app.Site{Org: "default", Project: "shop", Name: "production"}, []string{
			"site default/shop/production $DIR/secrets/sites/production", "project default/shop $DIR/secrets/project",
			"organization default $HOME/.config/longshore/organizations/default/secrets",
		}}},
		{"a compose file that is not valid", named, "", Options{}, want{app.Site{Org: "default", Project: "letters", Name: "production"}, []string{
			"site default/letters/production $DIR/secrets/sites/production", "project default/letters $DIR/secrets/project",
			"organization default $HOME/.config/longshore/organizations/default/secrets",
		}}},
		{"a site that is named", map[string]string{"longshore.yml": "org: acme\nproject: books\nsecret_store: {organization: ../all}\n" + twoSites}, "", Options{Site: "staging"},
			want{app.Site{Org: "acme", Project: "books", Name: "staging"}, []string{
				"site acme/books/staging $DIR/secrets/sites/staging", "project acme/books $DIR/secrets/project", "organization acme $UP/all",
			}}},
		{"no site of several", map[string]string{"longshore.yml": "project: books\nsecret_store: {folder: /srv/secrets}\n" + twoSites}, "org: mine\nsecret_store: {organization: ~/mine}\n", Options{},
			want{app.Site{Org: "mine", Project: "books"}, []string{"project mine/books /srv/secrets/project", "organization mine $HOME/mine"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, home := write(t, c.files), inUser(t, c.user)
			c.o.Dir, c.o.Environ = dir, []string{"HOME=" + home}
			got, err := LoadSecretStore(c.o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want.site, got.Site); diff != "" {
				t.Errorf("site (-want +got):\n%s", diff)
			}
			var scopes []string
			for _, s := range got.Scopes {
				scopes = append(scopes, strings.NewReplacer(dir, "$DIR", filepath.Dir(dir), "$UP", home, "$HOME").Replace(s.Kind+" "+s.Of+" "+s.Folder))
				list := filepath.Join(filepath.Dir(s.Folder), "recipients.txt")
				switch s.Kind {
				case app.ScopeSite:
					list = filepath.Join(filepath.Dir(filepath.Dir(s.Folder)), "recipients.txt")
				case app.ScopeOrganization:
					list = filepath.Join(s.Folder, "recipients.txt")
				}
				if s.Recipients != list {
					t.Errorf("the recipients of %s are in %s, not %s", s.Of, s.Recipients, list)
				}
			}
			if diff := cmp.Diff(c.want.scopes, scopes); diff != "" {
				t.Errorf("scopes (-want +got):\n%s", diff)
			}
			if got.Tool.StateDir != filepath.Join(home, ".local/state/longshore") {
				t.Errorf("tool %+v", got.Tool)
			}
		})
	}
}

func TestSecretStoreWithoutHome(t *testing.T) {
	r, problems := resolveWithoutHosts(Options{Dir: write(t, nil), Environ: []string{"LONGSHORE_STATE=/s"}}, true)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got := r.secretScopes(app.Site{Org: "o", Project: "p"}); len(got) != 1 || got[0].Kind != app.ScopeProject {
		t.Errorf("got %+v", got)
	}
}

func TestSecretStoreProblems(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		user  string
		o     Options
		want  string
	}{
		{"the user's own file", nil, "secret_store: {folder: a, organization: b}\nsecrets: {A: }\n", Options{},
			"$USER:1:16: secret_store.folder: is a setting of a project; put it into the project's longshore.yml\n" +
				"$USER:1:27: secret_store.organization: must be an absolute path, or begin with ~/\n" +
				"$USER:2:1: secrets: is a setting of a project; put it into the project's longshore.yml"},
		{"a compose file that is not YAML", map[string]string{"compose.yaml": "name: books\n  a: b: c\n"}, "", Options{},
			"compose.yaml:2: not valid YAML: mapping values are not allowed in this context"},
		{"a compose file that is not there", nil, "", Options{Compose: []string{"gone.yaml"}}, "gone.yaml: cannot be read: no such file or directory"},
		{"a site that is not there", map[string]string{"longshore.yml": twoSites}, "", Options{Site: "stagng"},
			`longshore.yml: sites: there is no site "stagng" (from --site); did you mean "staging"?`},
		{"names", nil, "", Options{Overrides: map[string]string{"project": "A b", "org": "C"}}, "org: C is not a name; " + nameAdvice + "\nproject: A b is not a name; " + nameAdvice},
		{"secrets", map[string]string{"longshore.yml": "secrets: {A: {from: command}, B: {rotate: {with: mysql, service: db, users: [a], admin_password: C}}, C: {from: env}}\n"}, "", Options{},
			"longshore.yml:1:11: secrets.A: the secret is from: command, without a command; add command"},
		{"secrets that do not go together", map[string]string{"longshore.yml": "secrets: {B: {rotate: {with: mysql, service: db, users: [a], admin_password: C}}, C: {from: env}}\n"}, "", Options{},
			"longshore.yml:1:62: secrets.B.rotate.admin_password: the secret C is from: env; a rotation takes it from the store only"},
	} {
		t.Run(c.name, func(t *testing.T) {
			home := inUser(t, c.user)
			c.o.Dir, c.o.Environ = write(t, c.files), []string{"HOME=" + home}
			_, err := LoadSecretStore(c.o)
			if err == nil {
				t.Fatal("nothing is wrong")
			}
			got := strings.ReplaceAll(err.Error(), filepath.Join(home, ".config/longshore/config.yml"), "$USER")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRotations reads every way to rotate.
func TestRotations(t *testing.T) {
	dir := write(t, map[string]string{"longshore.yml": `
secrets:
  BARE: { rotate: {} }
  VALUE: { rotate: { length: 64, alphabet: hex, exclude: "ab", template: "key_{password}", soak: 0 } }
  PG:
    rotate: { with: postgres, service: db, users: [shop_a, shop_b], role: shop, database: shop, admin: boss, admin_password: BOSS,
      template: "postgres://{user}:{password}@db/shop", soak: 1h }
  MY: { rotate: { with: mysql, service: db, users: [root] } }
  STEPS: { rotate: { with: command, make: [./new], add: [./add, it], test: [./test], revoke: [./revoke] } }
  GIVEN: { rotate: { with: given, soak: 24h } }
  SILENT: {}
sites:
  one: { hosts: [local] }
  two: { hosts: [local], secrets: { BARE: { rotate: { with: given } }, VALUE: { from: store } } }
`})
	want := Rotations{
		"BARE":  {With: app.WithValue, Soak: app.DefaultSoak},
		"VALUE": {With: app.WithValue, Policy: app.SecretPolicy{Length: 64, Alphabet: "hex", Exclude: "ab"}, Template: "key_{password}"},
		"PG": {With: app.WithPostgres, Service: "db", Users: []string{"shop_a", "shop_b"}, Role: "shop", Database: "shop", Admin: "boss", AdminPassword: "BOSS",
			Template: "postgres://{user}:{password}@db/shop", Soak: time.Hour},
		"MY": {With: app.WithMySQL, Service: "db", Users: []string{"root"}, Soak: app.DefaultSoak},
		"STEPS": {With: app.WithCommand, Make: []string{"./new"}, Add: []string{"./add", "it"}, Test: []string{"./test"}, Revoke: []string{"./revoke"},
			Soak: app.DefaultSoak},
		"GIVEN": {With: app.WithGiven, Soak: 24 * time.Hour},
	}
	read := func(site string) *SecretSettings {
		t.Helper()
		got, err := LoadSecretStore(Options{Dir: dir, Site: site, Environ: environ(t)})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, site := range []string{"", "one"} {
		if diff := cmp.Diff(want, read(site).Rotations); diff != "" {
			t.Errorf("%q (-want +got):\n%s", site, diff)
		}
	}
	delete(want, "VALUE")
	want["BARE"] = app.Rotation{With: app.WithGiven, Soak: app.DefaultSoak}
	got := read("two")
	if diff := cmp.Diff(want, got.Rotations); diff != "" {
		t.Errorf("two (-want +got):\n%s", diff)
	}
	if r := got.Rotations.Of("SILENT"); r.With != app.WithValue || r.Soak != app.DefaultSoak {
		t.Errorf("a secret without a word is rotated by %+v", r)
	}
	if r := got.Rotations.Of("GIVEN"); r.With != app.WithGiven {
		t.Errorf("got %+v", r)
	}
}

func TestLoadSites(t *testing.T) {
	files := map[string]string{"compose.yaml": "name: books\n" + oneService, "other.yaml": oneService, "longshore.yml": twoSites}
	web1, web2 := app.Host{Name: "web-1", Address: "a"}, app.Host{Name: "web-2", Address: "b"}
	production := SiteSettings{Site: app.Site{Org: "default", Project: "books", Name: "production"}, Hosts: []app.Host{web1, web2}, Approve: &app.Approve{Within: app.DefaultApproval}}
	for _, c := range []struct {
		name  string
		files map[string]string
		o     Options
		want  []SiteSettings
	}{
		{"all of them, whichever is meant", files, Options{Site: "staging", Host: "web-1", Environ: []string{"LONGSHORE_HOST=web-1", "LONGSHORE_SITE=staging"}}, []SiteSettings{
			production, {Site: app.Site{Org: "default", Project: "shop", Name: "staging"}, Hosts: []app.Host{web2}}}},
		{"hosts without sites", map[string]string{"longshore.yml": "hosts: {web-1: {address: a}, web-2: {address: b}}\n"}, Options{Host: "web-2"}, []SiteSettings{
			{Site: app.Site{Org: "default", Project: "shop", Name: "production"}, Hosts: []app.Host{web2}}}},
		{"no file", nil, Options{Host: "local", Environ: []string{"LONGSHORE_SITE=test"}}, []SiteSettings{
			{Site: app.Site{Org: "default", Project: "shop", Name: "test"}, Hosts: []app.Host{{Name: "local", Address: "local"}}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.o.Dir, c.o.Environ = write(t, c.files), environ(t, c.o.Environ...)
			got, err := LoadSites(c.o)
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range got {
				if len(s.Scopes) != 3 || s.Scopes[0].Of != s.Site.String() {
					t.Errorf("scopes of %s: %+v", s.Site, s.Scopes)
				}
				got[i].Scopes = nil
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("sites (-want +got):\n%s", diff)
			}
		})
	}
	_, err := LoadSites(Options{Dir: write(t, map[string]string{"longshore.yml": "sites: {a: {hosts: [gone]}, b: {}}\n"}), Environ: environ(t)})
	want := `longshore.yml:1:21: sites.a.hosts[0]: there is no host "gone"; define it under hosts:` + "\n" +
		`longshore.yml:1:29: sites.b: the site b has no hosts; name those of all sites: a site that cannot be reached cannot be looked at`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
