// Package load puts a steady load on a web app and counts what was lost, and which version answered. It speaks only to
// loopback addresses, and hides nothing: a request that a client would repeat in silence counts as lost.
package load

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"
)

// Kind is a way to use the app.
type Kind string

// The kinds: requests on kept-alive connections, answers that take SlowFor, and one message after the other on a
// WebSocket.
const (
	Get       Kind = "get"
	Post      Kind = "post"
	Slow      Kind = "slow"
	WebSocket Kind = "websocket"
)

// Options say what to send where.
type Options struct {
	// URL is "http://" and a loopback address with its port.
	URL string
	// Host is the Host header; empty means the URL's.
	Host string
	// Connections is the number of connections of each kind; a kind without any is not used.
	Connections map[Kind]int
	// Rate bounds the requests and messages a second of all connections of each kind; 0 means no bound. A late
	// connection does not catch up.
	Rate int
	// Paths are what is asked for, with defaults that the test app answers: "/", "/echo", "/slow?ms=<SlowFor>", "/ws".
	// A Post must be echoed only where its path is "/echo".
	Paths map[Kind]string
	// SlowFor is how long a slow answer takes; 0 means 2 s.
	SlowFor time.Duration
	// Patience is the time after which a request counts as lost; 0 means 30 s.
	Patience time.Duration
}

// Load is a running load.
type Load struct {
	options Options
	log     *log
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// Start begins. The load ends with Stop, or when ctx ends.
func Start(ctx context.Context, options Options) (*Load, error) {
	if err := options.complete(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	l := &Load{options: options, log: newLog(), cancel: cancel}
	for kind, n := range options.Connections {
		for i := range n {
			l.running.Go(func() { l.work(ctx, kind, i, n) })
		}
	}
	return l, nil
}

// Stop lets the requests under way finish, at most for the load's patience, and reports.
func (l *Load) Stop() Report {
	l.cancel()
	l.running.Wait()
	return l.log.report()
}

// Report counts what has finished so far.
func (l *Load) Report() Report { return l.log.report() }

func (o *Options) complete() error {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "http" {
		return fmt.Errorf("load on %q: want http://address:port", o.URL)
	}
	if ip := net.ParseIP(u.Hostname()); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("load on %s: only loopback addresses are loaded", o.URL)
	}
	o.URL = "http://" + u.Host
	if o.Host == "" {
		o.Host = u.Host
	}
	if o.SlowFor == 0 {
		o.SlowFor = 2 * time.Second
	}
	if o.Patience == 0 {
		o.Patience = 30 * time.Second
	}
	paths := map[Kind]string{
		Get: "/", Post: "/echo", WebSocket: "/ws",
		Slow: fmt.Sprintf("/slow?ms=%d", o.SlowFor.Milliseconds()),
	}
	for kind, path := range o.Paths {
		paths[kind] = path
	}
	o.Paths = paths
	for kind := range o.Connections {
		if _, ok := paths[kind]; !ok {
			return fmt.Errorf("load: no such kind: %q", kind)
		}
	}
	return nil
}

// sender makes one request or exchanges one message and says which version answered.
type sender interface {
	send(ctx context.Context) (version string, err error)
	close()
}

func (l *Load) work(ctx context.Context, kind Kind, i, n int) {
	var s sender
	if kind == WebSocket {
		s = newSocket(l.options)
	} else {
		s = newRequester(l.options, kind)
	}
	defer s.close()
	pace := newPace(l.options.Rate, i, n)
	for pace.wait(ctx) {
		// A request under way when the load is stopped is let finish: it would look lost otherwise.
		request, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.options.Patience)
		start := time.Now()
		version, err := s.send(request)
		cancel()
		l.log.add(kind, start, version, err)
		if err != nil {
			pace.hold(ctx, 20*time.Millisecond)
		}
	}
}
