// Package registry is a registry of images for tests: in memory, for pulls alone, on loopback without TLS, which engines
// accept there. Hosts reach it through their own loopback. It must not know what is tested with it.
package registry

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// Registry is a running registry. It is safe for concurrent use.
type Registry struct {
	// Address is its name in references: "127.0.0.1:port".
	Address string

	mu       sync.Mutex
	blobs    map[string]blob   // by digest
	tags     map[string]string // digests by "repository:tag"
	login    [2]string         // user and password; empty for everybody
	onBlob   func()
	manifest map[string]int // questions by reference
}

// blob is a manifest or a part of an image.
type blob struct {
	kind string
	data []byte
}

// Start serves an empty registry until the test ends.
func Start(t testing.TB) *Registry {
	t.Helper()
	r := &Registry{blobs: map[string]blob{}, tags: map[string]string{}, manifest: map[string]int{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.Address = server.Listener.Addr().(*net.TCPAddr).String()
	return r
}

// Require lets one user in alone.
func (r *Registry) Require(user, password string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.login = [2]string{user, password}
}

// OnBlob calls f before each part of an image is given away. nil ends that.
func (r *Registry) OnBlob(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onBlob = f
}

// Asked is how often a manifest was asked for, by tag or by digest.
func (r *Registry) Asked(reference string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.manifest[reference]
}

// ServeHTTP answers the part of the distribution specification that a pull needs.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	login := r.login
	r.mu.Unlock()
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	if user, password, _ := req.BasicAuth(); login != [2]string{} && login != [2]string{user, password} {
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		// A careless registry: it repeats what it was told.
		fmt.Fprintf(w, `{"errors":[{"code":"UNAUTHORIZED","message":"no access for %s with %s"}]}`, user, password)
		return
	}
	path, ok := strings.CutPrefix(req.URL.Path, "/v2/")
	if req.Method != http.MethodGet && req.Method != http.MethodHead || !ok {
		http.Error(w, "for pulls alone", http.StatusMethodNotAllowed)
		return
	}
	if path == "" {
		return
	}
	if repository, reference, ok := strings.Cut(path, "/manifests/"); ok {
		r.answer(w, req, r.manifestOf(repository, reference))
	} else if _, digest, ok := strings.Cut(path, "/blobs/"); ok {
		r.mu.Lock()
		before := r.onBlob
		r.mu.Unlock()
		if before != nil {
			before()
		}
		r.answer(w, req, digest)
	} else {
		http.NotFound(w, req)
	}
}

// manifestOf is the digest that a reference stands for.
func (r *Registry) manifestOf(repository, reference string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.manifest[reference]++
	if strings.HasPrefix(reference, "sha256:") {
		return reference
	}
	return r.tags[repository+":"+reference]
}

func (r *Registry) answer(w http.ResponseWriter, req *http.Request, digest string) {
	r.mu.Lock()
	found, ok := r.blobs[digest]
	r.mu.Unlock()
	if !ok {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}`)
		return
	}
	w.Header().Set("Content-Type", found.kind)
	w.Header().Set("Docker-Content-Digest", digest)
	w.Header().Set("Content-Length", fmt.Sprint(len(found.data)))
	if req.Method == http.MethodGet {
		_, _ = w.Write(found.data) // the client has gone
	}
}
