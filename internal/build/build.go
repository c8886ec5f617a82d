package build

import (
	"context"
	"errors"
	"fmt"
	"strings"

	docker "github.com/docker/docker/client"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/exporter/containerimage/exptypes"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"github.com/moby/buildkit/util/grpcerrors"
	"google.golang.org/grpc/codes"

	"github.com/longshore-dev/longshore/internal/host"
)

// Build builds an image on the engine of cli, tags it and answers its id. Progress, which may be nil, is called from one
// goroutine, and not after Build has returned. The end of ctx stops the build on the engine; there is no other deadline.
//
// A build that fails by its own doing is a *StepError, a request that cannot work an *InvalidError; with all else the
// engine was not reached (by the kinds of package host) or had trouble of its own, and a retry may help. Values of
// secrets and of logins are in no event or error.
func Build(ctx context.Context, cli *docker.Client, req Request, progress func(Event)) (id string, err error) {
	if err := req.check(); err != nil {
		return "", err
	}
	opt, err := req.newSolve()
	if err != nil {
		return "", err
	}
	dockerfile, cleanup, err := req.sources(&opt)
	defer cleanup()
	if err != nil {
		return "", err
	}
	secrets, err := req.readSecrets()
	if err != nil {
		return "", err
	}
	opt.Session = append(opt.Session, secretsprovider.NewSecretProvider(secrets))
	agents, err := sshAgents(req.Build.SSH)
	if err != nil {
		return "", err
	}
	if agents != nil {
		opt.Session = append(opt.Session, agents)
	}

	hide := replacer(secrets.redactor())
	if req.Login != nil {
		logins := newLogins(req.Login)
		opt.Session = append(opt.Session, logins)
		hide = both{hide, logins}
	}

	engine, err := openEngine(ctx, cli)
	if err != nil {
		return "", err
	}
	defer engine.close()
	if err := engine.fit(ctx, req, &opt, dockerfile); err != nil {
		return "", fmt.Errorf("building %s: %w", req.Tag, err)
	}
	tracker := newTracker(progress, hide)
	response, err := engine.solve(ctx, opt, tracker, dockerfile)
	if err != nil {
		return "", fmt.Errorf("building %s: %w", req.Tag, err)
	}
	id = response.ExporterResponse[exptypes.ExporterImageDigestKey]
	if id == "" {
		return "", fmt.Errorf("building %s: the engine does not say which image it has made", req.Tag)
	}
	return id, nil
}

func (e *engine) solve(
	ctx context.Context, opt client.SolveOpt, tracker *tracker, dockerfile []byte,
) (*client.SolveResponse, error) {
	statuses := make(chan *client.SolveStatus)
	followed := make(chan struct{})
	go func() {
		defer close(followed)
		tracker.follow(statuses)
	}()
	response, err := e.buildkit.Solve(ctx, nil, opt, statuses)
	<-followed
	if err == nil {
		return response, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if cause := e.cause(); cause != nil {
		return nil, e.unreached(err)
	}
	// Nothing below is wrapped: a cause that is unwrapped would say what the text hides.
	text := tracker.hide.Replace(reason(err))
	if strings.Contains(text, "no space left on device") {
		return nil, fmt.Errorf("%s: %w", text, host.ErrDiskFull)
	}
	if grpcerrors.Code(err) == codes.Unavailable {
		return nil, fmt.Errorf("%s: %w", text, host.ErrUnreachable)
	}
	if failure := tracker.failure(err, opt.FrontendAttrs["filename"], dockerfile); failure != nil {
		return nil, failure
	}
	return nil, errors.New(text)
}
