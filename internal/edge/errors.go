package edge

import (
	"errors"
	"net/http"

	"github.com/longshore-dev/longshore/internal/edge/tables"
)

// The errors that callers tell apart, with errors.Is. A conflict is a *ConflictError instead.
var (
	// ErrInvalid is a call that no retry can mend.
	ErrInvalid = tables.ErrInvalid
	// ErrFenced is a change by a run that a newer one has overtaken.
	ErrFenced = tables.ErrFenced
	// ErrLive is the drop of a release that is live.
	ErrLive = errors.New("the release is live")
	// ErrSuperseded is a change sent to an edge that a newer one has taken over from; a retry reaches the newer one.
	ErrSuperseded = errors.New("a newer edge has taken over")
	// ErrNoCanary is a table whose live release the edge serves, and whose canary it does not know how to.
	ErrNoCanary = errors.New("the host's edge is of a version that knows no canaries: another worker has put it in the place of this one's")
)

// ConflictError is a route that another site has.
type ConflictError = tables.ConflictError

// failureOf turns an error of a change into its answer.
func failureOf(err error) (status int, f Failure) {
	f.Message = err.Error()
	var conflict *ConflictError
	switch {
	case errors.As(err, &conflict):
		f.Code, f.Owner, f.Host, f.Path = CodeConflict, conflict.Owner, conflict.Host, conflict.Path
		return http.StatusConflict, f
	case errors.Is(err, ErrFenced):
		f.Code = CodeFenced
		return http.StatusConflict, f
	case errors.Is(err, ErrLive):
		f.Code = CodeLive
		return http.StatusConflict, f
	case errors.Is(err, ErrInvalid):
		f.Code = CodeInvalid
		return http.StatusUnprocessableEntity, f
	case errors.Is(err, ErrSuperseded):
		f.Code = CodeSuperseded
		return http.StatusServiceUnavailable, f
	}
	f.Code = CodeInternal
	return http.StatusInternalServerError, f
}

// refusal is a failure as the client returns it: the edge's own words, and the error to tell it by.
type refusal struct {
	message string
	kind    error
}

func (r *refusal) Error() string { return r.message }
func (r *refusal) Unwrap() error { return r.kind }

// err turns a failure back into the error that it was made of.
func (f Failure) err() error {
	kinds := map[string]error{CodeInvalid: ErrInvalid, CodeFenced: ErrFenced, CodeLive: ErrLive, CodeSuperseded: ErrSuperseded}
	if f.Code == CodeConflict {
		return &ConflictError{Host: f.Host, Path: f.Path, Owner: f.Owner}
	}
	if kind, ok := kinds[f.Code]; ok {
		return &refusal{message: f.Message, kind: kind}
	}
	return errors.New(f.Message)
}
