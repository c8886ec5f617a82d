package workflows

import (
	"slices"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// asksRegistries says whether the run resolves and fetches images of registries before hosts get them. A run that was
// begun before there was such a step goes on without it.
func asksRegistries(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, "registry-images", workflow.DefaultVersion, 1) != workflow.DefaultVersion
}

// pushes says whether the builder carries images of registries to hosts.
func (d *deploy) pushes() bool { return slices.ContainsFunc(d.in.Spec.Services, pushed) }

func pushed(s app.Service) bool { return s.Build == nil && s.Push }

// changed are the services of a kind that get new containers on any host.
func (d *deploy) changed(is func(app.Service) bool) []app.Service {
	var out []app.Service
	for _, s := range d.in.Spec.Services {
		if is(s) && slices.ContainsFunc(d.hosts, func(h *hostRun) bool { return h.changes(s.Name) }) {
			out = append(out, s)
		}
	}
	return out
}

func (h *hostRun) changes(service string) bool {
	return slices.ContainsFunc(h.changing(), func(c app.ServiceChange) bool { return c.Service == service })
}

// fetch has the builder pull the images that it carries to hosts, and adds them to those that it has built.
func (d *deploy) fetch(ctx workflow.Context, built map[string]app.Image) error {
	services := d.changed(pushed)
	if len(services) == 0 {
		return nil
	}
	if !asksRegistries(ctx) {
		for _, s := range services {
			built[s.Name] = app.Image{Ref: s.Container.Image}
		}
		return nil
	}
	return together(ctx, services, func(ctx workflow.Context, s app.Service) error {
		image, err := activities.Fetch.RunOn(ctx, d.queue, d.pullInput(activities.Target{Host: d.builder(), Site: d.in.Spec.Site}, s, ""))
		built[s.Name] = image
		return failed("pull", app.Host{}, s.Name, err)
	})
}

// resolve finds the digests that the hosts pull, by service: all hosts of a run pull the same content, whatever becomes
// of the tag meanwhile.
func (d *deploy) resolve(ctx workflow.Context) (map[string]string, error) {
	digests := map[string]string{}
	var unknown []app.Service
	for _, s := range d.changed(func(s app.Service) bool { return s.Build == nil && !s.Push }) {
		known, digest := d.knownDigest(s)
		switch {
		case !known:
			unknown = append(unknown, s)
		case digest != "":
			digests[s.Name] = digest
		}
	}
	if len(unknown) == 0 || !asksRegistries(ctx) {
		return digests, nil
	}
	err := together(ctx, unknown, func(ctx workflow.Context, s app.Service) error {
		i := slices.IndexFunc(d.hosts, func(h *hostRun) bool { return h.changes(s.Name) })
		digest, err := activities.Resolve.Run(ctx, activities.ResolveInput{
			Target: d.hosts[i].target(d.in.Spec.Site), RegistryImage: d.registryImage(s),
		})
		digests[s.Name] = digest
		return failed("pull", d.hosts[i].host, s.Name, err)
	})
	return digests, err
}

// knownDigest says whether a service's hosts need no registry to agree on an image, and by which digest they do; empty
// for one that they all hold under no digest, or that its reference names.
func (d *deploy) knownDigest(s app.Service) (known bool, digest string) {
	ref := s.Container.Image
	if strings.Contains(ref, "@") || s.PullPolicy == "never" {
		return true, ""
	}
	if s.PullPolicy == "always" {
		return false, ""
	}
	same, first := true, d.hosts[0].observed.Images[ref].ID
	for _, h := range d.hosts {
		image := h.observed.Images[ref]
		// An engine may know the content by the name of another repository alone.
		if name, found, ok := strings.Cut(image.RepoDigest, "@"); ok && digest == "" && app.RepositoryOf(name) == app.RepositoryOf(ref) {
			digest = found
		}
		same = same && image.ID != "" && image.ID == first
	}
	if same {
		return true, ""
	}
	return digest != "", digest
}

// pull has a host pull a service's image, and refuses one that the host cannot run.
func (d *deploy) pull(ctx workflow.Context, h *hostRun, s app.Service, digest string) error {
	d.keepName(ctx, h, s)
	image, err := activities.Pull.Run(ctx, d.pullInput(h.target(d.in.Spec.Site), s, digest))
	if err != nil {
		return failed("pull", h.host, s.Name, err)
	}
	return h.holds(s, image)
}

// keepName has a failed run give the image that runs its name back: else the next deploy would take the one that failed for
// what is wanted.
func (d *deploy) keepName(ctx workflow.Context, h *hostRun, s app.Service) {
	ref := s.Container.Image
	id := h.observed.Images[ref].ID
	if id == "" || !h.runsImage(s.Name, id) || !asksRegistries(ctx) {
		return
	}
	d.undo.push(h.host.Name, "the name of "+ref, func(ctx workflow.Context) error {
		_, err := activities.NameImage.Undo(ctx, activities.NameImageInput{Target: h.target(d.in.Spec.Site), Ref: ref, ID: id})
		return err
	})
}

func (h *hostRun) runsImage(service, id string) bool {
	return slices.ContainsFunc(h.observed.Containers, func(c app.ContainerState) bool {
		return c.Labels[app.LabelRole] == app.RoleService && c.Labels[app.LabelService] == service && c.ImageID == id
	})
}

func (d *deploy) pullInput(at activities.Target, s app.Service, digest string) activities.PullInput {
	return activities.PullInput{Target: at, RegistryImage: d.registryImage(s), Digest: digest, Platform: s.Platform, Policy: s.PullPolicy}
}

func (d *deploy) registryImage(s app.Service) activities.RegistryImage {
	return activities.RegistryImage{Service: s.Name, Ref: s.Container.Image, Registries: d.in.Spec.Registries}
}

// runs is the image that a container of a service runs, with its digest where the host still has it by that name.
func (h *hostRun) runs(s app.Service, c app.ContainerState) app.Image {
	image := app.Image{Ref: c.Image, ID: c.ImageID}
	if known := h.observed.Images[s.Container.Image]; known.ID == c.ImageID {
		image.RepoDigest = known.RepoDigest
	}
	return image
}
