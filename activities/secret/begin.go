package secret

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	value "github.com/longshore-dev/longshore/internal/secret"
	"github.com/longshore-dev/longshore/internal/store"
)

// BeginVersion implements activities.BeginVersion. All that can be refused is refused before the store is changed, by the
// one write that adds the version; a repeat finds what it has written.
func (a Activities) BeginVersion(ctx context.Context, in activities.BeginVersionInput) (activities.Rotating, error) {
	out, err := a.begin(ctx, in)
	return out, failed(err)
}

func (a Activities) begin(ctx context.Context, in activities.BeginVersionInput) (activities.Rotating, error) {
	var none activities.Rotating
	folder := a.folder(in.Secret.Scope)
	record, err := folder.Read(in.Secret.Name)
	var absent *store.NotFoundError
	if errors.As(err, &absent) {
		return none, refuse("Set it first: longshore secret set "+in.Secret.Name+". A secret that comes from elsewhere is rotated there, and brought in by a deploy.",
			"there is nothing to rotate: %s is not in the file store", in.Secret)
	}
	if err != nil {
		return none, err
	}
	made, err := madeBy(record, in)
	if err != nil {
		return none, err
	}
	before, err := replacedBy(record, made)
	if err != nil {
		return none, err
	}
	form, err := formOf(in.Settings)
	if err != nil {
		return none, err
	}
	old, err := a.open(folder, record.Name, before.Number, form)
	if err != nil {
		return none, err
	}
	// It needs the key ring, which may be lost.
	var out activities.Rotating
	if out.Old, out.OldPassword, err = a.pin(in.Secret, old); err != nil {
		return none, err
	}
	if made.Number == 0 {
		if made, err = a.make(ctx, folder, in, form, old.user); err != nil {
			return none, err
		}
	}
	next, err := a.open(folder, record.Name, made.Number, form)
	if err != nil {
		return none, err
	}
	if err := form.follows(old, next); err != nil {
		return none, err
	}
	out.OldUser, out.NewUser, out.OldRevoked = old.user, next.user, before.State == app.VersionRevoked
	if out.New, out.NewPassword, err = a.pin(in.Secret, next); err != nil {
		return none, err
	}
	return out, nil
}

// madeBy finds the version that a rotation goes to, among those that are there: the one that a person has supplied, or the
// one that an earlier attempt has made. Zero where it is still to be made.
func madeBy(record store.Record, in activities.BeginVersionInput) (store.Version, error) {
	var made store.Version
	if in.Given != 0 {
		var ok bool
		if made, ok = record.Version(in.Given); !ok {
			return made, refuse("See the versions: longshore secret history "+record.Name+".", "%s has no version %d", in.Secret, in.Given)
		}
	} else if i := slices.IndexFunc(record.Versions, func(v store.Version) bool { return v.Rotation == in.Rotation }); i >= 0 {
		made = record.Versions[i]
	}
	if made.State == app.VersionPrevious || made.State == app.VersionRevoked {
		return made, refuse("Begin another rotation: longshore secret rotate "+record.Name+".",
			"version %d of %s is %s by now: this rotation was taken back or overtaken", made.Number, in.Secret, made.State)
	}
	return made, nil
}

// replacedBy finds the version that a new one takes the place of: the current one, or where the new one is current already,
// in a rotation that was reset to its beginning, the one that made room for it.
func replacedBy(record store.Record, made store.Version) (store.Version, error) {
	if made.State != app.VersionCurrent {
		current, ok := record.Version(0)
		if !ok {
			return current, refuse("Set it first: longshore secret set "+record.Name+".", "%s %s has no current version to rotate from", record.Scope, record.Name)
		}
		return current, nil
	}
	for _, v := range slices.Backward(record.Versions) {
		if v.Number != made.Number && madeRoom(v, made) {
			return v, nil
		}
	}
	return store.Version{}, refuse("Begin a rotation from it: longshore secret rotate "+record.Name+".",
		"version %d of %s %s is the current one already", made.Number, record.Scope, record.Name)
}

// madeRoom says whether a version ceased to be current by the act that made another so: both have the same words in the
// store.
func madeRoom(v, current store.Version) bool {
	return slices.ContainsFunc(v.Changes, func(left store.Change) bool {
		return left.State != app.VersionCurrent && slices.ContainsFunc(current.Changes, func(came store.Change) bool {
			return came.State == app.VersionCurrent && came.At.Equal(left.At) && came.By == left.By && came.Why == left.Why
		})
	})
}

// version is a version with what is in it.
type version struct {
	store.Version
	value    value.String
	user     string // empty for a way without users
	password value.String
}

// open reads a version and takes it apart.
func (a Activities) open(folder store.Folder, name string, number int, f form) (version, error) {
	text, meta, err := folder.Value(name, number)
	if err != nil {
		return version{}, err
	}
	a.Opener.Masker.Learn(text)
	v := version{Version: meta, value: text}
	if f.users == nil {
		return v, nil
	}
	if v.user, v.password, err = f.parse(text); err != nil {
		return version{}, refuse("Bring rotate.template and rotate.users of "+name+" in line with its value, or set it once in that form: longshore secret set "+name+".",
			"version %d of %s %s: %v", number, folder.Scope.Of, name, err)
	}
	return v, nil
}

// make adds the new version to the store.
func (a Activities) make(ctx context.Context, folder store.Folder, in activities.BeginVersionInput, f form, oldUser string) (store.Version, error) {
	text, err := a.newValue(ctx, in, f, oldUser)
	if err != nil {
		return store.Version{}, err
	}
	a.Opener.Masker.Learn(text)
	return folder.Add(in.Secret.Name, store.NewVersion{
		Value: text, State: app.VersionPending, By: in.By, Why: in.Why, Rotation: in.Rotation,
	})
}

func (a Activities) newValue(ctx context.Context, in activities.BeginVersionInput, f form, oldUser string) (value.String, error) {
	switch {
	case in.Settings.With == app.WithGiven:
		return value.String{}, refuse("", "%s is rotated to a value that a person supplies, and none was", in.Secret)
	case len(in.Settings.Make) > 0:
		return a.printed(ctx, in)
	}
	password, err := value.Generate(in.Settings.Policy)
	if err != nil {
		return value.String{}, refuse("Change rotate.length, rotate.alphabet or rotate.exclude.", "no value can be made for %s: %v", in.Secret, err)
	}
	return f.render(f.next(oldUser), password), nil
}

// printed is what the user's own step makes, on the worker.
func (a Activities) printed(ctx context.Context, in activities.BeginVersionInput) (value.String, error) {
	programs, ok := a.Finder.Sources[app.FromCommand]
	if !ok {
		return value.String{}, refuse("", "this worker runs no programs for secrets")
	}
	found, err := programs.Find(ctx, app.Secret{Name: in.Secret.Name, Source: app.SecretSource{From: app.FromCommand, Command: in.Settings.Make}})
	if err != nil {
		return value.String{}, fmt.Errorf("make a new value by rotate.make: %w", err)
	}
	return found.Value, nil
}

// pin answers a version as the steps of a rotation get it, with its password sealed too for a way with users.
func (a Activities) pin(line app.SecretLine, v version) (pinned app.Secret, password string, err error) {
	pinned = app.Secret{Name: line.Name, Version: strconv.Itoa(v.Number), Scope: line.Scope.Kind}
	if pinned.Sealed, err = a.seal(line.Name, v.value); err != nil || v.user == "" {
		return pinned, "", err
	}
	password, err = a.seal(line.Name, v.password)
	return pinned, password, err
}
