package masking

import (
	"encoding/json"
	"reflect"
	"slices"

	"go.temporal.io/sdk/temporal"

	"github.com/longshore-dev/longshore/internal/app"
)

// Error is an error whose text, failure and causes show no value that the masker knows. It is of the same class to the
// engine, and errors.Is and errors.As find in it what they find in err, but for errors that would show a value. One that
// shows none is answered as it is; nil stays nil.
func Error(m Masker, err error) error {
	masked, _ := maskError(m, err)
	return masked
}

// maskError says as well whether anything was masked.
func maskError(m Masker, err error) (masked error, changed bool) {
	if err == nil {
		return nil, false
	}
	if application, ok := err.(*temporal.ApplicationError); ok { // what is wrapped is reached by its cause
		return maskApplication(m, application)
	}
	causes, changed := maskCauses(m, err)
	text := m.Mask(err.Error())
	if !changed && text == err.Error() {
		return err, false
	}
	switch len(causes) {
	case 0:
		return &wrapped{text, nil}, true
	case 1:
		return &wrapped{text, causes[0]}, true
	default:
		return &joined{text, causes}, true
	}
}

func maskCauses(m Masker, err error) (causes []error, changed bool) {
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if cause := e.Unwrap(); cause != nil {
			causes = []error{cause}
		}
	case interface{ Unwrap() []error }:
		causes = slices.Clone(e.Unwrap())
	}
	for i, cause := range causes {
		masked, differs := maskError(m, cause)
		causes[i], changed = masked, changed || differs
	}
	return causes, changed
}

func maskApplication(m Masker, e *temporal.ApplicationError) (masked error, changed bool) {
	cause, causeChanged := maskError(m, e.Unwrap())
	details, detailsChanged := maskDetails(m, e)
	message := m.Mask(e.Message())
	if !causeChanged && !detailsChanged && message == e.Message() {
		return e, false
	}
	return temporal.NewApplicationErrorWithOptions(message, e.Type(), temporal.ApplicationErrorOptions{
		NonRetryable: e.NonRetryable(), Cause: cause, Details: details,
		NextRetryDelay: e.NextRetryDelay(), Category: e.Category(),
	}), true
}

// maskDetails masks the failure that an error of the contract carries. A detail of any other kind, also one that came from
// the engine, is kept whole, or left out where it shows a value.
func maskDetails(m Masker, e *temporal.ApplicationError) (details []any, changed bool) {
	if !e.HasDetails() {
		return nil, false
	}
	var detail any // the SDK panics for a local error's detail of another type
	if e.Details(&detail) != nil {
		return nil, true
	}
	if f, ok := detail.(app.Failure); ok {
		masked := Failure(m, f)
		return []any{masked}, !reflect.DeepEqual(masked, f)
	}
	if shows(m, detail) {
		return nil, true
	}
	return []any{detail}, false
}

// Failure masks what a failure tells in others' words.
func Failure(m Masker, f app.Failure) app.Failure {
	f.Message, f.Advice = m.Mask(f.Message), m.Mask(f.Advice)
	f.Logs, f.Left = maskLines(m, f.Logs), maskLines(m, f.Left)
	return f
}

func maskLines(m Masker, lines []string) []string {
	masked := slices.Clone(lines)
	for i, line := range masked {
		masked[i] = m.Mask(line)
	}
	return masked
}

// shows says whether a value that the masker knows is anywhere in v.
func shows(m Masker, v any) bool {
	text, err := json.Marshal(v)
	return err != nil || m.Mask(string(text)) != string(text)
}

// wrapped stands for an error with one cause or none.
type wrapped struct {
	text  string
	cause error
}

func (w *wrapped) Error() string { return w.text }
func (w *wrapped) Unwrap() error { return w.cause }

// joined stands for an error with several causes.
type joined struct {
	text   string
	causes []error
}

func (j *joined) Error() string   { return j.text }
func (j *joined) Unwrap() []error { return j.causes }
