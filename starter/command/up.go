package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/activities/engine"
	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/supervise"
)

func (c *cli) upCommand() *cobra.Command {
	var detach bool
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start the embedded engine, its web UI and a worker",
		Long: "Starts the embedded engine, its web UI and a worker on this machine, on loopback, and starts either again when\n" +
			"it dies. Runs in the foreground until Ctrl-C; with -d in the background until longshore down.",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.up(cmd.Context(), detach) },
	}
	cmd.Flags().BoolVarP(&detach, "detach", "d", false, "run in the background, and return once it is ready")
	return cmd
}

func (c *cli) up(ctx context.Context, detach bool) error {
	tool, err := embedded()
	if err != nil {
		return err
	}
	state := tool.StateDir
	if detach {
		return c.upDetached(ctx, state)
	}
	err = supervise.Run(ctx, state, askedPorts(tool), func(line string) { c.say("%s", line) }, func(e engine.Endpoints) {
		_ = c.printEndpoints(e)
		c.say("Ctrl-C stops them.")
	})
	if errors.Is(err, supervise.ErrRunning) {
		e, err := engine.ReadEndpoints(state)
		if err != nil {
			return err
		}
		c.say("already running")
		return c.printEndpoints(e)
	}
	return err
}

func (c *cli) upDetached(ctx context.Context, state string) error {
	e, already, err := supervise.Start(ctx, state, "up", "-o", string(display.Plain))
	if err != nil {
		return err
	}
	if already {
		c.say("already running")
	}
	return c.printEndpoints(e)
}

// embedded is this machine's settings, where runs go to the embedded engine at all.
func embedded() (config.Tool, error) {
	tool, err := loadTool()
	if err != nil {
		return tool, err
	}
	target, err := engine.Find(engine.Settings{State: tool.StateDir})
	if err != nil {
		return tool, err
	}
	if !target.Embedded {
		return tool, fmt.Errorf("runs go to the engine at %s, which TEMPORAL_ADDRESS or a temporal.toml profile names, and not to the embedded one: "+
			"start longshore-worker for it, or take that setting away", target.Address)
	}
	return tool, nil
}

// askedPorts are the ports that the settings change from their defaults; the supervisor chooses the others.
func askedPorts(tool config.Tool) supervise.Ports {
	asked := func(port, usual int) int {
		if port == usual {
			return 0
		}
		return port
	}
	return supervise.Ports{
		Engine: asked(tool.EnginePort, config.DefaultEnginePort),
		UI:     asked(tool.UIPort, config.DefaultUIPort),
		Codec:  asked(tool.CodecPort, config.DefaultCodecPort),
	}
}

func (c *cli) printEndpoints(e engine.Endpoints) error {
	if c.format == display.JSON {
		return display.Object(c.Out, e)
	}
	c.say("engine  %s", e.Engine)
	c.say("web UI  %s", e.UI)
	return nil
}

func (c *cli) downCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "Stop the embedded engine and its worker",
		Long: "Stops the worker, then the embedded engine. Nothing is lost: runs that are under way go on after the next\n" +
			"longshore up.",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			tool, err := loadTool()
			if err != nil {
				return err
			}
			ran, err := supervise.Stop(cmd.Context(), tool.StateDir)
			if err != nil {
				return err
			}
			if c.format == display.JSON {
				return display.Object(c.Out, map[string]bool{"ran": ran})
			}
			if !ran {
				c.say("not running")
				return nil
			}
			c.say("stopped")
			return nil
		},
	}
}
