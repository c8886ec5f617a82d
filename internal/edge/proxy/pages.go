package proxy

import (
	"net/http"
	"strconv"
)

// The edge's own answers, for people: plain, short, and without a word about what is behind it.
const (
	pageUnknownHost = "No site answers to this name here.\n"
	pageUnknownPath = "Nothing is served at this path.\n"
	pageNoRelease   = "The site is not running at the moment. Please try again in a little while.\n"
	pageBadGateway  = "The site did not answer. Please try again in a little while.\n"
	pageTimeout     = "The site took too long to answer. Please try again in a little while.\n"
	pageTooLarge    = "The request is too large.\n"
	pageMethod      = "This method is not served.\n"
)

// statusClientGone is logged for a request whose client has gone before its answer; nobody reads it.
const statusClientGone = 499

func writePage(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	h.Set("Cache-Control", "no-store")
	h.Del("Server")
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "2")
	}
	w.WriteHeader(status)
	// A client that has gone needs no page.
	_, _ = w.Write([]byte(text))
}

// failurePage is what a client sees of a request that the proxy gave up on.
func failurePage(status int) (int, string) {
	switch status {
	case http.StatusGatewayTimeout:
		return status, pageTimeout
	case http.StatusServiceUnavailable:
		return status, pageNoRelease
	case http.StatusRequestEntityTooLarge:
		return status, pageTooLarge
	}
	return http.StatusBadGateway, pageBadGateway
}
