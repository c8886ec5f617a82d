package transfer

import (
	"context"
	"errors"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/registry"
)

// login finds who asks for an image. It is sought here, on the worker, so that no history has it.
func login(ctx context.Context, h app.Host, image activities.RegistryImage) (registry.Found, error) {
	name := app.RegistryOf(image.Ref)
	found, err := registry.Find(ctx, name, image.Registries)
	if err == nil || errors.Is(err, context.Canceled) {
		return found, err
	}
	return found, failing.With(app.Failure{
		Kind: app.KindRegistry, Host: h.Name, Service: image.Service, Message: err.Error(),
		Advice: "Mend it on the machine of the worker, or name another place in registries." + name + " of longshore.yml.",
	}, nil)
}

// refused classes what came of asking a registry for an image; nil stays nil.
func refused(h app.Host, image activities.RegistryImage, found registry.Found, err error) error {
	for _, own := range []error{nil, context.Canceled, host.ErrUnreachable, host.ErrNoDocker, host.ErrDiskFull} {
		if errors.Is(err, own) {
			return failing.On(h, err)
		}
	}
	f := app.Failure{
		Kind: app.KindPull, Host: h.Name, Service: image.Service,
		Message: h.Name + " cannot pull " + image.Ref + ": " + err.Error(),
		Advice:  "Check the image's name, and that the host reaches its registry. Without a way there, x-longshore.transfer: push carries it from the worker.",
	}
	if errors.Is(err, host.ErrDenied) {
		name := app.RegistryOf(image.Ref)
		f.Kind = app.KindRegistry
		f.Message = h.Name + " may not pull " + image.Ref + ": the registry " + name + " refuses the login from " + found.From + ": " + err.Error()
		f.Advice = "Check the user and the password there, and that this user may pull the image. A registry may also say so of an image that it does not have."
		if found.Login.Anonymous() {
			f.Message = h.Name + " may not pull " + image.Ref + ": the registry " + name + " wants a login, and there is none in " + found.From + ", nor in the settings: " + err.Error()
			f.Advice = "Set registries." + name + " in longshore.yml, or run docker login " + name + " as the user of the worker. A registry may also say so of an image that it does not have."
		}
	}
	return failing.With(f, nil)
}
