package secret

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/keyring"
	"github.com/longshore-dev/longshore/internal/store"
)

const urlTemplate = "postgres://{user}:{password}@db:5432/shop?sslmode=disable"

func (w *world) begin(l app.SecretLine, rotation string, settings app.Rotation, given int) (activities.Rotating, error) {
	w.t.Helper()
	return w.BeginVersion(w.t.Context(), activities.BeginVersionInput{
		Secret: l, Rotation: rotation, Settings: settings, Given: given, By: "ann", Why: "because",
	})
}

func TestBeginVersion(t *testing.T) {
	turns := app.Rotation{With: app.WithPostgres, Users: []string{"shop_a", "shop_b"}, Template: urlTemplate}
	for name, test := range map[string]struct {
		have     string
		settings app.Rotation
		given    string // pending before
		want     string // of the new value; "*" stands for what is made
		users    [2]string
		old      string // password
	}{
		"a shared value": {have: "first value", want: "*"},
		"hex":            {have: "first value", settings: app.Rotation{With: app.WithValue, Policy: app.SecretPolicy{Length: 8, Alphabet: "hex"}}, want: "*"},
		"in a template":  {have: "Bearer x", settings: app.Rotation{Template: "Bearer {password}"}, want: "Bearer *"},
		"users in turn": {
			have: "postgres://shop_a:p%40ss@db:5432/shop?sslmode=disable\n", settings: turns,
			want: "postgres://shop_b:*@db:5432/shop?sslmode=disable", users: [2]string{"shop_a", "shop_b"}, old: "p@ss",
		},
		"and back, as a person writes it": {
			have: "postgres://shop_b:p@s%s@db:5432/shop?sslmode=disable", settings: turns,
			want: "postgres://shop_a:*@db:5432/shop?sslmode=disable", users: [2]string{"shop_b", "shop_a"}, old: "p@s%s",
		},
		"one user": {
			have: "first password", settings: app.Rotation{With: app.WithMySQL, Users: []string{"shop"}},
			want: "*", users: [2]string{"shop", "shop"}, old: "first password",
		},
		"one user in a template": {
			have: "shop first password", settings: app.Rotation{With: app.WithMySQL, Users: []string{"shop"}, Template: "{user} {password}"},
			want: "shop *", users: [2]string{"shop", "shop"}, old: "first password",
		},
		"letters that a URL escapes": {
			have:     "postgres://shop%20a:first@db",
			settings: app.Rotation{With: app.WithPostgres, Users: []string{"shop a", "shop/b"}, Template: "postgres://{user}:{password}@db", Policy: app.SecretPolicy{Alphabet: "@:/%+ ?#{}user", Length: 64}},
			want:     "postgres://shop%2Fb:*@db", users: [2]string{"shop a", "shop/b"}, old: "first",
		},
		"the user's own make": {have: "first value", settings: app.Rotation{With: app.WithCommand, Make: []string{"printf", "made by a program"}}, want: "made by a program"},
		"the user's own steps, but for make": {
			have: "first value", settings: app.Rotation{With: app.WithCommand, Add: []string{"true"}, Service: "db"}, want: "*",
		},
		"given": {have: "first value", settings: app.Rotation{With: app.WithGiven}, given: "second value", want: "second value"},
		"given for users": {
			have: "postgres://shop_a:first@db:5432/shop?sslmode=disable", settings: turns, given: "postgres://shop_b:two@db:5432/shop?sslmode=disable",
			want: "postgres://shop_b:two@db:5432/shop?sslmode=disable", users: [2]string{"shop_a", "shop_b"}, old: "first",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			l := w.line(app.ScopeProject, "TOKEN")
			w.set(l, test.have)
			given := 0
			if test.given != "" {
				given = w.pend(l, test.given, "")
			}
			got, err := w.begin(l, "one", test.settings, given)
			if err != nil {
				t.Fatal(err)
			}
			if got.Old.Name != "TOKEN" || got.Old.Version != "1" || got.New.Name != "TOKEN" || got.New.Version != "2" ||
				got.Old.Scope != app.ScopeProject || got.New.Scope != app.ScopeProject {
				t.Errorf("%+v", got)
			}
			if states := w.states(l); states != "current pending" {
				t.Errorf("the store has %s", states)
			}
			if got.OldUser != test.users[0] || got.NewUser != test.users[1] {
				t.Errorf("users %q and %q", got.OldUser, got.NewUser)
			}
			made := w.opened("TOKEN", got.New.Sealed)
			if w.opened("TOKEN", got.Old.Sealed) != test.have {
				t.Error("the old value is not the current one")
			}
			before, after, random := strings.Cut(test.want, "*")
			if made != test.want && (!random || !strings.HasPrefix(made, before) || !strings.HasSuffix(made, after) || len(made) < len(test.want)+7) {
				t.Errorf("made %q, want %q", made, test.want)
			}
			if test.users[0] == "" {
				if got.OldPassword != "" || got.NewPassword != "" {
					t.Error("passwords of no users")
				}
				return
			}
			if old := w.opened("TOKEN", got.OldPassword); old != test.old {
				t.Errorf("the old password is %q", old)
			}
			f, err := formOf(test.settings)
			if err != nil {
				t.Fatal(err)
			}
			password, err := w.Opener.Open("TOKEN", got.NewPassword)
			if err != nil || f.render(got.NewUser, password).Reveal() != made {
				t.Errorf("the password %q is not that of %q (%v)", password.Reveal(), made, err)
			}
		})
	}
}

// A worker may be killed at any moment, and the step repeated, also while its first attempt still runs.
func TestBeginVersionIsOneVersion(t *testing.T) {
	w := newWorld(t)
	l := w.line(app.ScopeProject, "TOKEN")
	w.set(l, "first value")
	w.pend(l, "left behind", "another rotation")
	results := make([]activities.Rotating, 8)
	var group sync.WaitGroup
	for i := range results {
		group.Go(func() {
			var err error
			if results[i], err = w.begin(l, "mine", app.Rotation{}, 0); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, r := range results {
		if r.New.Version != "3" || w.opened("TOKEN", r.New.Sealed) != w.opened("TOKEN", results[0].New.Sealed) {
			t.Errorf("version %s", r.New.Version)
		}
	}
	if states := w.states(l); states != "current revoked pending" {
		t.Errorf("the store has %s", states)
	}
	record, err := w.folder(l.Scope).Read("TOKEN")
	if err != nil || record.Versions[2].By != "ann" || record.Versions[2].Why != "because" || record.Versions[2].Rotation != "mine" {
		t.Errorf("%+v, %v", record.Versions, err)
	}
}

// A rotation that is reset in the web UI begins once more, wherever it had come to.
func TestBeginVersionAfterAReset(t *testing.T) {
	for name, test := range map[string]struct {
		settle store.Settlement
		old    string // empty: refused
	}{
		"before the roll":   {store.Settlement{}, "2"},
		"after it":          {store.Settlement{Current: 3}, "2"},
		"after the revoke":  {store.Settlement{Current: 3, Revoke: []int{2}}, "2"},
		"after it was lost": {store.Settlement{Revoke: []int{3}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			l := w.line(app.ScopeProject, "TOKEN")
			w.set(l, "first value")
			w.set(l, "second value")
			first, err := w.begin(l, "mine", app.Rotation{}, 0)
			if err != nil {
				t.Fatal(err)
			}
			test.settle.By, test.settle.Why = "ann", "rotate"
			w.settle(l, test.settle)
			again, err := w.begin(l, "mine", app.Rotation{}, 0)
			if test.old == "" {
				refused(t, err, "version 3 of acme/shop TOKEN is revoked by now", "longshore secret rotate TOKEN")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if again.Old.Version != test.old || w.opened("TOKEN", again.Old.Sealed) != "second value" ||
				again.New.Version != "3" || w.opened("TOKEN", again.New.Sealed) != w.opened("TOKEN", first.New.Sealed) {
				t.Errorf("%s to %s", again.Old.Version, again.New.Version)
			}
			if again.OldRevoked != (name == "after the revoke") {
				t.Errorf("the old version is said to be revoked: %v", again.OldRevoked)
			}
		})
	}
}

func TestBeginVersionRefuses(t *testing.T) {
	turns := app.Rotation{With: app.WithPostgres, Users: []string{"a", "b"}, Template: "x://{user}:{password}@db"}
	const have = "x://a:one@db"
	for name, test := range map[string]struct {
		arrange  func(w *world, l app.SecretLine)
		settings app.Rotation
		given    int
		words    []string
	}{
		"a user of nobody's":       {settings: app.Rotation{With: app.WithPostgres, Users: []string{"b", "c"}, Template: turns.Template}, words: []string{"with the user b or c"}},
		"another form":             {settings: app.Rotation{With: app.WithPostgres, Users: []string{"a"}, Template: "y://{user}:{password}"}, words: []string{`has not the form "y://{user}:{password}" with the user a`, "rotate.template"}},
		"no users":                 {settings: app.Rotation{With: app.WithMySQL}, words: []string{"rotate.users needs"}},
		"users that nobody tells":  {settings: app.Rotation{With: app.WithMySQL, Users: []string{"a", "b"}}, words: []string{"rotate.template needs {user}"}},
		"a user of no way":         {settings: app.Rotation{Template: "{user}{password}"}, words: []string{"rotate.template has {user}"}},
		"a template without":       {settings: app.Rotation{Template: "x"}, words: []string{"needs {password}"}},
		"make for a value":         {settings: app.Rotation{Make: []string{"true"}}, words: []string{"rotate.make goes with"}},
		"make in a service":        {settings: app.Rotation{With: app.WithCommand, Service: "db", Make: []string{"true"}}, words: []string{"rotate.make runs on the worker"}},
		"a policy of few":          {settings: app.Rotation{Policy: app.SecretPolicy{Length: 8, Alphabet: "ab"}}, words: []string{"easily guessed", "rotate.length"}},
		"given nothing":            {settings: app.Rotation{With: app.WithGiven}, words: []string{"that a person supplies"}},
		"given what is not there":  {given: 7, words: []string{"has no version 7", "longshore secret history TOKEN"}},
		"given what is current":    {given: 1, words: []string{"is the current one already"}},
		"given the same":           {arrange: func(w *world, l app.SecretLine) { w.pend(l, have, "") }, given: 2, words: []string{"the same value as version 1"}},
		"given for the same user":  {arrange: func(w *world, l app.SecretLine) { w.pend(l, "x://a:two@db", "") }, given: 2, settings: turns, words: []string{"has the user a", "the user b"}},
		"given for another's user": {arrange: func(w *world, l app.SecretLine) { w.pend(l, "x://c:two@db", "") }, given: 2, settings: turns, words: []string{"version 2 of acme/shop TOKEN"}},
		"removed": {arrange: func(w *world, l app.SecretLine) {
			if err := w.folder(l.Scope).Remove(l.Name, "ann", ""); err != nil {
				w.t.Fatal(err)
			}
		}, words: []string{"has no current version", "longshore secret set TOKEN"}},
		"not in the store": {arrange: func(w *world, l app.SecretLine) {
			if err := os.RemoveAll(l.Scope.Folder); err != nil {
				w.t.Fatal(err)
			}
		}, words: []string{"acme/shop TOKEN is not in the file store", "comes from elsewhere"}},
		"no identity": {arrange: func(w *world, _ app.SecretLine) {
			if err := os.Remove(w.Finder.Keys.Path); err != nil {
				w.t.Fatal(err)
			}
		}, words: []string{"this machine has no identity"}},
		"another identity": {arrange: func(w *world, _ app.SecretLine) {
			w.Finder.Keys.Path = filepath.Join(w.t.TempDir(), "identity.txt")
			if _, err := w.Finder.Keys.Ensure(); err != nil {
				w.t.Fatal(err)
			}
		}, words: []string{"none is this machine"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			l := w.line(app.ScopeProject, "TOKEN")
			w.set(l, have)
			if test.arrange != nil {
				test.arrange(w, l)
			}
			before, _ := os.ReadFile(filepath.Join(l.Scope.Folder, "TOKEN.json"))
			_, err := w.begin(l, "mine", test.settings, test.given)
			refused(t, err, test.words...)
			if after, _ := os.ReadFile(filepath.Join(l.Scope.Folder, "TOKEN.json")); string(after) != string(before) {
				t.Error("the store was changed")
			}
		})
	}
}

// Without the key ring's file nothing can be handed to the next step, so nothing is begun.
func TestBeginVersionNeedsTheKeyRing(t *testing.T) {
	w := newWorld(t)
	l := w.line(app.ScopeProject, "TOKEN")
	w.set(l, "first value")
	if err := os.Remove(w.Opener.Sealer.Ring.Path()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.begin(l, "mine", app.Rotation{}, 0); err == nil || !strings.Contains(err.Error(), "restore it from a backup") {
		t.Errorf("got %v", err)
	}
	if states := w.states(l); states != "current" {
		t.Errorf("the store has %s", states)
	}
	if _, err := keyring.Open(w.Opener.Sealer.Ring.Path()); err == nil {
		t.Error("another key ring was made")
	}
}

func TestSettleVersion(t *testing.T) {
	w := newWorld(t)
	l := w.line(app.ScopeProject, "TOKEN")
	w.set(l, "first value")
	if _, err := w.begin(l, "mine", app.Rotation{}, 0); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		current string
		revoke  []string
		states  string
	}{
		{"2", nil, "previous current"},
		{"1", []string{"2"}, "current revoked"},
		{"", []string{"2"}, "current revoked"},
	} {
		for range 2 { // each may be repeated
			if _, err := w.SettleVersion(t.Context(), activities.SettleVersionInput{Secret: l, Current: step.current, Revoke: step.revoke, By: "ann"}); err != nil {
				t.Fatal(err)
			}
			if states := w.states(l); states != step.states {
				t.Errorf("the store has %s, want %s", states, step.states)
			}
		}
	}
	// What somebody has set in the meantime stays.
	w.set(l, "third value")
	if _, err := w.SettleVersion(t.Context(), activities.SettleVersionInput{Secret: l, Current: "1", From: "2", By: "ann"}); err != nil {
		t.Fatal(err)
	}
	if states := w.states(l); states != "previous revoked current" {
		t.Errorf("the store has %s", states)
	}
	for name, in := range map[string]activities.SettleVersionInput{
		"a revoked one":        {Secret: l, Current: "2"},
		"the current one":      {Secret: l, Revoke: []string{"3"}},
		"no number":            {Secret: l, Current: "h12"},
		"no number to revoke":  {Secret: l, Revoke: []string{""}},
		"no number to be from": {Secret: l, Current: "1", From: "h12"},
		"no such version":      {Secret: l, Current: "9"},
		"no such secret":       {Secret: w.line(app.ScopeSite, "TOKEN"), Current: "1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.SettleVersion(t.Context(), in)
			refused(t, err, "TOKEN")
		})
	}
}
