package command

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
	"github.com/longshore-dev/longshore/workflows"
)

// bootstrapFlags are the flags of bootstrap.
type bootstrapFlags struct {
	options        config.Options
	check          bool
	revert         string
	acceptHostKeys bool
	detach         bool
}

func (c *cli) bootstrapCommand() *cobra.Command {
	var f bootstrapFlags
	cmd := &cobra.Command{
		Use:   "bootstrap [host…]",
		Short: "Make hosts of bare servers, hardened, and say what changed",
		Long: "Brings servers to what longshore.yml says of them: Docker, a login for deploys, a firewall, sshd, fail2ban, security\n" +
			"updates and the edge. Each item is looked at, and changed only where it differs. Hosts are named as in longshore.yml or\n" +
			"by address; without a name they are those of the site. A second run changes nothing.",
		Example: "  longshore bootstrap root@203.0.113.10 --accept-new-host-keys\n  longshore bootstrap --site production --check\n" +
			"  longshore bootstrap web-1 --revert firewall",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: f.completeHosts,
		RunE:              func(cmd *cobra.Command, args []string) error { return c.bootstrap(cmd.Context(), &f, args) },
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.options.Site, "site", "s", "", "the site whose hosts are meant, such as production")
	completeFlag(cmd, "site", (&projectFlags{}).completeSites)
	flags.StringVarP(&f.options.Dir, "directory", "C", "", "the project's folder (default: the current one)")
	flags.BoolVar(&f.check, "check", false, "change nothing; exit with 1 where something differs")
	flags.StringVar(&f.revert, "revert", "", "undo the change of one item instead: "+strings.Join(app.RevertibleItems(), " or "))
	completeFlag(cmd, "revert", cobra.FixedCompletions(app.RevertibleItems(), cobra.ShellCompDirectiveNoFileComp))
	flags.BoolVar(&f.acceptHostKeys, "accept-new-host-keys", false, "accept and keep the SSH keys of hosts that are not known yet")
	flags.BoolVar(&f.detach, "detach", false, "start the bootstraps and return")
	cmd.MarkFlagsMutuallyExclusive("check", "revert")
	return cmd
}

func (c *cli) bootstrap(ctx context.Context, f *bootstrapFlags, names []string) error {
	if f.revert != "" && !slices.Contains(app.RevertibleItems(), f.revert) {
		return exit.With(exit.Usage, fmt.Errorf("--revert %s: only %s can be reverted", f.revert, strings.Join(app.RevertibleItems(), " and ")))
	}
	fleet, err := config.LoadFleet(f.options, names)
	if err != nil {
		return invalid(err)
	}
	s, err := c.connect(ctx, fleet.Tool.StateDir)
	if err != nil {
		return err
	}
	defer s.Close()
	if f.acceptHostKeys {
		if err := c.acceptHostKeys(ctx, app.Site{}, fleetHosts(fleet)); err != nil {
			return err
		}
	}
	b := bootstraps{cli: c, session: s, check: f.check, revert: f.revert}
	if f.detach {
		return b.detach(ctx, fleet.Hosts)
	}
	reports, err := b.follow(ctx, fleet.Hosts)
	if err != nil {
		return err
	}
	for _, r := range reports {
		if err := display.Report(c.Out, c.format, r); err != nil {
			return err
		}
	}
	c.say("")
	b.sayHow(fleet, reports)
	return exit.Quiet(codeOf(reports))
}

func fleetHosts(fleet *config.Fleet) []app.Host {
	hosts := make([]app.Host, len(fleet.Hosts))
	for i, h := range fleet.Hosts {
		hosts[i] = h.Host
	}
	return hosts
}

// codeOf is the exit code for what became of all hosts.
func codeOf(reports []app.BootstrapReport) exit.Code {
	code := exit.OK
	for _, r := range reports {
		switch {
		case r.Failure != nil:
			return exit.Clean
		case r.Check && r.Changes() > 0:
			code = exit.Failure
		}
	}
	return code
}

// sayHow says in a line how each host's bootstrap ended, and what to do about it.
func (b bootstraps) sayHow(fleet *config.Fleet, reports []app.BootstrapReport) {
	for i, r := range reports {
		b.say("%s", display.ReportLine(b.format, r))
		if slices.ContainsFunc(r.Items, func(i app.Item) bool { return i.Name == "user" && i.Changed }) {
			b.note("%s", loginNote(fleet.Hosts[i]))
		}
	}
	if codeOf(reports) == exit.Failure {
		b.say("longshore bootstrap without --check brings what differs to what is wanted")
	}
}

// loginNote says how to use the login that was made.
func loginNote(h config.FleetHost) string {
	server := h.Address
	if _, name, ok := strings.Cut(server, "@"); ok {
		server = name
	}
	login := h.Bootstrap.User + "@" + server
	if !h.Defined {
		return fmt.Sprintf("%s may deploy and bootstrap from now on: longshore deploy --host %s", h.Bootstrap.User, login)
	}
	return fmt.Sprintf("%s may deploy to %s and bootstrap it from now on: set hosts.%s.address to %s in longshore.yml", h.Bootstrap.User, h.Name, h.Name, login)
}

// completeHosts offers the hosts of the project file.
func (f *bootstrapFlags) completeHosts(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	words := slices.DeleteFunc(config.Hosts(f.options.Dir), func(name string) bool { return slices.Contains(args, name) })
	return words, cobra.ShellCompDirectiveNoFileComp
}

// input is what is asked for of a host.
func (b bootstraps) input(h config.FleetHost) workflows.BootstrapInput {
	return workflows.BootstrapInput{Host: h.Host, Settings: h.Bootstrap, By: operator(), Check: b.check, Revert: b.revert}
}

// bootstrapFirst bootstraps the site's hosts for a deploy. Only what went wrong is told at length.
func (c *cli) bootstrapFirst(ctx context.Context, s *session, options config.Options) error {
	fleet, err := config.LoadFleet(options, nil)
	if err != nil {
		return invalid(err)
	}
	b := bootstraps{cli: c, session: s}
	reports, err := b.follow(ctx, fleet.Hosts)
	if err != nil {
		return err
	}
	for _, r := range reports {
		if r.Failure != nil || c.format == display.JSON {
			if err := display.Report(c.Out, c.format, r); err != nil {
				return err
			}
		}
	}
	b.sayHow(fleet, reports)
	c.say("")
	return exit.Quiet(codeOf(reports))
}

// wantsBootstrap asks, where a deploy has failed since a host has no Docker, whether to bootstrap and deploy again. A
// request that was given its id would only find the one that failed.
func (c *cli) wantsBootstrap(ctx context.Context, f *deployFlags, project *config.Project, result app.Result) bool {
	if result.Failure == nil || result.Failure.Kind != app.KindNoDocker || f.bootstrap || f.id != "" || !c.interactive() {
		return false
	}
	names := make([]string, len(project.Spec.Hosts))
	for i, h := range project.Spec.Hosts {
		names[i] = h.Name
	}
	return c.ask(ctx, fmt.Sprintf("\nInstall Docker on %s, set up its firewall and harden it (longshore bootstrap), and deploy again?", strings.Join(names, ", ")))
}
