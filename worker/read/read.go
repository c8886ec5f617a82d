// Package read answers what the CLI asks of hosts without a workflow (see activities/inspect): it reads hosts and
// changes nothing on them. It must not know the engine.
package read

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/engine"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/secret"
	"github.com/longshore-dev/longshore/worker/reach"
)

// hostTimeout bounds one host's answer where the request does not.
const hostTimeout = 30 * time.Second

type usageError struct{ error }

// IsUsage says whether an error means that the request was not understood.
func IsUsage(err error) bool {
	var usage usageError
	return errors.As(err, &usage)
}

// reader answers one request.
type reader struct {
	request inspect.Request
	hosts   host.Opener
	out     *lines
	veil    veil
}

// Run reads one request and writes the answer. What a single host cannot answer is part of it, not an error.
func Run(ctx context.Context, op string, in io.Reader, out io.Writer) error {
	var request inspect.Request
	if err := json.NewDecoder(in).Decode(&request); err != nil {
		return usageError{fmt.Errorf("the request is not valid: %w", err)}
	}
	if request.Op != inspect.Op(op) {
		return usageError{fmt.Errorf("the request is for %q, the command for %q", request.Op, op)}
	}
	for i := range request.Hosts {
		request.Hosts[i].AcceptNewKey = request.AcceptNewHostKeys
	}
	state, err := engine.StateDir()
	if err != nil {
		return err
	}
	masker := &secret.Masker{}
	hosts, err := reach.Hosts(state, masker)
	if err != nil {
		return err
	}
	defer hosts.Close() // the process ends
	r := &reader{request: request, hosts: hosts, out: &lines{out: out}}
	switch request.Op {
	case inspect.OpPs:
		return r.each(ctx, r.ps)
	case inspect.OpStatus:
		return r.each(ctx, r.status)
	case inspect.OpReleases:
		return r.each(ctx, r.releases)
	case inspect.OpCheck:
		return r.each(ctx, r.check)
	case inspect.OpLogs:
		if r.veil, err = newVeil(state, masker); err != nil {
			return err
		}
		return r.logs(ctx)
	default:
		return usageError{fmt.Errorf("%q cannot be read", op)}
	}
}

// each asks every host at once and writes each answer as it comes.
func (r *reader) each(ctx context.Context, ask func(context.Context, app.Host) any) error {
	timeout := r.request.Timeout
	if timeout <= 0 {
		timeout = hostTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var group sync.WaitGroup
	for _, h := range r.request.Hosts {
		group.Go(func() { r.out.object(ask(ctx, h)) })
	}
	group.Wait()
	return r.out.err()
}

// problem is an error as the CLI shows it; nil for none.
func problem(h app.Host, err error) *inspect.Problem {
	if err == nil {
		return nil
	}
	f := activities.FailureOf(failing.On(h, err))
	return &inspect.Problem{Kind: f.Kind, Message: f.Message, Advice: f.Advice}
}

// lines writes JSON objects and text, whole lines at a time, from several goroutines.
type lines struct {
	mu    sync.Mutex
	out   io.Writer
	first error
}

func (l *lines) object(v any) {
	data, err := json.Marshal(v)
	if err == nil {
		_, err = l.Write(append(data, '\n'))
	}
	if err != nil {
		l.note(err)
	}
}

// Write writes p at once; p should be whole lines.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}

func (l *lines) note(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first == nil {
		l.first = err
	}
}

func (l *lines) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first
}
