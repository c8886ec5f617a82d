package secret

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/store"
)

// problem is why one secret has no value.
type problem struct {
	secret app.Secret
	err    error
}

// fail makes one failure of all problems; nil of none. It names every secret and who wants it.
func fail(wants map[string][]string, problems []problem) error {
	if len(problems) == 0 {
		return nil
	}
	var missing, set []string
	var broken reasons
	lasting := false
	for _, p := range problems {
		name := p.secret.Name
		if by := wants[name]; len(by) > 0 {
			name += ", wanted by " + strings.Join(by, " and ") + ","
		}
		var absent *store.NotFoundError
		if errors.As(p.err, &absent) {
			missing = append(missing, name+" is not in "+cmp.Or(strings.Join(absent.Where, ", nor in "), "the file store"))
			if p.secret.Source.From == app.FromStore {
				set = append(set, "longshore secret set "+p.secret.Name)
			}
		} else {
			broken.add(name, p.err)
		}
		lasting = lasting || lasts(p.err)
	}
	f := app.Failure{Kind: app.KindSecret, Advice: adviceFor(set, len(missing))}
	switch {
	case len(missing) == 1:
		missing[0] = "a secret is missing: " + missing[0]
	case len(missing) > 1:
		missing[0] = fmt.Sprintf("%d secrets are missing: %s", len(missing), missing[0])
	}
	f.Message = strings.Join(slices.Concat(missing, broken.texts()), "; ")
	return failure(f, lasting)
}

// reasons are why secrets cannot be read. What is wrong with this machine's identities is wrong for many at once, and is
// told once.
type reasons []reason

type reason struct {
	names []string
	err   error
}

func (r *reasons) add(name string, err error) {
	for i := range *r {
		if sameReason((*r)[i].err, err) {
			(*r)[i].names = append((*r)[i].names, name)
			return
		}
	}
	*r = append(*r, reason{[]string{name}, err})
}

func sameReason(a, b error) bool {
	var identityA, identityB *store.NoIdentityError
	if errors.As(a, &identityA) && errors.As(b, &identityB) {
		return true
	}
	return a.Error() == b.Error()
}

func (r reasons) texts() []string {
	var out []string
	for _, one := range r {
		out = append(out, fmt.Sprintf("%s cannot be read: %v", strings.Join(one.names, " and "), one.err))
	}
	return out
}

// adviceFor is what to do about secrets that are missing; the errors of the store say themselves what to do.
func adviceFor(set []string, missing int) string {
	var advice []string
	if len(set) > 0 {
		advice = append(advice, "Set what is missing: "+strings.Join(set, ", ")+".")
	}
	if missing > len(set) {
		advice = append(advice, "Put what is missing where the files say that it comes from, on the machine of the worker.")
	}
	return strings.Join(advice, " ")
}

// failed makes a failure of an error of the store while versions are made or settled; nil stays nil.
func failed(err error) error {
	var classed *temporal.ApplicationError
	switch {
	case errors.As(err, &classed):
		return classed
	case err == nil || errors.Is(err, context.Canceled):
		return err
	}
	return failure(app.Failure{Kind: app.KindSecret, Message: err.Error()}, lasts(err))
}

// refuse makes the failure of a request that cannot be met.
func refuse(advice, format string, a ...any) error {
	return failure(app.Failure{Kind: app.KindSecret, Message: fmt.Sprintf(format, a...), Advice: advice}, true)
}

// failure makes an activity's error, which is tried again unless it lasts.
func failure(f app.Failure, lasts bool) error {
	if lasts {
		return activities.Fail(f, nil)
	}
	return temporal.NewApplicationErrorWithOptions(f.Message, f.Kind, temporal.ApplicationErrorOptions{Details: []any{f}})
}

// lasts says whether a retry cannot mend an error: the store has said what is wrong. A program, a network or a disk may
// do better the next time.
func lasts(err error) bool {
	var (
		absent     *store.NotFoundError
		identity   *store.NoIdentityError
		tampered   *store.TamperedError
		state      *store.StateError
		keys       *store.KeysError
		recipients *store.RecipientsError
	)
	return errors.As(err, &absent) || errors.As(err, &identity) || errors.As(err, &tampered) ||
		errors.As(err, &state) || errors.As(err, &keys) || errors.As(err, &recipients)
}
