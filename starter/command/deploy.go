package command

import (
	"context"
	"fmt"
	"os"
	"os/user"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/exit"
	"github.com/longshore-dev/longshore/starter/reader"
	"github.com/longshore-dev/longshore/workflows"
)

// deployFlags are the flags of deploy.
type deployFlags struct {
	runFlags
	plan           bool
	repair         bool
	bootstrap      bool
	acceptHostKeys bool
}

func (c *cli) deployCommand() *cobra.Command {
	var f deployFlags
	cmd := &cobra.Command{
		Use:   "deploy",
		Short: "Deploy the project to a site",
		Long: "Asks the site for a deploy, waits for its turn and follows it. Ctrl-C detaches: the run goes on. A failed deploy\n" +
			"leaves the old release serving. With --repair nothing is built: the current release is put in order wherever a\n" +
			"host differs from its record.",
		Example: "  longshore deploy --site production\n  longshore deploy --host deploy@203.0.113.10 --plan\n" +
			"  longshore deploy --supersede --request-id \"$CI_JOB_ID\"\n  longshore deploy --repair",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.deploy(cmd.Context(), &f) },
	}
	f.add(cmd)
	f.addPartial(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.plan, "plan", false, "print what would be done, and change nothing")
	flags.BoolVar(&f.repair, "repair", false, "put the current release in order instead, from its record")
	flags.BoolVar(&f.bootstrap, "bootstrap", false, "bootstrap the site's hosts first, where they are not ready")
	flags.BoolVar(&f.supersede, "supersede", false, "end deploys of the site that wait: this one is newer")
	flags.BoolVar(&f.project.options.Dirty, "dirty", false, "allow changes that are not committed")
	flags.BoolVar(&f.acceptHostKeys, "accept-new-host-keys", false, "accept and keep the SSH keys of hosts that are not known yet")
	cmd.MarkFlagsMutuallyExclusive("plan", "detach")
	cmd.MarkFlagsMutuallyExclusive("plan", "repair", "bootstrap")
	return cmd
}

func (c *cli) deploy(ctx context.Context, f *deployFlags) error {
	if f.repair {
		return c.recorded(ctx, &f.runFlags, app.RunRepair, nil)
	}
	options := f.project.options
	// A look at the plan needs no release id that can be found again.
	options.Dirty = options.Dirty || f.plan
	project, err := loadProject(ctx, options)
	if err != nil {
		return err
	}
	if err := checkSecrets(project); err != nil {
		return err
	}
	s, err := c.connect(ctx, project.Settings.StateDir)
	if err != nil {
		return err
	}
	defer s.Close()
	if f.acceptHostKeys {
		if err := c.acceptHostKeys(ctx, project.Spec.Site, project.Spec.Hosts); err != nil {
			return err
		}
	}
	input := workflows.DeployInput{Spec: project.Spec, Order: f.order()}
	if f.plan {
		return c.plan(ctx, s, input)
	}
	if f.bootstrap {
		if err := c.bootstrapFirst(ctx, s, options); err != nil {
			return err
		}
	}
	request := workflows.Request{Kind: app.RunDeploy, Deploy: &input}
	result, err := c.runToEnd(ctx, s, project, &f.runFlags, request)
	if !c.wantsBootstrap(ctx, f, project, result) {
		return err
	}
	if err := c.bootstrapFirst(ctx, s, options); err != nil {
		return err
	}
	return c.run(ctx, s, project, &f.runFlags, request)
}

// acceptHostKeys has the hosts' keys accepted before the run, which itself never accepts one. What else may be wrong
// with a host is for the run to say.
func (c *cli) acceptHostKeys(ctx context.Context, site app.Site, hosts []app.Host) error {
	r, err := newReader()
	if err != nil {
		return err
	}
	request := inspect.Request{Op: inspect.OpCheck, Site: site, Hosts: hosts, AcceptNewHostKeys: true}
	return reader.Each(ctx, r, request, func(answer inspect.CheckResponse) error {
		if p := answer.Problem; p != nil && p.Kind == app.KindHostKey {
			return exit.With(exit.Refused, fmt.Errorf("%s: %s; %s", answer.Host, p.Message, p.Advice))
		}
		return nil
	})
}

// operator is who asks, for the record: user@machine.
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
