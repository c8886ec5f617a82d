package command

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/queue"
)

func (c *cli) releasesCommand() *cobra.Command {
	var p projectFlags
	cmd := &cobra.Command{
		Use:   "releases",
		Short: "List the releases that the site's hosts keep, and which can be reached by a rollback",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return c.releases(cmd.Context(), &p) },
	}
	p.add(cmd)
	return cmd
}

func (c *cli) releases(ctx context.Context, p *projectFlags) error {
	project, err := p.load(ctx)
	if err != nil {
		return err
	}
	answers, err := read(ctx, inspect.OpReleases, project, func(r inspect.ReleasesResponse) string { return r.Host })
	if err != nil {
		return err
	}
	found := map[string]*inspect.Problem{}
	var rows [][]string
	for _, answer := range answers {
		found[answer.Host] = answer.Problem
		for _, r := range answer.Releases {
			current := ""
			if r.Current {
				current = "current"
			}
			rows = append(rows, []string{
				answer.Host, r.ID, current, display.Ago(r.At, time.Now()), r.By, string(r.Outcome), yesOrNo(r.Stable), reachable(r), whatOf(r),
			})
		}
	}
	if c.format == display.JSON {
		err = display.Object(c.Out, answers)
	} else {
		header := []string{"HOST", "RELEASE", "", "SINCE", "BY", "OUTCOME", "STABLE", "REACHABLE", "WHAT"}
		err = display.Table(c.Out, header, rows)
	}
	return errors.Join(err, c.problems(found, project.Spec.Hosts))
}

func yesOrNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// reachable says whether a rollback can reach a release on its host, and which images it lacks where not.
func reachable(r inspect.Release) string {
	if r.Reachable {
		return "yes"
	}
	services := slices.Sorted(maps.Keys(r.Gone))
	if len(services) == 0 {
		return "no"
	}
	return "no, without the image of " + strings.Join(services, ", ")
}

// whatOf says what a release is: what it repeats or its commit's subject, why it was made, and why it was returned from.
func whatOf(r inspect.Release) string {
	what := r.Subject
	if r.Of != "" {
		what = queue.Name(r.Kind, r.Of)
	}
	for _, more := range []string{r.Why, r.Returned} {
		switch {
		case more == "":
		case what == "":
			what = more
		default:
			what += "; " + more
		}
	}
	return what
}
