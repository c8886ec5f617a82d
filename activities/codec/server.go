package codec

import (
	"net/http"
	"time"

	"github.com/longshore-dev/longshore/internal/keyring"
)

// Server serves Handler with bounds on how long a caller may take. The caller gives it a listener.
func Server(ring *keyring.Ring, origins ...string) *http.Server {
	return &http.Server{
		Handler:           Handler(ring, origins...),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
}
