package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
)

// rotationKeys are the ways to rotate that each key has a meaning for. A soak is for all.
func rotationKeys() map[string][]string {
	made := []string{app.WithValue, app.WithPostgres, app.WithMySQL, app.WithCommand}
	database := []string{app.WithPostgres, app.WithMySQL}
	command := []string{app.WithCommand}
	return map[string][]string{
		"length": made, "alphabet": made, "exclude": made, "template": made,
		"service": {app.WithPostgres, app.WithMySQL, app.WithCommand},
		"users":   database, "database": database, "admin": database, "admin_password": database,
		"role": {app.WithPostgres},
		"make": command, "add": command, "test": command, "revoke": command,
	}
}

// readRotation reads how a secret is rotated; nil where that is no mapping.
func readRotation(f *fields, name string) *app.Rotation {
	if f.values == nil {
		return nil
	}
	out := app.Rotation{
		With:          cmp.Or(f.oneOf("with", app.WithValue, app.WithPostgres, app.WithMySQL, app.WithCommand, app.WithGiven), app.WithValue),
		Policy:        app.SecretPolicy{Alphabet: f.text("alphabet"), Exclude: f.text("exclude")},
		Soak:          orDefault(f.duration("soak"), app.DefaultSoak),
		Service:       f.text("service"),
		Users:         f.texts("users"),
		Role:          f.text("role"),
		Database:      f.text("database"),
		Admin:         f.text("admin"),
		AdminPassword: f.text("admin_password"),
		Template:      f.text("template"),
	}
	out.Policy.Length, _ = f.number("length", 1, maxSecretLength)
	for key, command := range map[string]*[]string{"make": &out.Make, "add": &out.Add, "test": &out.Test, "revoke": &out.Revoke} {
		*command = f.command(key, `["/opt/acme/rotate", "`+key+`"]`)
	}
	f.done()
	if f.report.has(f.path) {
		return &out // what does not go together is told once each part is right
	}
	c := rotationCheck{fields: f, rotation: out}
	c.meaning()
	c.users()
	c.template()
	c.steps()
	if err := secret.CheckPolicy(out.Policy); err != nil {
		f.report.add(f.path.with(c.written("length", "alphabet", "exclude")), err.Error(), "")
	}
	if out.AdminPassword != "" {
		f.report.checkSecretName(f.path.with("admin_password"), out.AdminPassword)
		if out.AdminPassword == name {
			f.report.add(f.path.with("admin_password"), "is the secret that is rotated", "name the secret of another user, who may change this one")
		}
	}
	return &out
}

// maxSecretLength keeps a length within what a value may be; secret.CheckPolicy says the rest.
const maxSecretLength = 1024

// rotationCheck holds the parts of a rotation to each other.
type rotationCheck struct {
	*fields
	rotation app.Rotation
}

// written is the first of the keys that the file has.
func (c rotationCheck) written(keys ...string) string {
	for _, key := range keys {
		if _, ok := c.values[key]; ok {
			return key
		}
	}
	return keys[0]
}

func (c rotationCheck) problem(key, message, advice string) {
	c.report.add(c.path.with(key), message, advice)
}

// meaning refuses what would have no effect.
func (c rotationCheck) meaning() {
	ways := rotationKeys()
	for _, key := range slices.Sorted(maps.Keys(ways)) {
		if _, ok := c.get(key); ok && !slices.Contains(ways[key], c.rotation.With) {
			c.problem(key, "has no meaning for a rotation with: "+c.rotation.With, "it belongs to with: "+strings.Join(ways[key], ", "))
		}
	}
	if len(c.rotation.Make) == 0 || c.rotation.With != app.WithCommand {
		return
	}
	if c.rotation.Service != "" {
		c.problem("make", "runs on the worker, and the other steps in the service "+c.rotation.Service, "remove one of them")
	}
	for _, key := range []string{"length", "alphabet", "exclude", "template"} {
		if _, ok := c.get(key); ok {
			c.problem(key, "has no effect: make prints the whole value", "remove one of them")
		}
	}
}

// users are those of a database.
func (c rotationCheck) users() {
	with, users := c.rotation.With, c.rotation.Users
	if with != app.WithPostgres && with != app.WithMySQL {
		return
	}
	if c.rotation.Service == "" {
		c.report.add(c.path, "the rotation does not say which service runs the database", "add service")
	}
	admin := cmp.Or(c.rotation.Admin, "postgres")
	if with == app.WithMySQL {
		admin = cmp.Or(c.rotation.Admin, "root")
	}
	switch {
	case len(users) == 0:
		c.report.add(c.path, "the rotation names no user", "add users: two that are used in turn, or one whose password is changed, with a gap")
	case len(users) > 2:
		c.problem("users", fmt.Sprintf("are %d: there are two that are used in turn, or one", len(users)), "")
	case slices.Contains(users, ""):
		c.problem("users", "has an empty name", "")
	case len(users) == 2 && users[0] == users[1]:
		c.problem("users", "names "+users[0]+" twice", "name two, or one whose password is changed, with a gap")
	case len(users) == 2 && slices.Contains(users, admin):
		c.problem("users", admin+" is the admin, who would be shut out in turn", "name users of the application, or another admin")
	}
}

// template holds the form of the value to what there is to fill in.
func (c rotationCheck) template() {
	const user, password = "{user}", "{password}"
	template, users := c.rotation.Template, len(c.rotation.Users)
	switch {
	case template == "" && users == 2:
		c.report.add(c.path, "the value does not say which of the two users it is of",
			`add template, such as "postgres://{user}:{password}@db/shop"`)
	case template == "":
	case !strings.Contains(template, password):
		c.problem("template", "lacks "+password, "")
	case users == 2 && !strings.Contains(template, user):
		c.problem("template", "lacks "+user+": the value does not say which of the two users it is of", "")
	case users == 0 && strings.Contains(template, user):
		c.problem("template", "has "+user+", and the rotation has no users", "write the name itself")
	}
}

// steps are the user's own.
func (c rotationCheck) steps() {
	r := c.rotation
	if r.With == app.WithCommand && len(r.Add)+len(r.Test)+len(r.Revoke) == 0 {
		c.report.add(c.path, "the rotation has no step", "add one of add, test and revoke, or use with: value")
	}
}

// checkServices looks for the services that rotations run in. Where sites have compose files of their own, another one
// may define a service that this one lacks.
func (r *resolved) checkServices(c *compose) Problems {
	for _, s := range r.file.sites {
		if s.compose != nil {
			return nil
		}
	}
	var out Problems
	entries := r.secretEntries()
	known := append(sortedKeys(c.project.Services), sortedKeys(c.project.DisabledServices)...)
	for _, name := range sortedKeys(entries) {
		rotation := entries[name].rotation
		if rotation == nil || rotation.Service == "" || slices.Contains(known, rotation.Service) {
			continue
		}
		out = append(out, r.problem(entries[name].path.with("rotate", "service"),
			fmt.Sprintf("there is no service %q", rotation.Service), didYouMean(rotation.Service, known)))
	}
	return out
}
