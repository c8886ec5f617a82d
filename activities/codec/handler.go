package codec

import (
	"net/http"
	"slices"

	"go.temporal.io/sdk/converter"

	"github.com/longshore-dev/longshore/internal/keyring"
)

// maxBody bounds one question of the web UI, which sends a page of history at most; in bytes.
const maxBody = 16 << 20

// Handler answers the web UI's calls to decode and encode payloads. Only pages of the given origins
// ("http://127.0.0.1:8233") are answered: a page of any other site, open in the same browser, is refused, and so is a
// call without an origin. It has no other authentication; serve it on loopback.
func Handler(ring *keyring.Ring, origins ...string) http.Handler {
	answer := converter.NewPayloadCodecHTTPHandler(New(ring))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Vary", "Origin")
		header.Set("Cache-Control", "no-store")
		origin := r.Header.Get("Origin")
		if !slices.Contains(origins, origin) {
			http.Error(w, "this endpoint answers the web UI of Longshore's engine only", http.StatusForbidden)
			return
		}
		header.Set("Access-Control-Allow-Origin", origin)
		if r.Method == http.MethodOptions {
			header.Set("Access-Control-Allow-Methods", "POST, OPTIONS")
			header.Set("Access-Control-Allow-Headers", "Content-Type, X-Namespace")
			header.Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		answer.ServeHTTP(w, r)
	})
}
