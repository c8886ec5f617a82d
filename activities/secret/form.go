package secret

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
	value "github.com/longshore-dev/longshore/internal/secret"
)

// The parts of a template.
const (
	userPart     = "{user}"
	passwordPart = "{password}"
)

// form is how a rotation makes a value, and takes one apart.
type form struct {
	template string
	// users are the database's, in turn; nil for a way without.
	users []string
}

// formOf reads the settings of a rotation. What they lack for their way is refused.
func formOf(settings app.Rotation) (form, error) {
	f := form{template: settings.Template}
	if f.template == "" {
		f.template = passwordPart
	}
	withUsers := settings.With == app.WithPostgres || settings.With == app.WithMySQL
	hasUser := strings.Contains(f.template, userPart)
	var wrong string
	switch {
	case !strings.Contains(f.template, passwordPart):
		wrong = "rotate.template needs " + passwordPart
	case withUsers && len(settings.Users) == 0:
		wrong = "rotate.users needs the database's user, or two that are used in turn"
	case withUsers && len(settings.Users) > 1 && !hasUser:
		wrong = "rotate.template needs " + userPart + ": with users in turn, the application has to be told which"
	case !withUsers && hasUser:
		wrong = "rotate.template has " + userPart + ", and the way to rotate has no users"
	case len(settings.Make) > 0 && settings.With != app.WithCommand:
		wrong = "rotate.make goes with the way \"command\" alone"
	case len(settings.Make) > 0 && settings.Service != "":
		wrong = "rotate.make runs on the worker, and not with rotate.service"
	}
	if wrong != "" {
		return form{}, refuse("Change the secret's settings in longshore.yml.", "%s", wrong)
	}
	if withUsers {
		f.users = settings.Users
	}
	return f, nil
}

// next is the user whose turn comes after another's; empty for a way without users.
func (f form) next(user string) string {
	if f.users == nil {
		return ""
	}
	return f.users[(slices.Index(f.users, user)+1)%len(f.users)]
}

// render makes a value.
func (f form) render(user string, password value.String) value.String {
	return value.New(strings.NewReplacer(userPart, f.escape(user), passwordPart, f.escape(password.Reveal())).Replace(f.template))
}

// parse finds the user and the password in a value, which may be one that a person has written.
func (f form) parse(v value.String) (user string, password value.String, err error) {
	text := strings.TrimRight(v.Reveal(), "\r\n")
	for _, user := range f.users {
		if password, ok := f.passwordIn(text, user); ok {
			return user, value.New(password), nil
		}
	}
	return "", value.String{}, fmt.Errorf("its value has not the form %q with the user %s", f.template, strings.Join(f.users, " or "))
}

// passwordIn is the password in a value that is of the form with the user.
func (f form) passwordIn(text, user string) (password string, ok bool) {
	quoted := regexp.QuoteMeta(user)
	if escaped := f.escape(user); escaped != user {
		quoted = "(?:" + quoted + "|" + regexp.QuoteMeta(escaped) + ")"
	}
	pattern := strings.NewReplacer(regexp.QuoteMeta(userPart), quoted, regexp.QuoteMeta(passwordPart), "(.+)").Replace(regexp.QuoteMeta(f.template))
	found := regexp.MustCompile(`(?s)\A` + pattern + `\z`).FindStringSubmatch(text)
	if found == nil || slices.ContainsFunc(found[1:], func(other string) bool { return other != found[1] }) {
		return "", false
	}
	return f.unescape(found[1]), true
}

// follows says why a version cannot come after another.
func (f form) follows(old, next version) error {
	switch {
	case old.value.Reveal() == next.value.Reveal():
		return refuse("Supply another value.", "version %d of the secret has the same value as version %d", next.Number, old.Number)
	case len(f.users) > 1 && old.user == next.user:
		return refuse("Supply a value with the user "+f.next(old.user)+".",
			"version %d of the secret has the user %s, as version %d has: with users in turn, the new one has another", next.Number, next.user, old.Number)
	default:
		return nil
	}
}

// escape writes a part as the template has it: in a URL, all but letters, digits and -._~ is percent-encoded.
func (f form) escape(part string) string {
	if !f.url() {
		return part
	}
	return strings.ReplaceAll(url.QueryEscape(part), "+", "%20")
}

// unescape is the way back. What is not percent-encoded, as people write it, is taken as it is.
func (f form) unescape(part string) string {
	if plain, err := url.PathUnescape(part); f.url() && err == nil {
		return plain
	}
	return part
}

func (f form) url() bool { return strings.Contains(f.template, "://") }
