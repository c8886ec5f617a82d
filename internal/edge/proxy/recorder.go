package proxy

import (
	"io"
	"net/http"
	"sync/atomic"
)

// recorder notes what a response was.
type recorder struct {
	http.ResponseWriter
	status   int
	bytes    int64
	unread   bool   // the client did not take all of it
	upgraded func() // called once, when the connection is upgraded
	body     *limitedBody
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (r *recorder) WriteHeader(status int) {
	if r.body != nil && r.status == 0 && r.body.exceeded.Load() {
		// The proxy takes the body's end for the client's.
		writePage(r.ResponseWriter, http.StatusRequestEntityTooLarge, pageTooLarge)
		r.status = http.StatusRequestEntityTooLarge
		return
	}
	if r.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		r.status = status
		if status == http.StatusSwitchingProtocols && r.upgraded != nil {
			r.upgraded()
		}
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	r.unread = r.unread || err != nil
	return n, err
}

// failed says whether an ended request is the release's failure: its answer was an error, or was cut off for another
// reason than that the client has gone.
func (r *recorder) failed(cutOff, clientGone bool) bool {
	return r.status >= http.StatusInternalServerError || cutOff && !clientGone && !r.unread
}

// limitedBody ends a request's body with an error once it is longer than the route allows.
type limitedBody struct {
	io.ReadCloser
	left     int64
	exceeded atomic.Bool
}

func (b *limitedBody) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		n = int(b.left)
		b.exceeded.Store(true)
		err = &http.MaxBytesError{Limit: b.left}
	}
	b.left -= int64(n)
	return n, err
}
