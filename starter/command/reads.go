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
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
	"github.com/longshore-dev/longshore/starter/reader"
	"github.com/longshore-dev/longshore/starter/supervise"
)

func newReader() (reader.Reader, error) {
	program, err := supervise.FindWorker()
	return reader.Reader{Program: program}, err
}

// read asks the project's hosts and collects their answers, in the order of the hosts.
func read[T any](ctx context.Context, op inspect.Op, project *config.Project, host func(T) string) ([]T, error) {
	r, err := newReader()
	if err != nil {
		return nil, err
	}
	answers := map[string]T{}
	request := inspect.Request{Op: op, Site: project.Spec.Site, Hosts: project.Spec.Hosts}
	err = reader.Each(ctx, r, request, func(answer T) error {
		answers[host(answer)] = answer
		return nil
	})
	if err != nil {
		return nil, err
	}
	sorted := make([]T, 0, len(answers))
	for _, h := range project.Spec.Hosts {
		if answer, ok := answers[h.Name]; ok {
			sorted = append(sorted, answer)
		}
	}
	return sorted, nil
}

// problems says which hosts could not be read. The command then fails, but only after it has shown what it has.
func (c *cli) problems(found map[string]*inspect.Problem, hosts []app.Host) error {
	failed := false
	for _, h := range hosts {
		p := found[h.Name]
		if p == nil {
			continue
		}
		failed = true
		// Many messages name the host themselves.
		line := h.Name + ": " + display.Clean(strings.TrimPrefix(p.Message, h.Name+": "))
		if p.Advice != "" {
			line += "; " + display.Clean(p.Advice)
		}
		c.warn("%s", line)
	}
	if failed {
		return exit.Quiet(exit.Failure)
	}
	return nil
}

func (c *cli) psCommand() *cobra.Command {
	var p projectFlags
	cmd := &cobra.Command{
		Use:   "ps",
		Short: "List the site's containers",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return c.ps(cmd.Context(), &p) },
	}
	p.add(cmd)
	return cmd
}

func (c *cli) ps(ctx context.Context, p *projectFlags) error {
	project, err := p.load(ctx)
	if err != nil {
		return err
	}
	answers, err := read(ctx, inspect.OpPs, project, func(r inspect.PsResponse) string { return r.Host })
	if err != nil {
		return err
	}
	found := map[string]*inspect.Problem{}
	var rows [][]string
	for _, answer := range answers {
		found[answer.Host] = answer.Problem
		for _, container := range answer.Containers {
			rows = append(rows, []string{
				answer.Host, container.Service, container.Name, container.Release, condition(container),
				display.Ago(container.StartedAt, time.Now()), ports(container.Ports),
			})
		}
	}
	if c.format == display.JSON {
		err = display.Object(c.Out, answers)
	} else {
		err = display.Table(c.Out, []string{"HOST", "SERVICE", "CONTAINER", "RELEASE", "STATUS", "STARTED", "PORTS"}, rows)
	}
	return errors.Join(err, c.problems(found, project.Spec.Hosts))
}

// condition is a container's status with what makes it worse or better.
func condition(c inspect.Container) string {
	text := c.Status
	if c.Status == "exited" {
		text += " " + strconv.Itoa(c.ExitCode)
	}
	if c.Health != "" {
		text += ", " + c.Health
	}
	if c.Restarts > 0 {
		text += fmt.Sprintf(", %d restarts", c.Restarts)
	}
	return text
}

func ports(published []app.Port) string {
	var out []string
	for _, p := range published {
		if p.Published == "" {
			continue
		}
		text := p.Published + "→" + strconv.Itoa(p.Target)
		if p.HostIP != "" {
			text = p.HostIP + ":" + text
		}
		if p.Protocol != "" && p.Protocol != "tcp" {
			text += "/" + p.Protocol
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}
