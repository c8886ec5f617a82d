package command

import (
	"cmp"
	"context"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
	"github.com/longshore-dev/longshore/starter/run"
	"github.com/longshore-dev/longshore/workflows"
)

// askTimeout bounds one question to the engine.
const askTimeout = 10 * time.Second

// await shows what a run waits for until its turn, then the run until it ends, and ends with the code of its outcome. An
// interrupt leaves the run alone. It closes shown, and answers how the run ended.
func (c *cli) await(ctx context.Context, s *session, to target, accepted workflows.Accepted, shown display.Follower) (app.Result, error) {
	defer shown.Close()
	turn, err := s.queue(to.site).Await(ctx, to.request, accepted, shown.Show)
	if ctx.Err() != nil {
		shown.Close()
		return app.Result{}, c.left(to, "the request waits for its turn")
	}
	var result app.Result
	if err != nil {
		return result, err
	}
	url := ""
	if turn.RunID == "" {
		result = withoutRun(to.site, turn.Ended)
	} else {
		url = s.target.RunURL(to.workflow, turn.RunID)
		result, err = s.follower().Follow(ctx, to.site, to.workflow, turn.RunID, func(v run.View) {
			v.URL, v.Handle = url, to.handle()
			shown.Show(v)
		})
	}
	shown.Close()
	if ctx.Err() != nil {
		return app.Result{}, c.left(to, "the run goes on")
	}
	if err != nil {
		return result, err
	}
	result.Kind = cmp.Or(result.Kind, to.kind)
	result.Notes = append(result.Notes, superseded(accepted)...)
	if err := display.Result(c.Out, c.format, result, url); err != nil {
		return result, err
	}
	return result, exit.Quiet(exit.ForOutcome(result.Outcome))
}

// withoutRun is the result of a request that ended before its run began.
func withoutRun(site app.Site, e workflows.EndedRun) app.Result {
	result := app.Result{Outcome: e.Outcome, Kind: e.Kind, Site: site.String(), Release: e.Release, Previous: e.Previous, Returned: e.Returned}
	if e.Problem != "" {
		result.Notes = []string{e.Problem}
	}
	return result
}

// left ends a command that was interrupted while it followed a run.
func (c *cli) left(to target, state string) error {
	c.say("")
	c.say("detached; %s", state)
	c.sayHowToGoOn(to)
	return exit.Quiet(exit.Interrupted)
}

func (c *cli) sayHowToGoOn(to target) {
	c.say("watch it with   longshore watch %s", to.handle())
	c.say("cancel it with  longshore cancel %s", to.handle())
}

// nothing shows nothing.
type nothing struct{}

func (nothing) Show(run.View) {}
func (nothing) Close()        {}
