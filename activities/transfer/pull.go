package transfer

import (
	"context"
	"errors"
	"strings"

	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/heartbeat"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// Resolve implements activities.Resolve.
func (a Activities) Resolve(ctx context.Context, in activities.ResolveInput) (string, error) {
	h, err := a.hosts.Open(ctx, in.Host)
	if err != nil {
		return "", failing.On(in.Host, err)
	}
	found, err := a.login(ctx, in.Host, in.RegistryImage)
	if err != nil {
		return "", err
	}
	digest, err := h.Engine().ImageResolve(ctx, in.Ref, found.Login)
	return digest, refused(in.Host, in.RegistryImage, found, err)
}

// Pull implements activities.Pull. An image that is there by its digest, or where none is given by its name, is not
// pulled, unless pull_policy is "always" and the name alone is known.
func (a Activities) Pull(ctx context.Context, in activities.PullInput) (app.Image, error) {
	h, err := a.hosts.Open(ctx, in.Host)
	if err != nil {
		return app.Image{}, failing.On(in.Host, err)
	}
	wanted, err := pinned(in)
	if err != nil {
		return app.Image{}, err
	}
	image, err := h.Engine().ImageInspect(ctx, wanted)
	if err != nil && !errors.Is(err, host.ErrNotFound) {
		return app.Image{}, failing.On(in.Host, err)
	}
	if missing := err != nil; missing || (in.Policy == "always" && in.Digest == "") {
		if in.Policy == "never" {
			return app.Image{}, failing.With(app.Failure{
				Kind: app.KindMissing, Host: in.Host.Name, Service: in.Service,
				Message: "the image " + in.Ref + " is not on " + in.Host.Name + ", and pull_policy is never",
				Advice:  "Load the image on the host, or set another pull_policy.",
			}, nil)
		}
		if err := a.pull(ctx, h, in, wanted); err != nil {
			return app.Image{}, err
		}
		if image, err = h.Engine().ImageInspect(ctx, wanted); err != nil {
			return app.Image{}, failing.On(in.Host, err)
		}
	}
	if in.Digest != "" {
		image.RepoDigest = wanted
		err = name(ctx, h, image, in.Ref)
	}
	image.Ref, image.Layers, image.Tags = in.Ref, nil, nil
	return image, failing.On(in.Host, err)
}

// Fetch implements activities.Fetch. An image that is named by its digest gets a tag: an archive has no other names.
func (a Activities) Fetch(ctx context.Context, in activities.PullInput) (app.Image, error) {
	image, err := a.Pull(ctx, in)
	bare, digest, byDigest := strings.Cut(in.Ref, "@")
	if err != nil || !byDigest {
		return image, err
	}
	named, err := reference.ParseNormalizedNamed(bare)
	if err != nil {
		return app.Image{}, wrongRef(in, err)
	}
	if image.Ref = bare; reference.IsNameOnly(named) {
		image.Ref += ":" + strings.ReplaceAll(digest, ":", "-")
	}
	h, err := a.hosts.Open(ctx, in.Host)
	if err == nil {
		err = name(ctx, h, image, image.Ref)
	}
	return image, failing.On(in.Host, err)
}

// NameImage implements activities.NameImage.
func (a Activities) NameImage(ctx context.Context, in activities.NameImageInput) (activities.Nothing, error) {
	h, err := a.hosts.Open(ctx, in.Host)
	if err == nil {
		err = name(ctx, h, app.Image{ID: in.ID}, in.Ref)
	}
	if errors.Is(err, host.ErrNotFound) {
		err = nil
	}
	return activities.Nothing{}, failing.On(in.Host, err)
}

// pinned is the reference that is pulled: by digest where one is known.
func pinned(in activities.PullInput) (string, error) {
	if in.Digest == "" {
		return in.Ref, nil
	}
	named, err := reference.ParseNormalizedNamed(in.Ref)
	if err != nil {
		return "", wrongRef(in, err)
	}
	sum, err := digest.Parse(in.Digest)
	if err != nil {
		return "", wrongRef(in, err)
	}
	canonical, err := reference.WithDigest(reference.TrimNamed(named), sum)
	if err != nil {
		return "", wrongRef(in, err)
	}
	return reference.FamiliarString(canonical), nil
}

func wrongRef(in activities.PullInput, err error) error {
	return failing.With(app.Failure{
		Kind: app.KindSpec, Host: in.Host.Name, Service: in.Service, Message: "the image " + in.Ref + " cannot be named: " + err.Error(),
	}, nil)
}

// name gives the image its name unless it has it: what is pulled by digest has none.
func name(ctx context.Context, h host.Host, image app.Image, ref string) error {
	have, err := h.Engine().ImageInspect(ctx, ref)
	if err == nil && have.ID == image.ID {
		return nil
	}
	if err != nil && !errors.Is(err, host.ErrNotFound) {
		return err
	}
	return h.Engine().ImageTag(ctx, image.ID, ref)
}

func (a Activities) pull(ctx context.Context, h host.Host, in activities.PullInput, wanted string) error {
	found, err := a.login(ctx, in.Host, in.RegistryImage)
	if err != nil {
		return err
	}
	err = h.Engine().ImagePull(ctx, wanted, host.PullOptions{
		Platform: in.Platform, Login: found.Login,
		Progress: func(current, total int64) {
			heartbeat.Report(ctx, activities.Beat{Done: current, Total: total, Unit: "bytes", Note: in.Service})
		},
	})
	return refused(in.Host, in.RegistryImage, found, err)
}
