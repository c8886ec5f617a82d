package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// callTimeout bounds a call whose context has no deadline of its own. A check may ask for more.
const callTimeout = 30 * time.Second

// answerLimit bounds what is read of one answer, in bytes.
const answerLimit = 16 << 20

// Client calls one host's edge. It is safe for concurrent use and holds no connection between calls, so that each call
// reaches the edge that the socket leads to by then. Nothing is retried.
type Client struct {
	http *http.Client
}

// New makes a client that reaches the edge's admin socket by dial.
func New(dial func(ctx context.Context) (net.Conn, error)) *Client {
	return &Client{http: &http.Client{Transport: &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		DisableKeepAlives: true,
	}}}
}

// Status returns the tables and the requests in flight.
func (c *Client) Status(ctx context.Context) (app.EdgeStatus, error) {
	var status app.EdgeStatus
	err := c.call(ctx, http.MethodGet, PathStatus, nil, nil, &status)
	return status, err
}

// Put replaces a site's table and returns the one before; nil where there was none. Once it returns, no new request
// reaches the release before. Putting the same table again returns that table as the one before, so callers that need
// to switch back keep the answer of their first call, or observe before it. It fails with ErrInvalid, ErrFenced,
// ErrNoCanary or a *ConflictError.
func (c *Client) Put(ctx context.Context, table app.EdgeTable) (*app.EdgeTable, error) {
	var change Change
	err := c.call(ctx, http.MethodPut, PathSites, nil, table, &change)
	if err == nil && table.Canary != nil && change.Weight != table.Canary.Weight {
		err = ErrNoCanary
	}
	return change.Previous, err
}

// Delete removes a site's table and returns it; nil where there was none. It fails with ErrFenced.
func (c *Client) Delete(ctx context.Context, site string, fence int64) (*app.EdgeTable, error) {
	var change Change
	query := url.Values{"site": {site}, "fence": {strconv.FormatInt(fence, 10)}}
	err := c.call(ctx, http.MethodDelete, PathSites, query, nil, &change)
	return change.Previous, err
}

// Drop closes whatever a release that is no longer live still has in flight. A release that the edge does not know is no
// error. It fails with ErrLive.
func (c *Client) Drop(ctx context.Context, site, release string) error {
	query := url.Values{"site": {site}, "release": {release}}
	return c.call(ctx, http.MethodDelete, PathReleases, query, nil, nil)
}

// Check has the edge ask a container whether it is healthy. An unhealthy container is an answer, not an error.
func (c *Client) Check(ctx context.Context, check app.EdgeCheck) (app.EdgeAnswer, error) {
	var answer app.EdgeAnswer
	err := c.call(ctx, http.MethodPost, PathCheck, nil, check, &answer)
	return answer, err
}

// Probe has the edge send a request through itself. A refused or failed request is an answer, not an error.
func (c *Client) Probe(ctx context.Context, probe app.EdgeProbe) (app.EdgeAnswer, error) {
	var answer app.EdgeAnswer
	err := c.call(ctx, http.MethodPost, PathProbe, nil, probe, &answer)
	return answer, err
}

func (c *Client) call(ctx context.Context, method, path string, query url.Values, in, out any) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, callTimeout)
		defer cancel()
	}
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("edge: writing %s %s: %w", method, path, err)
		}
		body = bytes.NewReader(data)
	}
	target := url.URL{Scheme: "http", Host: "edge", Path: path, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, target.String(), body)
	if err != nil {
		return fmt.Errorf("edge: %s %s: %w", method, path, err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("edge does not answer: %w", err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err != nil {
		return fmt.Errorf("edge: reading the answer to %s %s: %w", method, path, err)
	}
	if res.StatusCode/100 != 2 {
		var failure Failure
		if err := json.Unmarshal(data, &failure); err != nil || failure.Code == "" {
			return fmt.Errorf("edge: %s %s: status %d", method, path, res.StatusCode)
		}
		return fmt.Errorf("edge: %s %s: %w", method, path, failure.err())
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("edge: reading the answer to %s %s: %w", method, path, err)
	}
	return nil
}
