package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"go.temporal.io/sdk/client"
	"golang.org/x/term"

	"github.com/longshore-dev/longshore/activities/engine"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/starter/queue"
	"github.com/longshore-dev/longshore/starter/run"
)

// session is a connection to the engine, and what reads its runs.
type session struct {
	client.Client
	target engine.Target
	fold   run.Fold
}

func (s *session) follower() run.Follower {
	return run.Follower{Client: s.Client, Namespace: s.target.Namespace, Fold: s.fold}
}

func (s *session) queue(site app.Site) queue.Queue { return queue.Queue{Client: s.Client, Site: site} }

// connect dials the engine. Where the embedded one does not answer and a person is there, it offers to start it.
func (c *cli) connect(ctx context.Context, state string) (*session, error) {
	s, err := connect(ctx, state)
	if !errors.Is(err, engine.ErrNotAnswering) || !c.interactive() {
		return s, err
	}
	if _, notEmbedded := embedded(); notEmbedded != nil || !c.ask(ctx, "No engine answers. Start one in the background (longshore up -d)?") {
		return nil, err
	}
	if err := c.upDetached(ctx, state); err != nil {
		return nil, err
	}
	return connect(ctx, state)
}

func connect(ctx context.Context, state string) (*session, error) {
	target, err := engine.Find(engine.Settings{State: state})
	if err != nil {
		return nil, err
	}
	data, failures, err := target.Converters()
	if err != nil {
		return nil, err
	}
	dialled, err := target.Dial(ctx)
	if err != nil {
		return nil, err
	}
	return &session{Client: dialled, target: target, fold: run.Fold{Data: data, Failures: failures}}, nil
}

// interactive says whether a person can be asked.
func (c *cli) interactive() bool {
	in, ok := c.In.(*os.File)
	return ok && term.IsTerminal(int(in.Fd()))
}

// ask asks for a yes, which an empty line is too. An end of input is a no, and so is Ctrl-C.
func (c *cli) ask(ctx context.Context, question string) bool {
	_, _ = fmt.Fprintf(c.Err, "%s [Y/n] ", question)
	line, err := answer(ctx, c.In)
	if err != nil {
		return false
	}
	switch strings.ToLower(line) {
	case "", "y", "yes":
		return true
	}
	return false
}
