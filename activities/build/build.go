// Package build implements the activities that make images. They run on the builder's own task queue, beside the build
// contexts.
package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	docker "github.com/docker/docker/client"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/heartbeat"
	"github.com/longshore-dev/longshore/activities/unseal"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/build"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/secret"
)

// labelBuild identifies what an image was built from beside its source: the same tag with other arguments is built anew.
const labelBuild = "dev.longshore.build"

// Activities are bound to the hosts that a worker can reach. They may run concurrently.
type Activities struct {
	Hosts   host.Opener
	Secrets unseal.Opener
	// Queue is the task queue of this worker alone.
	Queue string
}

// Register binds the activities to their names. PickBuilder is for the shared queue, the others for the worker's own.
func (a Activities) Register(shared, own activities.Registry) {
	activities.PickBuilder.Register(shared, a.PickBuilder)
	activities.Build.Register(own, a.Build)
	activities.DiscardBuild.Register(own, a.DiscardBuild)
	activities.PruneBuilds.Register(own, a.PruneBuilds)
}

// PickBuilder implements activities.PickBuilder.
func (a Activities) PickBuilder(context.Context, activities.Nothing) (string, error) {
	return a.Queue, nil
}

// Build implements activities.Build.
func (a Activities) Build(ctx context.Context, in activities.BuildInput) (app.Image, error) {
	h, err := a.Hosts.Open(ctx, in.Host)
	if err != nil {
		return app.Image{}, failing.On(in.Host, err)
	}
	inputs, err := inputsOf(in)
	if err != nil {
		return app.Image{}, err
	}
	image, err := h.Engine().ImageInspect(ctx, in.Tag)
	if errors.Is(err, host.ErrNotFound) || (err == nil && image.Labels[labelBuild] != inputs) {
		if err := a.build(ctx, h, in, inputs); err != nil {
			return app.Image{}, err
		}
		image, err = h.Engine().ImageInspect(ctx, in.Tag)
	}
	if err != nil {
		return app.Image{}, failing.On(in.Host, err)
	}
	image.Ref, image.Layers, image.Tags = in.Tag, nil, nil
	return image, nil
}

// inputsOf hashes all that is asked of a build but its files, which the tag's release stands for.
func inputsOf(in activities.BuildInput) (string, error) {
	b := in.Build
	b.Context = "" // where the checkout lies changes nothing
	b.Secrets = slices.Clone(b.Secrets)
	for i := range b.Secrets {
		b.Secrets[i].Sealed = "" // another at each run; BuildKit takes no secret's value for a change either
	}
	text, err := json.Marshal(struct {
		Build    app.Build
		Platform string
	}{b, in.Platform})
	if err != nil {
		return "", fmt.Errorf("hash the build of %s: %w", in.Service, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8]), nil
}

// dockerEngine is an engine with a Docker API to build on.
type dockerEngine interface{ Client() *docker.Client }

func (a Activities) build(ctx context.Context, h host.Host, in activities.BuildInput, inputs string) error {
	engine, ok := h.Engine().(dockerEngine)
	if !ok {
		return failing.With(app.Failure{Kind: app.KindBuild, Service: in.Service, Message: "the engine of " + h.Name() + " cannot build images"}, nil)
	}
	if _, err := h.Engine().Info(ctx); err != nil {
		return failing.On(in.Host, err)
	}
	values, err := a.open(in.Build.Secrets)
	if err != nil {
		return err
	}
	request := build.Request{
		Build: in.Build, Values: values, Found: func(v secret.String) { a.Secrets.Know(v) }, Tag: in.Tag, Platform: in.Platform,
		Labels: map[string]string{app.LabelSite: in.Site.String(), app.LabelService: in.Service, labelBuild: inputs},
	}
	asked := &asked{entries: in.Registries, secrets: a.Secrets}
	request.Login = asked.login
	steps := int64(0)
	_, err = build.Build(ctx, engine.Client(), request, func(e build.Event) {
		if e.State == build.Started {
			steps++
		}
		heartbeat.Report(ctx, activities.Beat{Done: steps, Note: e.Step})
	})
	if f := asked.failure(in, err); f != nil {
		return failing.With(*f, nil)
	}
	return classed(in, err)
}

// open answers the values of the build's secrets that are the site's, by name.
func (a Activities) open(secrets []app.BuildSecret) (map[string]secret.String, error) {
	values := map[string]secret.String{}
	for _, s := range secrets {
		if s.Secret == "" {
			continue
		}
		value, err := a.Secrets.Open(s.Secret, s.Sealed)
		if err != nil {
			return nil, err
		}
		values[s.Secret] = value
	}
	return values, nil
}

// classed tells a build that failed by its own doing from an engine that could not be reached.
func classed(in activities.BuildInput, err error) error {
	var step *build.StepError
	var invalid *build.InvalidError
	switch {
	case errors.As(err, &step):
		bare := *step
		bare.Logs = nil
		return failing.With(app.Failure{
			Kind: app.KindBuild, Service: in.Service, Message: bare.Error(), Logs: step.Logs,
			Exited: step.ExitCode != 0, ExitCode: step.ExitCode,
			Advice: "Mend the step, and try it with docker build.",
		}, nil)
	case errors.As(err, &invalid):
		return failing.With(app.Failure{Kind: app.KindBuild, Service: in.Service, Message: invalid.Error(),
			Advice: "Builds run on the worker's machine: its files must be there."}, nil)
	default:
		return failing.On(in.Host, err)
	}
}

// DiscardBuild implements activities.DiscardBuild.
func (a Activities) DiscardBuild(ctx context.Context, in activities.DiscardBuildInput) (activities.Nothing, error) {
	h, err := a.Hosts.Open(ctx, in.Host)
	if err != nil {
		return activities.Nothing{}, failing.On(in.Host, err)
	}
	for _, tag := range in.Tags {
		if err := h.Engine().ImageRemove(ctx, tag); err != nil {
			return activities.Nothing{}, failing.On(in.Host, err)
		}
	}
	return activities.Nothing{}, nil
}
