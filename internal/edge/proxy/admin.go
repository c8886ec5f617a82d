package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/longshore-dev/longshore/internal/edge"
	"github.com/longshore-dev/longshore/internal/edge/tables"
)

// What edges ask of each other, on their own sockets. pathOwn is app.EdgeStatus of the one edge; pathFollow takes the
// tables as they are kept; pathOwnReleases drops there only.
const (
	pathOwn         = "/v1/own/status"
	pathFollow      = "/v1/own/tables"
	pathOwnReleases = "/v1/own/releases"
)

const adminReadTimeout = 30 * time.Second

// admin is the API on its socket. Each edge has a socket of its own, and a link leads to the newest edge's.
type admin struct {
	server *http.Server
	path   string
}

func listenAdmin(dir, instance string, e *Edge) (*admin, error) {
	path := filepath.Join(dir, socketOf(instance))
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listening on the admin socket: %w", err)
	}
	a := &admin{path: path, server: &http.Server{Handler: e.handler(), ReadTimeout: adminReadTimeout}}
	if err := a.publish(dir, instance); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	go func() {
		// Serve ends only when close is called.
		_ = a.server.Serve(listener)
	}()
	return a, nil
}

// publish leads new callers to this edge. The link is relative: the folder has another name outside the container.
func (a *admin) publish(dir, instance string) error {
	if err := os.Chmod(a.path, 0o660); err != nil {
		return fmt.Errorf("opening the admin socket to its group: %w", err)
	}
	link := filepath.Join(dir, socketOf(instance)+".link")
	if err := os.Symlink(socketOf(instance), link); err != nil {
		return fmt.Errorf("linking the admin socket: %w", err)
	}
	if err := os.Rename(link, filepath.Join(dir, edge.Socket)); err != nil {
		return errors.Join(fmt.Errorf("linking the admin socket: %w", err), os.Remove(link))
	}
	return nil
}

// close ends the API. The link stays: a newer edge may have it, and otherwise it leads nowhere until the next start.
func (a *admin) close() error {
	if err := a.server.Close(); err != nil {
		return fmt.Errorf("closing the admin socket: %w", err)
	}
	return nil
}

func (e *Edge) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", edge.Handler(e))
	mux.HandleFunc("GET "+pathOwn, func(w http.ResponseWriter, _ *http.Request) {
		edge.Answer(w, e.own(), nil)
	})
	mux.HandleFunc("DELETE "+pathOwnReleases, func(w http.ResponseWriter, r *http.Request) {
		edge.Answer(w, nil, e.app.routes.drop(r.FormValue("site"), r.FormValue("release")))
	})
	mux.HandleFunc("PUT "+pathFollow, func(w http.ResponseWriter, r *http.Request) {
		var raw json.RawMessage
		if err := json.NewDecoder(r.Body).Decode(&raw); err != nil {
			edge.Answer(w, nil, fmt.Errorf("%w: %w", edge.ErrInvalid, err))
			return
		}
		next, err := tables.Decode(raw)
		if err != nil {
			edge.Answer(w, nil, fmt.Errorf("%w: %w", edge.ErrInvalid, err))
			return
		}
		edge.Answer(w, nil, e.app.follow(next))
	})
	return mux
}
