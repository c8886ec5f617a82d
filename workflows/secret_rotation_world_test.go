package workflows_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/memory"
	"github.com/longshore-dev/longshore/workflows"
)

// rotationWorld is what a rotation changes, without anything behind it: the versions in the store, the credentials in
// databases, and what sites run. A site's run only succeeds with a credential that is good, as a health check would have
// it.
type rotationWorld struct {
	mu    sync.Mutex
	with  string
	users []string
	store map[int]app.VersionState
	// by is the rotation that has made a version.
	by map[int]string
	// userOf is the user of a version, of two that take turns: the place in users.
	userOf map[string]int
	sites  map[string]*secretSite
	// good are the versions whose credential a place lets in.
	good map[string]map[string]bool
	// runs are the answers to requests, by site and id.
	runs map[string]app.Result
	// effects are what was done, in its order; things that go on at once are sorted by the tests.
	effects []string
	// outages are sites that ran a version which was not good any more.
	outages map[string]bool
	// onRoll, where given, happens after a site was rolled.
	onRoll func(site, version string)
	// last is the site whose first run only begins when the others have ended; empty for none.
	last string
	// stopped is the site whose database does not run; empty for none.
	stopped string
	runsID  int
}

type secretSite struct {
	version string
	release int
	down    bool         // its hosts cannot be reached
	refuses *app.Failure // why it takes no run
	inPlace bool         // its apps read the secret again where they run
}

func newRotationWorld(with string, users ...string) *rotationWorld {
	w := &rotationWorld{
		with: with, users: users, store: map[int]app.VersionState{2: app.VersionPrevious, 3: app.VersionCurrent}, by: map[int]string{},
		sites:  map[string]*secretSite{"a": {version: "3", release: 7}, "b": {version: "3", release: 12}},
		userOf: map[string]int{"2": 1, "3": 0}, good: map[string]map[string]bool{}, runs: map[string]app.Result{}, outages: map[string]bool{},
	}
	for _, place := range []string{"db-a", "db-b", ""} {
		w.good[place] = map[string]bool{"3": true}
	}
	return w
}

func (w *rotationWorld) oneUser() bool { return len(w.users) == 1 }

func (w *rotationWorld) input() workflows.RotateSecretInput {
	settings := app.Rotation{With: w.with, Users: w.users, Soak: 10 * time.Minute}
	if len(w.users) > 0 {
		settings.Service = "db"
	}
	return workflows.RotateSecretInput{
		Secret:   app.SecretLine{Name: "PASSWORD", Scope: app.SecretScope{Kind: app.ScopeProject, Of: "acme/shop", Folder: "/secrets"}},
		Settings: settings, By: "tester",
	}
}

// rotate runs a rotation, and holds what it tells to what is found.
func (w *rotationWorld) rotate(t *testing.T, in workflows.RotateSecretInput, run *memory.Run) app.RotationResult {
	t.Helper()
	result := w.rotateOnly(t, in, run)
	w.holds(t, in, result)
	return result
}

// rotateOnly runs a rotation.
func (w *rotationWorld) rotateOnly(t *testing.T, in workflows.RotateSecretInput, run *memory.Run) app.RotationResult {
	t.Helper()
	w.runsID++
	run.ID = cmp.Or(run.ID, "run-"+strconv.Itoa(w.runsID))
	var result app.RotationResult
	run.World, run.Activities, run.Result = memory.New(), w.register, &result
	run.Do(t, workflows.RotateSecret, in)
	return result
}

func (w *rotationWorld) register(r activities.Registry) {
	activities.FindConsumers.Register(r, w.find)
	activities.BeginVersion.Register(r, w.begin)
	activities.SettleVersion.Register(r, w.settle)
	activities.AddCredential.Register(r, w.add)
	activities.TestCredential.Register(r, w.test)
	activities.RevokeCredential.Register(r, w.revoke)
	activities.RotateSite.Register(r, w.roll)
	activities.ResolveSecrets.Register(r, w.resolve)
}

func (w *rotationWorld) did(format string, args ...any) {
	w.effects = append(w.effects, fmt.Sprintf(format, args...))
}

func siteNamed(name string) app.Site { return app.Site{Org: "acme", Project: "shop", Name: name} }

func (w *rotationWorld) find(ctx context.Context, in activities.FindConsumersInput) ([]activities.Consumer, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	out := []activities.Consumer{}
	for _, name := range slices.Sorted(maps.Keys(w.sites)) {
		s := w.sites[name]
		host := app.Host{Name: "db-" + name, Address: "db-" + name}
		c := activities.Consumer{RotationSite: activities.RotationSite{Site: siteNamed(name), Hosts: []app.Host{host}, Approve: &app.Approve{}}}
		if s.down && !in.Partly {
			return nil, activities.Fail(app.Failure{Kind: app.KindUnreachable, Host: host.Name, Message: host.Name + " does not answer"}, nil)
		}
		if s.down {
			c.Unasked = []string{host.Name}
			out = append(out, c)
			continue
		}
		c.InPlace = s.inPlace
		c.Release, c.Version, c.Services = strconv.Itoa(s.release)+"-abc", s.version, []string{"web"}
		c.Runs = []activities.SecretUser{
			{Host: host.Name, Service: "web", Container: "web-1", Version: s.version, Live: true},
			{Host: host.Name, Service: "web", Container: "web-0", Version: "2"}, // on its way out
		}
		if in.Service != "" {
			if c.HasService = true; name != w.stopped {
				c.ServiceHost = host.Name
			}
			c.Admin = &app.Secret{Name: in.Admin, Source: app.SecretSource{From: app.FromEnv, Variable: "ADMIN"}}
		}
		out = append(out, c)
	}
	return out, nil
}

func (w *rotationWorld) begin(ctx context.Context, in activities.BeginVersionInput) (activities.Rotating, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		return activities.Rotating{}, ctx.Err()
	}
	made := in.Given
	for _, v := range slices.Sorted(maps.Keys(w.store)) {
		switch {
		case w.by[v] == in.Rotation:
			made = v
		case w.store[v] == app.VersionPending && v != in.Given:
			w.store[v] = app.VersionRevoked
			w.did("drop %d", v)
		}
	}
	if made == 0 {
		made = slices.Max(slices.Collect(maps.Keys(w.store))) + 1
		w.store[made] = app.VersionPending
		w.did("make %d", made)
	}
	w.by[made] = in.Rotation
	secret := func(v int) app.Secret {
		return app.Secret{Name: in.Secret.Name, Version: strconv.Itoa(v), Scope: in.Secret.Scope.Kind, Sealed: "sealed " + strconv.Itoa(v)}
	}
	if w.store[made] == app.VersionRevoked || w.store[made] == app.VersionPrevious {
		return activities.Rotating{}, activities.Fail(app.Failure{Kind: app.KindSecret, Message: "this rotation was taken back"}, nil)
	}
	old := w.current()
	if old == made {
		old = made - 1
	}
	if _, known := w.userOf[strconv.Itoa(made)]; !known {
		w.userOf[strconv.Itoa(made)] = 1 - w.userOf[strconv.Itoa(old)]
	}
	out := activities.Rotating{Old: secret(old), New: secret(made), OldRevoked: w.store[old] == app.VersionRevoked}
	if len(w.users) > 0 {
		out.OldUser, out.NewUser = w.users[0], w.users[len(w.users)-1]
	}
	return out, nil
}

// current is the version that the store has as such. There is one at any time.
func (w *rotationWorld) current() int {
	for v, state := range w.store {
		if state == app.VersionCurrent {
			return v
		}
	}
	panic("no version is current")
}

func (w *rotationWorld) settle(ctx context.Context, in activities.SettleVersionInput) (activities.Nothing, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		return activities.Nothing{}, ctx.Err()
	}
	if in.Current != "" {
		v, _ := strconv.Atoi(in.Current)
		if w.store[v] == app.VersionRevoked {
			return activities.Nothing{}, activities.Fail(app.Failure{Kind: app.KindSecret, Message: "version " + in.Current + " is revoked"}, nil)
		}
		if in.From == "" || in.From == strconv.Itoa(w.current()) {
			w.store[w.current()] = app.VersionPrevious
			w.store[v] = app.VersionCurrent
		}
		w.did("current %s", in.Current)
	}
	for _, text := range in.Revoke {
		v, _ := strconv.Atoi(text)
		w.store[v] = app.VersionRevoked
		w.did("revoke %s", text)
	}
	return activities.Nothing{}, nil
}

func (w *rotationWorld) resolve(_ context.Context, in activities.SecretsInput) (activities.SecretsResult, error) {
	for i := range in.Secrets {
		in.Secrets[i].Sealed = "sealed " + in.Secrets[i].Source.Variable + " of " + in.Site.Name
	}
	return activities.SecretsResult{Secrets: in.Secrets}, nil
}

// turned are the version that a call brings, and the other.
func turned(in activities.CredentialInput) (brings, ends string) {
	if in.Takeback {
		return in.Old.Version, in.New.Version
	}
	return in.New.Version, in.Old.Version
}

func (w *rotationWorld) add(ctx context.Context, in activities.CredentialInput) (activities.Nothing, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		return activities.Nothing{}, ctx.Err()
	}
	brings, ends := turned(in)
	if w.oneUser() {
		delete(w.good[in.Host.Name], ends)
	}
	w.turn(in.Host.Name, brings)
	w.good[in.Host.Name][brings] = true
	w.did("add %s at %s", brings, cmp.Or(in.Host.Name, "the worker"))
	return activities.Nothing{}, nil
}

// turn ends the other versions of the user whose turn it is.
func (w *rotationWorld) turn(place, brings string) {
	if len(w.users) < 2 {
		return
	}
	for version, user := range w.userOf {
		if version == brings || user != w.userOf[brings] {
			continue
		}
		delete(w.good[place], version)
		for name, s := range w.sites {
			if s.version == version && w.placeOf(name) == place {
				w.outages[name] = true
			}
		}
	}
}

func (w *rotationWorld) test(ctx context.Context, in activities.CredentialInput) (activities.Nothing, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		return activities.Nothing{}, ctx.Err()
	}
	brings, _ := turned(in)
	w.did("test %s at %s", brings, cmp.Or(in.Host.Name, "the worker"))
	if !w.good[in.Host.Name][brings] {
		return activities.Nothing{}, activities.Fail(app.Failure{Kind: app.KindCredential, Message: "refused"}, nil)
	}
	return activities.Nothing{}, nil
}

func (w *rotationWorld) revoke(ctx context.Context, in activities.CredentialInput) (activities.Nothing, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		return activities.Nothing{}, ctx.Err()
	}
	_, ends := turned(in)
	delete(w.good[in.Host.Name], ends)
	w.did("end %s at %s", ends, cmp.Or(in.Host.Name, "the worker"))
	for name, s := range w.sites {
		if s.version == ends && w.placeOf(name) == in.Host.Name {
			w.outages[name] = true
		}
	}
	return activities.Nothing{}, nil
}

// placeOf is where a site's credential is good.
func (w *rotationWorld) placeOf(site string) string {
	if len(w.users) == 0 {
		return ""
	}
	return "db-" + site
}

// works says whether a site has a version that is good.
func (w *rotationWorld) works(site, version string) bool {
	return !w.hasCredential() || w.good[w.placeOf(site)][version]
}

func (w *rotationWorld) hasCredential() bool {
	return w.with != app.WithValue && w.with != app.WithGiven
}

// othersRolled waits until all sites but one have a version.
func (w *rotationWorld) othersRolled(ctx context.Context, site, version string) {
	for ctx.Err() == nil {
		w.mu.Lock()
		waits := false
		for name, s := range w.sites {
			waits = waits || (name != site && s.version != version)
		}
		w.mu.Unlock()
		if !waits {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func (w *rotationWorld) roll(ctx context.Context, in activities.RotateSiteInput) (app.Result, error) {
	if in.Site.Name == w.last && in.Secrets[0].Version != "3" {
		w.othersRolled(ctx, w.last, in.Secrets[0].Version)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	name, to := in.Site.Name, in.Secrets[0].Version
	key := name + " " + in.Request
	if done, ok := w.runs[key]; ok {
		return done, nil
	}
	s := w.sites[name]
	result := app.Result{Outcome: app.FailedClean, Kind: app.RunRotate, Site: in.Site.String()}
	switch {
	case ctx.Err() != nil:
		result.Outcome = app.Cancelled
	case s.refuses != nil && !in.BreakFreeze:
		result.Outcome, result.Failure = app.Refused, s.refuses
	case s.down:
		result.Failure = &app.Failure{Kind: app.KindUnreachable, Message: name + " does not answer"}
	case !w.works(name, to):
		result.Failure = &app.Failure{Kind: app.KindUnhealthy, Message: name + " cannot log in with version " + to}
	case s.version == to:
		result.Outcome, result.Release = app.Unchanged, strconv.Itoa(s.release)+"-abc"
	default:
		s.version, s.release = to, s.release+1
		result.Outcome, result.Release = app.Succeeded, strconv.Itoa(s.release)+"-abc"
		w.did("roll %s to %s", name, to)
		if w.onRoll != nil {
			w.onRoll(name, to)
		}
	}
	w.runs[key] = result
	return result, nil
}
