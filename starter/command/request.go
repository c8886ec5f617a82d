package command

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
	"github.com/longshore-dev/longshore/starter/queue"
	"github.com/longshore-dev/longshore/starter/run"
	"github.com/longshore-dev/longshore/workflows"
)

// runFlags are the flags of every command that asks its site for a run.
type runFlags struct {
	project      projectFlags
	detach       bool
	why          string
	id           string
	breakFreeze  bool
	supersede    bool
	allowPartial bool
}

// add adds what all such commands have.
func (f *runFlags) add(cmd *cobra.Command) {
	f.project.add(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.detach, "detach", false, "ask for the run and return")
	flags.StringVar(&f.why, "why", "", "a reason, kept in the records")
	flags.StringVar(&f.id, "request-id", "", "an id for the request: a repeat with the same id follows the first (default: a new one)")
	flags.BoolVar(&f.breakFreeze, "break-freeze", false, "go ahead in spite of a freeze, which is recorded")
}

// addPartial adds the flag of the commands that can leave hosts behind.
func (f *runFlags) addPartial(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.allowPartial, "allow-partial", false, "leave hosts behind that cannot be reached; they are finished when they come back")
}

func (f *runFlags) order() workflows.Order {
	return workflows.Order{By: operator(), Why: f.why, AllowPartial: f.allowPartial}
}

// newRequestID names a request: later ones sort after earlier ones, and no two are the same.
func newRequestID(now time.Time) string {
	return now.UTC().Format("20060102-150405") + "-" + strings.ToLower(rand.Text()[:6])
}

// run asks the site for a run, waits for its turn and follows it to its end.
func (c *cli) run(ctx context.Context, s *session, project *config.Project, f *runFlags, r workflows.Request) error {
	_, err := c.runToEnd(ctx, s, project, f, r)
	return err
}

// runToEnd is run, and answers how the run ended; nothing where that is not known.
func (c *cli) runToEnd(ctx context.Context, s *session, project *config.Project, f *runFlags, r workflows.Request) (app.Result, error) {
	site := project.Spec.Site
	r.ID = cmp.Or(f.id, newRequestID(time.Now()))
	r.Supersede, r.BreakFreeze = f.supersede, f.breakFreeze
	to := target{site: site, request: r.ID, kind: r.Kind, title: title(site, queue.Name(r.Kind, source(r)))}
	var shown display.Follower = nothing{}
	if !f.detach {
		shown = display.NewFollower(c.format, c.Out, to.title)
	}
	accepted, err := s.queue(site).Request(ctx, r, func(missing string) { shown.Show(run.View{Waiting: missing}) })
	if err != nil {
		shown.Close()
		return app.Result{}, c.notTaken(ctx, to, err)
	}
	to.workflow = accepted.WorkflowID
	if to.workflow != workflows.RunID(site, r.Kind, r.ID) {
		shown.Close()
		return app.Result{}, exit.With(exit.Usage, fmt.Errorf("the request id %s is taken by %s: give another", r.ID, to.workflow))
	}
	if f.detach {
		return app.Result{}, c.detached(s, to, accepted)
	}
	return c.await(ctx, s, to, accepted, shown)
}

// notTaken says why a request was not taken.
func (c *cli) notTaken(ctx context.Context, to target, err error) error {
	if refusal, ok := errors.AsType[*queue.Refusal](err); ok {
		return c.refused(to, refusal)
	}
	if ctx.Err() != nil {
		c.say("")
		c.say("interrupted before the site has answered: the request may still be taken")
		c.say("look for it with  longshore status --site %s", to.site.Name)
		return exit.Quiet(exit.Interrupted)
	}
	if errors.Is(err, queue.ErrNoWorker) {
		return fmt.Errorf("%w. The request may still be taken once one comes: longshore cancel %s withdraws it", err, to.handle())
	}
	return err
}

// refused shows a no of the site or of a run, with what to do.
func (c *cli) refused(to target, refusal *queue.Refusal) error {
	result := app.Result{Outcome: app.Refused, Kind: to.kind, Site: to.site.String(), Failure: &refusal.Failure}
	if err := display.Result(c.Out, c.format, result, ""); err != nil {
		return err
	}
	if refusal.Failure.Kind == app.KindSpec {
		return exit.Quiet(exit.Usage)
	}
	return exit.Quiet(exit.Refused)
}

// detached tells of a run that was asked for and is not followed.
func (c *cli) detached(s *session, to target, accepted workflows.Accepted) error {
	url := s.target.RunURL(to.workflow, "")
	if c.format == display.JSON {
		return display.Object(c.Out, map[string]any{
			"site": to.site.String(), "request_id": to.request, "workflow_id": to.workflow, "ahead": accepted.Ahead, "url": url,
		})
	}
	c.say("asked for it: %s", to.title)
	for _, note := range superseded(accepted) {
		c.note("%s", note)
	}
	if accepted.Ahead > 0 {
		c.say("it waits for its turn, %d ahead", accepted.Ahead)
	} else if url != "" {
		c.say("web UI          %s", url)
	}
	c.sayHowToGoOn(to)
	return nil
}

// superseded says whose place a request has taken.
func superseded(accepted workflows.Accepted) []string {
	notes := make([]string, len(accepted.Superseded))
	for i, id := range accepted.Superseded {
		notes[i] = "it superseded " + id + ", which waited"
	}
	return notes
}

// source is what a request's run is about, in a word; empty for a run of the current release.
func source(r workflows.Request) string {
	switch {
	case r.Deploy != nil:
		return r.Deploy.Spec.Source.ID
	case r.Recorded != nil:
		return r.Recorded.To
	}
	return ""
}

// title names a run of a site in one line: "deploy shop production a1b2c3d".
func title(site app.Site, name string) string {
	project := site.Project
	if site.Org != app.DefaultOrg {
		project = site.Org + "/" + site.Project
	}
	kind, rest, _ := strings.Cut(name, " ")
	return strings.TrimSpace(strings.Join([]string{kind, project, site.Name, rest}, " "))
}
