package read

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/secret"
)

// logSource is one container whose logs are asked for.
type logSource struct {
	host   host.Host
	id     string
	prefix string
}

// logs writes the containers' logs, each line whole and without values of secrets; with more than one container, each line
// says whose it is.
func (r *reader) logs(ctx context.Context) error {
	sources, err := r.logSources(ctx)
	if err != nil {
		return err
	}
	if len(sources) == 0 {
		return fmt.Errorf("no container of %s matches", r.request.Site)
	}
	if _, err := io.WriteString(r.out, r.veil.warning()); err != nil {
		return err
	}
	var group sync.WaitGroup
	for _, s := range sources {
		group.Go(func() {
			if len(sources) == 1 {
				s.prefix = ""
			}
			if err := r.follow(ctx, s); err != nil && ctx.Err() == nil {
				r.out.note(fmt.Errorf("%slogs: %w", s.prefix, err))
			}
		})
	}
	group.Wait()
	return r.out.err()
}

// logSources finds the containers on all hosts. A host that cannot be read fails the call: half of the logs would
// mislead.
func (r *reader) logSources(ctx context.Context) ([]logSource, error) {
	var out []logSource
	for _, h := range r.request.Hosts {
		opened, err := r.hosts.Open(ctx, h)
		if err != nil {
			return nil, errors.New(problem(h, err).Message)
		}
		containers, err := siteContainers(ctx, opened, r.request.Site)
		if err != nil {
			return nil, errors.New(problem(h, err).Message)
		}
		if err := r.veil.learn(ctx, opened, r.request.Site, containers); err != nil {
			return nil, errors.New(problem(h, err).Message)
		}
		for _, c := range containers {
			service := c.Labels[app.LabelService]
			if wanted := r.request.Logs.Services; len(wanted) > 0 && !slices.Contains(wanted, service) {
				continue
			}
			out = append(out, logSource{host: opened, id: c.ID, prefix: fmt.Sprintf("%s %s.%d | ", h.Name, service, replica(c))})
		}
	}
	return out, nil
}

func (r *reader) follow(ctx context.Context, s logSource) error {
	o := r.request.Logs
	stdout := &prefixed{prefix: s.prefix, masker: r.veil.masker, out: r.out}
	stderr := &prefixed{prefix: s.prefix, masker: r.veil.masker, out: r.out}
	err := s.host.Engine().ContainerFollow(ctx, s.id, followOptions(o), stdout, stderr)
	return errors.Join(err, stdout.flush(), stderr.flush())
}

func followOptions(o inspect.LogOptions) host.FollowOptions {
	return host.FollowOptions{Follow: o.Follow, Tail: o.Tail, Since: o.Since, Timestamps: o.Timestamps}
}

// longestLine is where a line is cut, in bytes. The rest of it is left out: it could begin within a secret value.
const longestLine = 64 << 10

// prefixed writes whole lines, masked, each with a prefix. It is for one goroutine.
type prefixed struct {
	prefix string
	masker *secret.Masker
	out    io.Writer
	rest   []byte // of a line that has not ended, what is shown
}

func (p *prefixed) Write(data []byte) (int, error) {
	written := len(data)
	for {
		line, after, whole := bytes.Cut(data, []byte("\n"))
		p.rest = append(p.rest, line[:min(len(line), longestLine-len(p.rest))]...)
		if !whole {
			return written, nil
		}
		if err := p.line(); err != nil {
			return 0, err
		}
		data = after
	}
}

func (p *prefixed) flush() error {
	if len(p.rest) == 0 {
		return nil
	}
	return p.line()
}

func (p *prefixed) line() error {
	line := p.masker.Mask(string(p.rest))
	p.rest = p.rest[:0]
	_, err := io.WriteString(p.out, p.prefix+line+"\n")
	return err
}
