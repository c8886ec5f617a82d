package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/planner"
)

// pickAgain bounds how often a run that has lost its builder or its images starts over.
const pickAgain = 5

// makeImages has every host hold the image of every service that changes: built and carried there, or pulled, or taken
// from a recorded release.
func (d *deploy) makeImages(ctx workflow.Context) error {
	if d.recorded != nil {
		d.pushCleaning()
		return d.recorded.images(ctx)
	}
	for attempt := 1; ; attempt++ {
		err := d.makeImagesOnce(ctx)
		if err == nil || !startsOver(err) || attempt == pickAgain {
			return err
		}
		d.queue = ""
	}
}

// startsOver says that what was built is gone: with its builder, or from the builder's engine.
func startsOver(err error) bool { return activities.WorkerLost(err) || activities.ImageLost(err) }

func (d *deploy) makeImagesOnce(ctx workflow.Context) error {
	built := map[string]app.Image{}
	if len(d.plan.Builds) > 0 || d.pushes() {
		d.report.phase(ctx, "build")
		if err := d.pickBuilder(ctx); err != nil {
			return err
		}
	}
	d.pushCleaning()
	for _, name := range d.plan.Builds {
		image, err := d.build(ctx, d.in.Spec.Service(name))
		if err != nil {
			return err
		}
		built[name] = image
	}
	d.report.phase(ctx, "transfer")
	if err := d.fetch(ctx, built); err != nil {
		return err
	}
	digests, err := d.resolve(ctx)
	if err != nil {
		return err
	}
	return d.onSomeHosts(ctx, func(ctx workflow.Context, h *hostRun) error {
		return together(ctx, h.changing(), func(ctx workflow.Context, c app.ServiceChange) error {
			s := d.in.Spec.Service(c.Service)
			if image, ok := built[c.Service]; ok {
				if pushed(s) {
					d.keepName(ctx, h, s)
				}
				return d.carry(ctx, h, s, image)
			}
			return d.pull(ctx, h, s, digests[c.Service])
		})
	})
}

// onSomeHosts is onHosts for no more hosts at once than get images at once.
func (d *deploy) onSomeHosts(ctx workflow.Context, f func(workflow.Context, *hostRun) error) error {
	atOnce := d.in.Spec.Transfer.HostsAtOnce()
	if len(d.hosts) <= atOnce || workflow.GetVersion(ctx, "hosts-at-once", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return d.onHosts(ctx, f)
	}
	free := workflow.NewSemaphore(ctx, int64(atOnce))
	return d.onHosts(ctx, func(ctx workflow.Context, h *hostRun) error {
		if err := free.Acquire(ctx, 1); err != nil {
			return err
		}
		defer free.Release(1)
		return f(ctx, h)
	})
}

func (d *deploy) pickBuilder(ctx workflow.Context) error {
	if d.queue != "" {
		return nil
	}
	queue, err := activities.PickBuilder.Run(ctx, activities.Nothing{})
	d.queue = queue
	return failed("pick a builder", app.Host{}, "", err)
}

// pushCleaning has a failed run take its containers and image tags away from every host and from the builder.
func (d *deploy) pushCleaning() {
	if !d.undo.empty() {
		return // a second builder: already pushed
	}
	release := d.plan.Release
	if len(d.plan.Builds) > 0 && d.recorded == nil {
		var tags []string
		for _, name := range d.plan.Builds {
			tags = append(tags, planner.ImageTag(d.in.Spec.Site, name, release))
		}
		d.undo.push("builder", "the images of "+release, func(ctx workflow.Context) error {
			if d.queue == "" {
				return nil // the builder was lost, and no other was found
			}
			_, err := activities.DiscardBuild.RunOn(ctx, d.queue, activities.DiscardBuildInput{Host: d.builder(), Tags: tags})
			if activities.WorkerLost(err) {
				return nil // its engine went with it
			}
			return err
		})
	}
	for _, h := range d.hosts {
		d.undo.push(h.host.Name, "containers and images of "+release, func(ctx workflow.Context) error {
			_, err := activities.Clean.Undo(ctx, activities.CleanInput{Target: h.target(d.in.Spec.Site), Release: release})
			return err
		})
	}
}

// builder is the host whose engine builds.
func (d *deploy) builder() app.Host {
	for _, h := range d.in.Spec.Hosts {
		if h.Name == d.in.Spec.BuildHost {
			return h
		}
	}
	for _, h := range d.in.Spec.Hosts {
		if h.Local() {
			return h
		}
	}
	return app.Host{Name: app.LocalAddress, Address: app.LocalAddress}
}

func (d *deploy) build(ctx workflow.Context, s app.Service) (app.Image, error) {
	image, err := activities.Build.RunOn(ctx, d.queue, activities.BuildInput{
		Host:       d.builder(),
		Site:       d.in.Spec.Site,
		Service:    s.Name,
		Build:      *s.Build,
		Platform:   s.Platform,
		Registries: d.in.Spec.Registries,
		Tag:        planner.ImageTag(d.in.Spec.Site, s.Name, d.plan.Release),
	})
	return image, failed("build", app.Host{}, s.Name, err)
}

// carry gets a service's image from the builder to a host, and refuses one that the host cannot run.
func (d *deploy) carry(ctx workflow.Context, h *hostRun, s app.Service, image app.Image) error {
	if f := planner.CheckImage(h.host, h.observed, s.Name, image); f != nil {
		return &stepError{failure: *f}
	}
	result, err := activities.Transfer.RunOn(ctx, d.queue, activities.TransferInput{
		Target: h.target(d.in.Spec.Site), Builder: d.builder(), Service: s.Name, Image: image, MaxRate: d.in.Spec.Transfer.MaxRate,
	})
	if err != nil {
		return failed("transfer", h.host, s.Name, err)
	}
	if result.Image.RepoDigest == "" {
		result.Image.RepoDigest = image.RepoDigest
	}
	h.sent = h.sent.Add(result.Transferred)
	if result.Note != "" {
		d.note(result.Note)
	}
	return h.holds(s, result.Image)
}

// holds notes a service's image on the host. The engines know more of an image than its name once they hold it.
func (h *hostRun) holds(s app.Service, image app.Image) error {
	if f := planner.CheckImage(h.host, h.observed, s.Name, image); f != nil {
		return &stepError{failure: *f}
	}
	h.images[s.Name] = image
	return nil
}

// changing are the services that get new containers on the host.
func (h *hostRun) changing() []app.ServiceChange {
	var out []app.ServiceChange
	for _, c := range h.plan.Changes {
		if c.Action == app.Create || c.Action == app.Replace {
			out = append(out, c)
		}
	}
	return out
}
