package proxy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
	"github.com/longshore-dev/longshore/internal/edge/tables"
)

// peerTimeout bounds one call of another edge.
const peerTimeout = 5 * time.Second

// peers are the older edges on the same state folder that have not ended yet. They still have clients: what the newest
// edge is told holds only once they know it too, and what is in flight is in flight there as well.
type peers struct {
	dir  string
	self string
}

// newer says whether another edge has taken over from this one.
func (p *peers) newer() bool {
	leads, err := os.Readlink(filepath.Join(p.dir, edge.Socket))
	if err != nil {
		return false
	}
	instance, ok := instanceOf(leads)
	return ok && instance != p.self
}

// each calls f for every other edge that answers. The socket of one that has ended is removed.
func (p *peers) each(f func(c *http.Client) error) error {
	found, err := filepath.Glob(filepath.Join(p.dir, socketOf("*")))
	if err != nil {
		return fmt.Errorf("looking for older edges: %w", err)
	}
	for _, path := range found {
		if instance, ok := instanceOf(filepath.Base(path)); !ok || instance == p.self {
			continue
		}
		err := f(peerClient(path))
		switch {
		case err == nil:
		case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
			// It has ended, by itself or killed. A socket that is still there would be asked again each time.
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("removing an ended edge's socket: %w", err)
			}
		default:
			return fmt.Errorf("an older edge that is still running: %w", err)
		}
	}
	return nil
}

func peerClient(path string) *http.Client {
	return &http.Client{Timeout: peerTimeout, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
		DisableKeepAlives: true,
	}}
}

// follow has the other edges serve the tables too.
func (p *peers) follow(ctx context.Context, t tables.Tables) error {
	data, err := t.Encode()
	if err != nil {
		return err
	}
	return p.each(func(c *http.Client) error {
		return call(ctx, c, http.MethodPut, pathFollow, nil, data, nil)
	})
}

func (p *peers) drop(ctx context.Context, site, release string) error {
	return p.each(func(c *http.Client) error {
		return call(ctx, c, http.MethodDelete, pathOwnReleases, url.Values{"site": {site}, "release": {release}}, nil, nil)
	})
}

// status returns the other edges' own counts.
func (p *peers) status(ctx context.Context) ([]app.EdgeStatus, error) {
	var all []app.EdgeStatus
	err := p.each(func(c *http.Client) error {
		var s app.EdgeStatus
		if err := call(ctx, c, http.MethodGet, pathOwn, nil, nil, &s); err != nil {
			return err
		}
		all = append(all, s)
		return nil
	})
	return all, err
}

func call(ctx context.Context, c *http.Client, method, path string, query url.Values, body []byte, out any) error {
	target := url.URL{Scheme: "http", Host: "edge", Path: path, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s: %s", method, path, res.Status, strings.TrimSpace(string(data)))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(data, out)
}

// addReleases adds the counts of another edge, which knows less of what is live.
func addReleases(to, from []app.EdgeRelease) []app.EdgeRelease {
	for _, r := range from {
		at := slices.IndexFunc(to, func(o app.EdgeRelease) bool { return o.Site == r.Site && o.Release == r.Release })
		if at >= 0 {
			to[at].InFlight += r.InFlight
			to[at].Upgraded += r.Upgraded
			to[at].Requests += r.Requests
			to[at].Failed += r.Failed
			continue
		}
		r.Live = false
		to = append(to, r)
	}
	slices.SortFunc(to, compareReleases)
	return to
}
