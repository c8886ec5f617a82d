package credential

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// command are the user's own steps. On the way back the versions change places: what is added, tested and revoked is
// always "new", "new" and "old".
type command struct {
	settings app.Rotation
	secret   string
	where    string
	run      func(context.Context, host.ExecCommand) (host.Output, error)
}

func (k command) add(ctx context.Context, c change) error {
	return k.step(ctx, "add", k.settings.Add, c)
}

func (k command) test(ctx context.Context, c change) error {
	return k.step(ctx, "test", k.settings.Test, c)
}

func (k command) revoke(ctx context.Context, c change) error {
	return k.step(ctx, "revoke", k.settings.Revoke, c)
}

// order is what a step reads.
type order struct {
	Name string  `json:"name"`
	Old  version `json:"old"`
	New  version `json:"new"`
}

type version struct {
	Version string `json:"version"`
	Value   string `json:"value"`
}

// step runs one of the steps; one that is not set has nothing to do.
func (k command) step(ctx context.Context, name string, args []string, c change) error {
	if len(args) == 0 {
		return nil
	}
	stdin, err := json.Marshal(order{
		Name: k.secret,
		Old:  version{c.unwanted.version, c.unwanted.value.Reveal()},
		New:  version{c.wanted.version, c.wanted.value.Reveal()},
	})
	if err != nil {
		return errors.New("the secret's value cannot be written as JSON")
	}
	_, err = k.run(ctx, host.ExecCommand{Args: args, Stdin: bytes.NewReader(append(stdin, '\n'))})
	var exit *host.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	return activities.Fail(app.Failure{
		Kind: app.KindCredential, Service: k.settings.Service, Exited: true, ExitCode: exit.Code,
		Message: fmt.Sprintf("the step %s (%s %s) failed: %s", name, args[0], k.where, message(exit.Stderr)),
		Advice:  "Mend rotate." + name + " of the secret, and rotate again.",
	}, nil)
}
