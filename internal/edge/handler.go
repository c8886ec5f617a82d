package edge

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/longshore-dev/longshore/internal/app"
)

// Server is what answers the API: the edge, or one in memory. Its methods mean what the client's do and fail with the
// errors of this package.
type Server interface {
	Status(ctx context.Context) (app.EdgeStatus, error)
	Put(ctx context.Context, table app.EdgeTable) (*app.EdgeTable, error)
	Delete(ctx context.Context, site string, fence int64) (*app.EdgeTable, error)
	Drop(ctx context.Context, site, release string) error
	Check(ctx context.Context, check app.EdgeCheck) (app.EdgeAnswer, error)
	Probe(ctx context.Context, probe app.EdgeProbe) (app.EdgeAnswer, error)
}

// bodyLimit bounds one request of the API, in bytes.
const bodyLimit = 16 << 20

// Handler serves the API.
func Handler(s Server) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+PathStatus, func(w http.ResponseWriter, r *http.Request) {
		status, err := s.Status(r.Context())
		Answer(w, status, err)
	})
	mux.HandleFunc("PUT "+PathSites, func(w http.ResponseWriter, r *http.Request) {
		read(w, r, func(table app.EdgeTable) (any, error) {
			previous, err := s.Put(r.Context(), table)
			change := Change{Previous: previous}
			if table.Canary != nil {
				change.Weight = table.Canary.Weight
			}
			return change, err
		})
	})
	mux.HandleFunc("DELETE "+PathSites, func(w http.ResponseWriter, r *http.Request) {
		fence, err := strconv.ParseInt(r.FormValue("fence"), 10, 64)
		if err != nil {
			Answer(w, nil, fmt.Errorf("%w: fence %q is not a number", ErrInvalid, r.FormValue("fence")))
			return
		}
		previous, err := s.Delete(r.Context(), r.FormValue("site"), fence)
		Answer(w, Change{Previous: previous}, err)
	})
	mux.HandleFunc("DELETE "+PathReleases, func(w http.ResponseWriter, r *http.Request) {
		Answer(w, nil, s.Drop(r.Context(), r.FormValue("site"), r.FormValue("release")))
	})
	mux.HandleFunc("POST "+PathCheck, func(w http.ResponseWriter, r *http.Request) {
		read(w, r, func(check app.EdgeCheck) (any, error) { return s.Check(r.Context(), check) })
	})
	mux.HandleFunc("POST "+PathProbe, func(w http.ResponseWriter, r *http.Request) {
		read(w, r, func(probe app.EdgeProbe) (any, error) { return s.Probe(r.Context(), probe) })
	})
	return mux
}

// Answer writes the answer to a call: its value as JSON, nothing where that is nil, or the error's Failure.
func Answer(w http.ResponseWriter, value any, err error) {
	status := http.StatusOK
	if err != nil {
		status, value = failureOf(err)
	}
	if value == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The client has gone where this fails; it will ask again.
	_ = json.NewEncoder(w).Encode(value)
}

func read[T any](w http.ResponseWriter, r *http.Request, call func(T) (any, error)) {
	var in T
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyLimit)).Decode(&in); err != nil {
		Answer(w, nil, fmt.Errorf("%w: reading the request: %w", ErrInvalid, err))
		return
	}
	value, err := call(in)
	Answer(w, value, err)
}
