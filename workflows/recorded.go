package workflows

import (
	"slices"
	"strconv"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

// fromRecords is a run of a release that the hosts have recorded. It finds out which, and then takes the deploy's own
// path with that release's spec and images, as a release of its own number.
type fromRecords struct {
	*deploy
	asked RecordedInput
	// recalled is what each host remembers that the run goes on with, by host.
	recalled map[string]activities.Recalled
	// record is the release that the run repeats.
	record app.Release
	// own says that it is the run's own, of before a reset: what was asked for is done, but for what is still missing.
	own bool
	// restarts are the services that get new containers though nothing about them changes.
	restarts []string
}

func newFromRecords(ctx workflow.Context, kind app.RunKind, in RecordedInput) *fromRecords {
	spec := app.Spec{Site: in.Site, Hosts: in.Hosts, Approve: in.Approve}
	return &fromRecords{deploy: newDeploy(ctx, kind, DeployInput{Spec: spec, Order: in.Order}), asked: in}
}

// repeat runs the release that recall answers: of its host's records each host answers the one asked for, or the current
// one. check may refuse it, or change what is done with it.
func (f *fromRecords) repeat(ctx workflow.Context, ask activities.RecallInput, check func() error) error {
	if err := f.recall(ctx, ask); err != nil {
		return err
	}
	if err := check(); err != nil {
		return err
	}
	if err := f.pinSecrets(ctx); err != nil {
		return err
	}
	if err := f.findImages(); err != nil {
		return err
	}
	spec := f.record.Spec
	spec.Hosts, spec.Approve = f.asked.Hosts, f.asked.Approve
	f.in.Spec = spec
	f.recorded = &recordedRun{
		of: f.record.Origin(), force: f.restarts, images: f.reuseImages, leaves: f.kind == app.RunRollback && !f.own,
	}
	if err := f.run(ctx); err != nil {
		return err
	}
	return f.resume(ctx)
}

// resume takes the word from the hosts that the site is stopped, where all of it was found running and so nothing was
// recorded.
func (f *fromRecords) resume(ctx workflow.Context) error {
	if !f.plan.Unchanged || f.stopped || f.stoppedOn() == "" {
		return nil
	}
	if err := f.takeFences(ctx); err != nil {
		return err
	}
	return f.onHosts(ctx, func(ctx workflow.Context, h *hostRun) error {
		_, err := activities.MarkStopped.Run(ctx, activities.StopSiteInput{Target: h.target(f.in.Spec.Site)})
		return failed("record that the site runs", h.host, "", err)
	})
}

// recall asks every host what it remembers, and settles on one release: what the host with the newest current release
// answers. A host that a partial run left behind, or that is new, may not have it.
func (f *fromRecords) recall(ctx workflow.Context, ask activities.RecallInput) error {
	f.report.phase(ctx, "recall")
	if err := f.askHosts(ctx, ask); err != nil {
		return err
	}
	newest := f.newest()
	if original := workflow.GetInfo(ctx).OriginalRunID; newest.Current != "" && newest.CurrentRun == original {
		f.own = true
		ask = activities.RecallInput{Release: newest.Current}
		if err := f.askHosts(ctx, ask); err != nil {
			return err
		}
	}
	f.result.Previous = newest.Current
	var found *app.Release
	for _, h := range f.hosts {
		r := f.recalled[h.host.Name]
		// A host that lacks the current release knows less of the ones before as well.
		counts := newest.Current == "" || ask.Release != "" || r.Current == newest.Current
		if r.Release != nil && counts && (found == nil || r.Release.Number > found.Number) {
			found = r.Release
		}
	}
	if found == nil {
		return f.nothingFound(ask)
	}
	f.record = *found
	if !slices.ContainsFunc(f.hosts, func(h *hostRun) bool { return !f.has(h) }) {
		return nil
	}
	// Some answered another release, as their own records say, or none: what do they know of this one?
	ask.Release = found.ID
	return f.askHosts(ctx, ask)
}

// askHosts asks every host at once.
func (f *fromRecords) askHosts(ctx workflow.Context, ask activities.RecallInput) error {
	f.recalled = map[string]activities.Recalled{}
	return f.onHosts(ctx, func(ctx workflow.Context, h *hostRun) error {
		ask := ask
		ask.Host, ask.Site = h.host, f.asked.Site
		answer, err := activities.Recall.Run(ctx, ask)
		f.recalled[h.host.Name] = answer
		if answer.Current != "" {
			h.observed.Current = &app.RecordedRelease{ID: answer.Current} // all that a refused run knows of it
		}
		return failed("recall", h.host, "", err)
	})
}

// hasServed says whether a host's current release is the run's own, of before a reset: what it forces is done then.
func (d *deploy) hasServed(ctx workflow.Context) bool {
	original := workflow.GetInfo(ctx).OriginalRunID
	return slices.ContainsFunc(d.hosts, func(h *hostRun) bool {
		return h.observed.Current != nil && h.observed.Current.OriginalRunID == original
	})
}

// newest is what the host remembers that has the newest current release.
func (f *fromRecords) newest() activities.Recalled {
	var newest activities.Recalled
	for _, h := range f.hosts {
		if r := f.recalled[h.host.Name]; r.Current != "" && (newest.Current == "" || r.CurrentAt.After(newest.CurrentAt)) {
			newest = r
		}
	}
	return newest
}

// has says whether a host has the record that the run repeats.
func (f *fromRecords) has(h *hostRun) bool {
	r := f.recalled[h.host.Name].Release
	return r != nil && r.ID == f.record.ID
}

// nothingFound refuses a release that no host has recorded.
func (f *fromRecords) nothingFound(ask activities.RecallInput) error {
	reachable := f.reachable()
	refused := app.Failure{Kind: app.KindMissing, Step: "recall"}
	switch {
	case len(reachable) == 0 && f.result.Previous == "":
		refused.Message = f.asked.Site.String() + " has no release on " + f.hostNames()
		refused.Advice = "Deploy it first."
	case ask.Release != "":
		refused.Message = "no host has recorded a release " + ask.Release + " of " + f.asked.Site.String()
		refused.Advice = canReach(reachable)
	case ask.Stable:
		refused.Message = "there is no release before " + f.result.Previous + " that came through its watch and was not returned from"
		refused.Advice = "To go back to another all the same, name it. " + canReach(reachable)
	default:
		refused.Message = "no release of " + f.asked.Site.String() + " is current on " + f.hostNames()
		refused.Advice = "Deploy it, or go back to a release by its name. " + canReach(reachable)
	}
	return refusal(refused)
}

// reachable are the releases that one host or another can run, newest first.
func (f *fromRecords) reachable() []string {
	var out []string
	for _, h := range f.hosts {
		for _, id := range f.recalled[h.host.Name].Reachable {
			if !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b string) int { return app.ReleaseNumber(b) - app.ReleaseNumber(a) })
	return out
}

// canReach tells a person what there is to go back to.
func canReach(reachable []string) string {
	if len(reachable) == 0 {
		return "No release can be reached: deploy the source again."
	}
	return "These can be reached: " + strings.Join(reachable, ", ") + "."
}

// hostNames are the run's hosts, for a person.
func (d *deploy) hostNames() string {
	var names []string
	for _, h := range d.hosts {
		names = append(names, h.host.Name)
	}
	return strings.Join(names, ", ")
}

// stoppedOn is a host on which the site was stopped on purpose; "" for none.
func (f *fromRecords) stoppedOn() string {
	for _, h := range f.hosts {
		if f.recalled[h.host.Name].Stopped {
			return h.host.Name
		}
	}
	return ""
}

// refuseStopped keeps a run from starting a site that somebody has stopped on purpose.
func (f *fromRecords) refuseStopped() error {
	host := f.stoppedOn()
	if host == "" {
		return nil
	}
	return refusal(app.Failure{
		Kind: app.KindSpec, Step: string(f.kind), Host: host,
		Message: f.asked.Site.String() + " is stopped on " + host,
		Advice:  "Start it first, with longshore start.",
	})
}

// service finds a service of the record by name, and refuses one that it does not have.
func (f *fromRecords) service(name string) (*app.Service, error) {
	var names []string
	for i := range f.record.Spec.Services {
		s := &f.record.Spec.Services[i]
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return nil, f.refuse(name, f.record.ID+" has no service "+strconv.Quote(name), "It has "+strings.Join(names, ", ")+".")
}

func (f *fromRecords) refuse(service, message, advice string) error {
	return refusal(app.Failure{Kind: app.KindSpec, Step: string(f.kind), Service: service, Message: message, Advice: advice})
}
