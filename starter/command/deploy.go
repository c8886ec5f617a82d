package command

import (
	"context"
	"fmt"
	"os"
	"os/user"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
	"github.com/longshore-dev/longshore/starter/reader"
	"github.com/longshore-dev/longshore/workflows"
)

// deployFlags are the flags of deploy.
type deployFlags struct {
	project        projectFlags
	plan           bool
	detach         bool
	why            string
	acceptHostKeys bool
}

func (c *cli) deployCommand() *cobra.Command {
	var f deployFlags
	cmd := &cobra.Command{
		Use:   "deploy",
		Short: "Deploy the project to a site",
		Long: "Starts a deploy and follows it. Ctrl-C detaches: the run goes on. A failed deploy leaves the old release\n" +
			"serving.",
		Example: "  longshore deploy --site production\n  longshore deploy --host deploy@203.0.113.10 --plan",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.deploy(cmd.Context(), f) },
	}
	f.project.add(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.plan, "plan", false, "print what would be done, and change nothing")
	flags.BoolVar(&f.detach, "detach", false, "start the run and return")
	flags.BoolVar(&f.project.options.Dirty, "dirty", false, "allow changes that are not committed")
	flags.StringVar(&f.why, "why", "", "a reason, kept in the release's record")
	flags.BoolVar(&f.acceptHostKeys, "accept-new-host-keys", false, "accept and keep the SSH keys of hosts that are not known yet")
	cmd.MarkFlagsMutuallyExclusive("plan", "detach")
	return cmd
}

func (c *cli) deploy(ctx context.Context, f deployFlags) error {
	options := f.project.options
	// A look at the plan needs no release id that can be found again.
	options.Dirty = options.Dirty || f.plan
	project, err := loadProject(ctx, options)
	if err != nil {
		return err
	}
	s, err := c.connect(ctx, project.Settings.StateDir)
	if err != nil {
		return err
	}
	defer s.Close()
	if f.acceptHostKeys {
		if err := c.acceptHostKeys(ctx, project.Spec); err != nil {
			return err
		}
	}
	input := workflows.DeployInput{Spec: project.Spec, Order: workflows.Order{By: operator(), Why: f.why}}
	if f.plan {
		return c.plan(ctx, s, input)
	}
	runID, err := s.startDeploy(ctx, input)
	if busy, ok := asBusy(err); ok {
		return c.refuse(ctx, s, project.Spec.Site, busy)
	}
	if err != nil {
		return err
	}
	site, id := project.Spec.Site, workflows.DeployID(project.Spec.Site)
	url := s.target.RunURL(id, runID)
	if f.detach {
		if c.format == display.JSON {
			return display.Object(c.Out, map[string]string{"site": site.String(), "workflow_id": id, "run_id": runID, "url": url})
		}
		c.say("started the deploy of %s", site)
		if url != "" {
			c.say("%s", url)
		}
		c.sayHowToGoOn(project)
		return nil
	}
	return c.follow(ctx, s, followed{project: project, id: id, runID: runID, title: summary(input)})
}

// plan runs the workflow that looks and decides but does nothing.
func (c *cli) plan(ctx context.Context, s *session, input workflows.DeployInput) error {
	id, runID, err := s.startPlan(ctx, input)
	if err != nil {
		return err
	}
	format := c.format
	if format == display.JSON {
		format = display.Plain
	}
	var progress display.Follower = nothing{}
	if format == display.TTY {
		progress = display.NewFollower(format, c.Err, "plan "+input.Spec.Site.String(), "")
	}
	result, err := s.follower().Follow(ctx, input.Spec.Site, id, runID, progress.Show)
	progress.Close()
	if err != nil {
		return err
	}
	if c.format == display.JSON || result.Plan == nil {
		if err := display.Result(c.Out, c.format, result, s.target.RunURL(id, runID)); err != nil {
			return err
		}
		return exit.Quiet(exit.ForOutcome(result.Outcome))
	}
	if err := display.Plan(c.Out, c.format, *result.Plan); err != nil {
		return err
	}
	for _, note := range result.Notes {
		c.say("note: %s", display.Clean(note))
	}
	return nil
}

// acceptHostKeys has the hosts' keys accepted before the run, which itself never accepts one. What else may be wrong
// with a host is for the run to say.
func (c *cli) acceptHostKeys(ctx context.Context, spec app.Spec) error {
	r, err := newReader()
	if err != nil {
		return err
	}
	request := inspect.Request{Op: inspect.OpCheck, Site: spec.Site, Hosts: spec.Hosts, AcceptNewHostKeys: true}
	return reader.Each(ctx, r, request, func(answer inspect.CheckResponse) error {
		if p := answer.Problem; p != nil && p.Kind == app.KindHostKey {
			return exit.With(exit.Refused, fmt.Errorf("%s: %s; %s", answer.Host, p.Message, p.Advice))
		}
		return nil
	})
}

// operator is who deploys, for the record: user@machine.
func operator() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if machine, err := os.Hostname(); err == nil {
		name += "@" + machine
	}
	return name
}

func (c *cli) sayHowToGoOn(project *config.Project) {
	site := project.Spec.Site.Name
	c.say("watch it with   longshore watch --site %s", site)
	c.say("cancel it with  longshore cancel --site %s", site)
}

// nothing shows nothing.
type nothing struct{}

func (nothing) Show(run view) {}
func (nothing) Close()        {}
