package command

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/workflows"
)

// lookTimeout bounds the look at the engine, which status can do without.
const lookTimeout = 2 * time.Second

func (c *cli) statusCommand() *cobra.Command {
	var p projectFlags
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what serves the site on each host, and the deploy that is going on",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return c.status(cmd.Context(), &p) },
	}
	p.add(cmd)
	return cmd
}

// siteStatus is the whole answer of status, as JSON has it.
type siteStatus struct {
	Site  string                   `json:"site"`
	Run   *runStatus               `json:"run,omitempty"`
	Hosts []inspect.StatusResponse `json:"hosts"`
}

// runStatus is the site's last deploy, where the engine answers.
type runStatus struct {
	State   string    `json:"state"` // as the engine has it: running, completed, failed, …
	Title   string    `json:"title,omitempty"`
	Started time.Time `json:"started"`
	URL     string    `json:"url,omitempty"`
}

func (c *cli) status(ctx context.Context, p *projectFlags) error {
	project, err := p.load(ctx)
	if err != nil {
		return err
	}
	answers, err := read(ctx, inspect.OpStatus, project, func(r inspect.StatusResponse) string { return r.Host })
	if err != nil {
		return err
	}
	status := siteStatus{Site: project.Spec.Site.String(), Run: lookAtRun(ctx, project), Hosts: answers}
	found := map[string]*inspect.Problem{}
	for _, answer := range answers {
		found[answer.Host] = answer.Problem
	}
	if c.format == display.JSON {
		err = display.Object(c.Out, status)
	} else {
		err = c.printStatus(status)
	}
	return errors.Join(err, c.problems(found, project.Spec.Hosts))
}

func (c *cli) printStatus(status siteStatus) error {
	c.say("%s", status.Site)
	if r := status.Run; r != nil && r.State == "running" {
		c.say("going on: %s, %s %s", display.Clean(r.Title), display.Ago(r.Started, time.Now()), r.URL)
	}
	var rows [][]string
	for _, h := range status.Hosts {
		if h.Problem != nil {
			continue
		}
		if h.Release == "" {
			rows = append(rows, []string{h.Host, "nothing deployed", "", "", "", ""})
			continue
		}
		for i, s := range h.Services {
			row := []string{"", "", "", s.Service, fmt.Sprintf("%d of %d running, %d healthy", s.Running, s.Wanted, s.Healthy), ""}
			if i == 0 {
				row[0], row[1], row[2] = h.Host, h.Release, display.Ago(h.At, time.Now())
			}
			if s.Routed {
				row[5] = "routed, " + strconv.FormatInt(h.InFlight, 10) + " requests in flight"
			}
			rows = append(rows, row)
		}
	}
	return display.Table(c.Out, []string{"HOST", "RELEASE", "DEPLOYED", "SERVICE", "REPLICAS", "TRAFFIC"}, rows)
}

// lookAtRun asks the engine for the site's last deploy; nil where it does not answer or knows none: the hosts alone
// tell what serves.
func lookAtRun(ctx context.Context, project *config.Project) *runStatus {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	s, err := connect(ctx, project.Settings.StateDir)
	if err != nil {
		return nil
	}
	defer s.Close()
	answer, err := s.lastRun(ctx, project.Spec.Site)
	if err != nil {
		return nil
	}
	info := answer.GetWorkflowExecutionInfo()
	return &runStatus{
		State:   strings.ToLower(info.GetStatus().String()),
		Title:   s.summary(answer),
		Started: info.GetStartTime().AsTime(),
		URL:     s.target.RunURL(workflows.DeployID(project.Spec.Site), info.GetExecution().GetRunId()),
	}
}
