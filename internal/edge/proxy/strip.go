package proxy

import (
	"net/url"
	"strings"
)

// stripPrefix removes a prefix of whole segments that the path is known to have, and keeps the rest as the client
// wrote it, escapes included.
func stripPrefix(u *url.URL, prefix string) {
	raw := u.EscapedPath()
	u.Path = rooted(strings.TrimPrefix(u.Path, prefix))
	at := 0
	for range len(prefix) {
		if at < len(raw) && raw[at] == '%' {
			at += 2
		}
		at++
	}
	if at > len(raw) {
		at = len(raw)
	}
	// Ignored by url.URL unless it is an escaped form of Path.
	u.RawPath = rooted(raw[at:])
}

func rooted(path string) string {
	if strings.HasPrefix(path, "/") {
		return path
	}
	return "/" + path
}
