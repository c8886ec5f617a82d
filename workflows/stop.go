package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/planner"
)

// Stop takes a site out of the edges and stops its containers, which are kept, as all else of it. It answers how it
// ended, as Deploy does.
func Stop(ctx workflow.Context, in StopInput) (app.Result, error) {
	s := newStopping(ctx, app.RunStop, in)
	return s.end(ctx, s.run(ctx))
}

// stopping is a run that takes a site's traffic away, and then what ran for it. Until every host's edge has let go of the
// site it can go back; from then on it goes on as far as it can, on each host.
type stopping struct {
	*deploy
	asked StopInput
	// specs are what each host recorded as current, by host: how long to drain, and what depends on what.
	specs map[string]app.Spec
	// erase has all that is left of the site removed at the end.
	erase bool
}

func newStopping(ctx workflow.Context, kind app.RunKind, in StopInput) *stopping {
	// A host that cannot be reached would go on serving, and a site that is stopped in part cannot be told from one that
	// has drifted: nobody is left behind.
	in.AllowPartial = false
	spec := app.Spec{Site: in.Site, Hosts: in.Hosts}
	return &stopping{
		deploy: newDeploy(ctx, kind, DeployInput{Spec: spec, Order: in.Order}),
		asked:  in, specs: map[string]app.Spec{}, erase: kind == app.RunRemove,
	}
}

func (s *stopping) run(ctx workflow.Context) error {
	s.report.title = s.asked.Site.String() + " " + string(s.kind)
	if err := s.look(ctx); err != nil || s.plan.Unchanged {
		return err
	}
	if err := s.takeFences(ctx); err != nil {
		return err
	}
	if err := s.takeRoutes(ctx); err != nil {
		return err
	}
	s.committed = true
	// A cancel that comes now is too late: the site gets no traffic any more.
	forward, stop := workflow.NewDisconnectedContext(ctx)
	defer stop()
	return s.wind(forward)
}

// look finds out what there is to stop. It refuses a site of which there is nothing.
func (s *stopping) look(ctx workflow.Context) error {
	if err := s.observe(ctx); err != nil {
		return err
	}
	err := s.onHosts(ctx, func(ctx workflow.Context, h *hostRun) error {
		if h.observed.Current == nil {
			return nil
		}
		recalled, err := activities.Recall.Run(ctx, activities.RecallInput{Host: h.host, Site: s.asked.Site})
		if err == nil && recalled.Release != nil {
			s.specs[h.host.Name] = recalled.Release.Spec
		}
		return failed("recall", h.host, "", err)
	})
	if err != nil {
		return err
	}
	s.plan.Site = s.asked.Site.String()
	for _, h := range s.hosts {
		if s.plan.Previous == "" {
			s.plan.Previous = planner.Serving(s.asked.Site, h.observed)
		}
	}
	s.result.Previous = s.plan.Previous
	s.plan.Unchanged = !slices.ContainsFunc(s.hosts, func(h *hostRun) bool { return s.hasToEnd(h) })
	known := slices.ContainsFunc(s.hosts, func(h *hostRun) bool { return isKnown(h.observed) })
	if s.plan.Unchanged && !known && !s.erase {
		return refusal(app.Failure{
			Kind: app.KindMissing, Step: "observe", Message: s.asked.Site.String() + " was never deployed to " + s.hostNames(),
			Advice: "Check the site's name, with longshore status.",
		})
	}
	return nil
}

// isKnown says whether anything on a host is the site's.
func isKnown(o app.Observed) bool {
	return o.Current != nil || o.LastNumber > 0 || len(o.Containers) > 0 || len(o.Networks) > 0
}

// hasToEnd says whether the run has anything to do on a host.
func (s *stopping) hasToEnd(h *hostRun) bool {
	if s.erase {
		return isKnown(h.observed) || h.observed.Stopped || s.asked.Volumes && len(h.observed.Volumes) > 0
	}
	_, routed := s.observedTable(h)
	running := len(planner.StopOrder(app.Spec{}, h.observed)) > 0
	return isKnown(h.observed) && (routed || running || !h.observed.Stopped)
}

// takeRoutes takes the site out of every host's edge, or out of none.
func (s *stopping) takeRoutes(ctx workflow.Context) error {
	s.report.phase(ctx, "take the routes")
	s.switchedAt = workflow.Now(ctx)
	return s.onHosts(ctx, func(ctx workflow.Context, h *hostRun) error {
		if _, routed := s.observedTable(h); !routed {
			return nil
		}
		h.plan.Table = &app.EdgeTable{Site: s.asked.Site.String()}
		in := s.switchInput(h)
		s.pushBack(h)
		_, err := activities.Switch.Run(ctx, in)
		h.switched = err == nil
		return failed("take the routes", h.host, "", err)
	})
}

// wind brings every host to the end, each as far as it can.
func (s *stopping) wind(ctx workflow.Context) error {
	s.report.phase(ctx, "stop")
	s.onward(ctx, s.stopHost)
	if s.erase {
		s.report.phase(ctx, "remove")
		s.onward(ctx, func(ctx workflow.Context, h *hostRun) error {
			_, err := activities.Erase.Run(ctx, activities.EraseInput{Target: h.target(s.asked.Site), Volumes: s.asked.Volumes})
			return failed("remove", h.host, "", err)
		})
		s.eraseBuilds(ctx)
	}
	for _, h := range s.hosts {
		if h.unsettled != nil {
			return h.unsettled
		}
	}
	return nil
}

// eraseBuilds removes the site's images from the builder's engine, where that is none of the hosts'. They do no harm
// there, so what goes wrong is only told of.
func (s *stopping) eraseBuilds(ctx workflow.Context) {
	builds := slices.ContainsFunc(s.hosts, func(h *hostRun) bool {
		return slices.ContainsFunc(s.specs[h.host.Name].Services, func(service app.Service) bool { return service.Build != nil })
	})
	if !builds {
		return
	}
	err := s.pickBuilder(ctx)
	if err == nil {
		err = s.pruneBuilds(ctx, 0)
	}
	if err != nil {
		s.note("The site's images may still be on the builder: " + failureOf(err).Message)
	}
}

// stopHost lets what runs finish its requests, and stops it: what depends on others first.
func (s *stopping) stopHost(ctx workflow.Context, h *hostRun) error {
	target := h.target(s.asked.Site)
	// Said first: whatever comes in between, nothing shall start the rest of the site again.
	if _, err := activities.MarkStopped.Run(ctx, activities.StopSiteInput{Target: target, Stopped: true}); err != nil {
		return failed("record the stop", h.host, "", err)
	}
	if table, routed := s.observedTable(h); routed && table.Release != "" {
		drain := s.drain(h)
		in := activities.DrainInput{Target: target, Release: table.Release, Until: s.switchedAt.Add(drain), Drain: drain}
		if _, err := activities.Drain.Run(ctx, in); err != nil {
			return failed("drain", h.host, "", err)
		}
	}
	for _, names := range planner.StopOrder(s.specs[h.host.Name], h.observed) {
		if _, err := activities.Stop.Run(ctx, activities.ContainersInput{Target: target, Service: "containers", Names: names}); err != nil {
			return failed("stop", h.host, "", err)
		}
	}
	return nil
}

// drain is how long the site's requests on a host may take to their end.
func (s *stopping) drain(h *hostRun) time.Duration {
	spec, known := s.specs[h.host.Name]
	if !known {
		return app.DefaultDrain
	}
	var drain time.Duration
	for _, service := range spec.Services {
		if service.Routed() {
			drain = max(drain, service.Drain)
		}
	}
	return drain
}

// end decides the outcome and answers.
func (s *stopping) end(ctx workflow.Context, err error) (app.Result, error) {
	asked := ctx.Err() != nil
	ctx, stop := workflow.NewDisconnectedContext(ctx)
	defer stop()
	switch {
	case err == nil && s.plan.Unchanged:
		s.result.Outcome = app.Unchanged
	case err == nil:
		s.result.Outcome = app.Succeeded
		if asked {
			s.note("The cancel came after the routes were taken, and was too late.")
		}
	case s.committed:
		s.failHalfway(err)
	default:
		s.compensate(ctx, err, asked || temporal.IsCanceledError(err))
	}
	s.tell(ctx)
	return s.result, runError(s.result)
}

// failHalfway tells of a site that gets no traffic any more, and of which something is left.
func (s *stopping) failHalfway(err error) {
	f := failureOf(err)
	rest := "containers that may run"
	if s.erase {
		rest = "containers, images or records"
	}
	for _, h := range s.hosts {
		if h.unsettled != nil {
			f.Left = append(f.Left, h.host.Name+": "+rest)
		}
	}
	f.Advice = joinAdvice(f.Advice, "The site gets no traffic any more. Run longshore "+string(s.kind)+" again to finish what is left.")
	s.result.Outcome, s.result.Failure = app.FailedDirty, &f
}
