package workflows

import (
	"cmp"
	"slices"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/planner"
)

// findImages finds out which image each host shall run for each service: that of its own record, or where it has none,
// of the record of a host that can lend the image. It refuses a release of which an image is nowhere any more.
func (f *fromRecords) findImages() error {
	var gone []string
	for _, h := range f.hosts {
		for _, s := range f.record.Spec.Services {
			holder := f.holder(h, s.Name)
			if holder == nil {
				gone = append(gone, s.Name+" on "+h.host.Name)
				continue
			}
			image := f.imageOn(holder, s.Name)
			switch {
			case image.ID != "":
				h.images[s.Name] = image
			case s.Build != nil && s.Replicas > 0:
				gone = append(gone, s.Name+", which was never built,")
			}
			// One of a registry that never ran is judged by its name.
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return refusal(app.Failure{
		Kind: app.KindPruned, Step: "recall",
		Message: "the images of " + f.record.ID + " are gone: of " + strings.Join(gone, ", "),
		Advice:  canReach(slices.DeleteFunc(f.reachable(), func(id string) bool { return id == f.record.ID })),
	})
}

// holder is the host whose record says which image of a service a host shall run: itself, or the first that can lend the
// image; nil for none.
func (f *fromRecords) holder(h *hostRun, service string) *hostRun {
	for _, candidate := range append([]*hostRun{h}, f.hosts...) {
		if f.has(candidate) && f.recalled[candidate.host.Name].Gone[service] == "" {
			return candidate
		}
	}
	return nil
}

// imageOn is the image that a host's record names for a service. The host must have the record.
func (f *fromRecords) imageOn(h *hostRun, service string) app.Image {
	return f.recalled[h.host.Name].Release.Images[service]
}

// reuseImages has every host hold the image of every service that changes: its own of before, one that its registry has
// by digest, or that of another host. Where the worker between two hosts is lost, another takes its place; where a run that
// was reset finds that what it was lent has been cleaned away, it is lent again.
func (f *fromRecords) reuseImages(ctx workflow.Context) error {
	f.report.phase(ctx, "take the recorded images")
	for attempt := 1; ; attempt++ {
		err := f.reuseImagesOnce(ctx)
		if err == nil || !startsOver(err) || attempt == pickAgain {
			return err
		}
		f.queue = ""
	}
}

func (f *fromRecords) reuseImagesOnce(ctx workflow.Context) error {
	if f.lends() {
		if err := f.pickBuilder(ctx); err != nil {
			return err
		}
	}
	return f.onHosts(ctx, func(ctx workflow.Context, h *hostRun) error {
		return together(ctx, h.changing(), func(ctx workflow.Context, c app.ServiceChange) error {
			return f.reuse(ctx, h, f.in.Spec.Service(c.Service))
		})
	})
}

// lends says whether an image has to go from one host to another.
func (f *fromRecords) lends() bool {
	return slices.ContainsFunc(f.hosts, func(h *hostRun) bool {
		return slices.ContainsFunc(h.changing(), func(c app.ServiceChange) bool {
			return f.holder(h, c.Service) != h && h.images[c.Service].RepoDigest == ""
		})
	})
}

// reuse has a host hold the recorded image of a service.
func (f *fromRecords) reuse(ctx workflow.Context, h *hostRun, s app.Service) error {
	holder := f.holder(h, s.Name)
	if holder == nil {
		return f.findImages() // its lender was left behind meanwhile
	}
	recorded := f.imageOn(holder, s.Name)
	var image app.Image
	var err error
	switch {
	case recorded.ID == "":
		image, err = f.pullRecorded(ctx, h, s, s.Container.Image, "")
	case holder == h:
		image, err = f.take(ctx, h, s, recorded)
		if err != nil && recorded.RepoDigest != "" && activities.FailureOf(err).Kind == app.KindPruned {
			image, err = f.pullRecorded(ctx, h, s, recorded.RepoDigest, recorded.RepoDigest)
		}
	case recorded.RepoDigest != "":
		image, err = f.pullRecorded(ctx, h, s, recorded.RepoDigest, recorded.RepoDigest)
	default:
		image, err = f.borrow(ctx, h, holder, s, recorded)
	}
	if err != nil {
		return failed("take the recorded image", h.host, s.Name, err)
	}
	if wrong := planner.CheckImage(h.host, h.observed, s.Name, image); wrong != nil {
		return &stepError{failure: *wrong}
	}
	h.images[s.Name] = image
	return nil
}

// take gives an image that was built, and that the host holds, the name that the new release has for it.
func (f *fromRecords) take(ctx workflow.Context, h *hostRun, s app.Service, image app.Image) (app.Image, error) {
	in := activities.ReuseInput{Target: h.target(f.in.Spec.Site), Service: s.Name, Image: image}
	if s.Build != nil {
		in.Ref = planner.ImageTag(f.in.Spec.Site, s.Name, f.plan.Release)
	}
	return activities.Reuse.Run(ctx, in)
}

// pullRecorded has a host pull an image of a registry, by its digest where that is known.
func (f *fromRecords) pullRecorded(ctx workflow.Context, h *hostRun, s app.Service, ref, digest string) (app.Image, error) {
	image, err := activities.Pull.Run(ctx, activities.PullInput{
		Target:        h.target(f.in.Spec.Site),
		RegistryImage: activities.RegistryImage{Service: s.Name, Ref: ref, Registries: f.in.Spec.Registries},
		Platform:      s.Platform,
	})
	image.RepoDigest = cmp.Or(digest, image.RepoDigest)
	return image, err
}

// borrow carries an image from another host of the run, under the name that the new release has for it: a name of its own
// may have moved to another image there.
func (f *fromRecords) borrow(ctx workflow.Context, h, lender *hostRun, s app.Service, image app.Image) (app.Image, error) {
	lent, err := activities.Reuse.Run(ctx, activities.ReuseInput{
		Target: lender.target(f.in.Spec.Site), Service: s.Name, Image: image,
		Ref: planner.ImageTag(f.in.Spec.Site, s.Name, f.plan.Release),
	})
	if err != nil {
		return app.Image{}, err
	}
	result, err := activities.Transfer.RunOn(ctx, f.queue, activities.TransferInput{
		Target: h.target(f.in.Spec.Site), Builder: lender.host, Service: s.Name, Image: lent, MaxRate: f.in.Spec.Transfer.MaxRate,
	})
	h.sent = h.sent.Add(result.Transferred)
	if result.Note != "" {
		f.note(result.Note)
	}
	return result.Image, err
}
