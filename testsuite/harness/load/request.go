package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
)

// requester makes requests on one kept-alive connection.
type requester struct {
	client *http.Client
	method string
	url    string
	host   string
	kind   Kind
	echoed bool // the answer must be what was sent
	count  int
}

func newRequester(o Options, kind Kind) *requester {
	method := http.MethodGet
	if kind == Post {
		method = http.MethodPost
	}
	return &requester{
		client: &http.Client{Transport: &http.Transport{
			MaxConnsPerHost:     1,
			MaxIdleConnsPerHost: 1,
			DisableCompression:  true,
		}},
		method: method,
		url:    o.URL + o.Paths[kind],
		host:   o.Host,
		kind:   kind,
		echoed: kind == Post && o.Paths[kind] == "/echo",
	}
}

func (r *requester) close() { r.client.CloseIdleConnections() }

func (r *requester) send(ctx context.Context) (string, error) {
	r.count++
	tries := 0
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		// The transport repeats a GET in silence when its connection turns out to be closed.
		GotConn: func(httptrace.GotConnInfo) { tries++ },
	})
	body := []byte{}
	if r.method == http.MethodPost {
		body = fmt.Appendf(nil, "message %d", r.count)
	}
	request, err := http.NewRequestWithContext(ctx, r.method, r.url, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Host = r.host
	if len(body) > 0 {
		request.GetBody = nil // keeps the transport from repeating it
	}
	response, err := r.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	version := response.Header.Get("App-Version")
	if version == "" {
		version, _, _ = strings.Cut(string(answer), "\n")
	}
	switch {
	case err != nil:
		return version, fmt.Errorf("the answer broke off: %w", err)
	case response.StatusCode >= 400:
		return version, fmt.Errorf("answered %s", response.Status)
	case tries > 1:
		return version, errors.New("answered only when the client tried again on a new connection")
	case r.echoed && !bytes.Equal(answer, body):
		return version, fmt.Errorf("answered %q to %q", answer, body)
	case r.kind == Slow && !bytes.HasSuffix(answer, []byte("end\n")):
		return version, fmt.Errorf("answered %q, not to the end", answer)
	}
	return version, nil
}
