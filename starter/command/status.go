package command

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/activities/inspect"
	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/queue"
	"github.com/longshore-dev/longshore/workflows"
)

// lookTimeout bounds the look at the engine, which status can do without.
const lookTimeout = 2 * time.Second

func (c *cli) statusCommand() *cobra.Command {
	var p projectFlags
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what serves the site, what runs and waits, and where hosts differ from the release",
		Long: "Shows what serves the site on each host and how that differs from the recorded release; whether the site is frozen,\n" +
			"stopped or left behind on a host; which run is under way and which wait; and how the last ones ended. Works with\n" +
			"the engine down: then the queue is unknown.",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.status(cmd.Context(), &p) },
	}
	p.add(cmd)
	return cmd
}

// siteStatus is the whole answer of status, as JSON has it.
type siteStatus struct {
	Site  string      `json:"site"`
	Queue queueStatus `json:"queue"`
	// Freeze is in force, as the engine has it, or else the hosts; nil for none.
	Freeze *app.Freeze `json:"freeze,omitempty"`
	// Behind are the hosts that the current release left as they were.
	Behind []string                 `json:"behind,omitempty"`
	Hosts  []inspect.StatusResponse `json:"hosts"`
}

// queueStatus is the site's queue, where the engine answers.
type queueStatus struct {
	Running *workflows.Waiting `json:"running,omitempty"`
	// Question is what the run under way waits for a person to decide; nil where it waits for nobody.
	Question *workflows.Question  `json:"question,omitempty"`
	Waiting  []workflows.Waiting  `json:"waiting,omitempty"`
	Ended    []workflows.EndedRun `json:"ended,omitempty"` // the last first
	// URL is the page in the web UI of the run under way, else of the next or the last; empty where there is none.
	URL string `json:"url,omitempty"`
	// Unknown is why the queue is not known; empty where it is.
	Unknown string `json:"unknown,omitempty"`
	// None says that the engine knows nothing of the site: nothing runs or waits, and what ended is not remembered.
	None bool `json:"none,omitempty"`
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
	status := siteStatus{Site: project.Spec.Site.String(), Hosts: answers}
	status.look(ctx, project)
	found := map[string]*inspect.Problem{}
	for _, answer := range answers {
		found[answer.Host] = answer.Problem
		if status.Freeze == nil && (status.Queue.None || status.Queue.Unknown != "") {
			status.Freeze = answer.Freeze
		}
		if len(status.Behind) == 0 {
			status.Behind = answer.Behind
		}
	}
	if !status.Freeze.Holds(time.Now()) {
		status.Freeze = nil
	}
	if c.format == display.JSON {
		err = display.Object(c.Out, status)
	} else {
		err = c.printStatus(project, status, time.Now())
	}
	return errors.Join(err, c.problems(found, project.Spec.Hosts))
}

// look asks the engine for the queue. The hosts alone tell what serves.
func (s *siteStatus) look(ctx context.Context, project *config.Project) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	engine, err := connect(ctx, project.Settings.StateDir)
	if err != nil {
		s.Queue.Unknown = err.Error()
		return
	}
	defer engine.Close()
	state, err := engine.queue(project.Spec.Site).State(ctx, "")
	switch {
	case errors.Is(err, queue.ErrNone):
		s.Queue.None = true
	case ctx.Err() != nil:
		s.Queue.Unknown = queue.ErrNoWorker.Error()
	case err != nil:
		s.Queue.Unknown = err.Error()
	}
	s.Queue.Running, s.Queue.Waiting, s.Queue.Ended = state.Running, state.Queue, state.Ended
	s.Freeze, s.Behind = state.Freeze, state.Behind
	if all := known(state); len(all) > 0 {
		s.Queue.URL = engine.target.RunURL(all[0].WorkflowID, "")
	}
	if r := state.Running; r != nil {
		if question, err := engine.follower().Question(ctx, r.WorkflowID, ""); err == nil && question.Waiting {
			s.Queue.Question = &question
		}
	}
}
