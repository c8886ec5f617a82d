// Package command is the tree of longshore's commands: it reads arguments, asks the engine and the hosts' reader, and
// hands what comes back to display. It must not reach a host itself, nor know how a deploy is done.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/longshore-dev/longshore/config"
	"github.com/longshore-dev/longshore/starter/display"
	"github.com/longshore-dev/longshore/starter/exit"
)

// Streams are a process's standard streams.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// cli is what every command shares: the streams and the flags of the root.
type cli struct {
	Streams
	output string
	format display.Format
}

// Main runs the command that args name and returns its exit code. The first interrupt ends it in order, and the second
// at once.
func Main(ctx context.Context, args []string, streams Streams) exit.Code {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // gives the signals their usual effect back
	c := &cli{Streams: streams}
	root := c.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exit.OK
	}
	c.printError(err)
	return exit.Of(err)
}

// printError says what is left to say of an error, on the standard error stream.
func (c *cli) printError(err error) {
	message := exit.Message(err)
	if message == "" {
		return
	}
	if c.format == display.JSON {
		object := map[string]any{"error": message}
		if problems, ok := errors.AsType[config.Problems](err); ok {
			object["problems"] = problems
		}
		_ = display.Object(c.Err, object)
		return
	}
	_, _ = fmt.Fprintln(c.Err, "longshore: "+message)
}

// root is the whole tree.
func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "longshore",
		Short: "Durable deployments for your own servers",
		Long: "Longshore deploys a compose app to your own servers without losing a request. Every deploy is a durable\n" +
			"workflow: it survives a crash of the worker, the engine, the network or the server.",
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		Args:              knownCommand,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			format, err := display.ParseFormat(c.output, c.Out)
			c.format = format
			return exit.With(exit.Usage, err)
		},
	}
	root.SuggestionsMinimumDistance = suggestWithin
	root.SetIn(c.In)
	root.SetOut(c.Out)
	root.SetErr(c.Err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return exit.With(exit.Usage, fmt.Errorf("%w; see %s --help", err, cmd.CommandPath()))
	})
	root.PersistentFlags().StringVarP(&c.output, "output", "o", "auto", "how to print: tty, plain, json, or auto for what the output is")
	root.AddCommand(
		c.initCommand(), c.upCommand(), c.downCommand(),
		c.bootstrapCommand(), c.deployCommand(), c.rollbackCommand(), c.restartCommand(), c.scaleCommand(),
		c.stopCommand(), c.startCommand(), c.removeCommand(),
		c.watchCommand(), c.cancelCommand(), c.approveCommand(), c.rejectCommand(), c.freezeCommand(), c.thawCommand(),
		c.secretCommand(), c.keyCommand(),
		c.statusCommand(), c.psCommand(), c.logsCommand(), c.releasesCommand(),
		c.configCommand(), c.codecCommand(), c.doctorCommand(), c.versionCommand(),
	)
	return root
}

// suggestWithin is how many letters of a command may be wrong for it to be suggested.
const suggestWithin = 2

// knownCommand refuses a word that is no command, and names the nearest ones.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	message := fmt.Sprintf("there is no command %q", args[0])
	for _, near := range cmd.SuggestionsFor(args[0]) {
		message += fmt.Sprintf("; did you mean %q?", near)
	}
	return exit.With(exit.Usage, errors.New(message+"; see longshore --help"))
}

// noArguments refuses arguments with the exit code for wrong usage.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return exit.With(exit.Usage, fmt.Errorf("%s takes no argument, but got %q; see %s --help", cmd.CommandPath(), args[0], cmd.CommandPath()))
	}
	return nil
}

// atMostOne refuses more than one argument, which what names.
func atMostOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return exit.With(exit.Usage, fmt.Errorf("%s takes one %s, but got %d; see %s --help", cmd.CommandPath(), what, len(args), cmd.CommandPath()))
		}
		return nil
	}
}

// say prints a line for a person, where the output is not for a program.
func (c *cli) say(format string, a ...any) {
	if c.format != display.JSON {
		_, _ = fmt.Fprintf(c.Out, format+"\n", a...)
	}
}

// note is say with the word that marks what one should know though all went well.
func (c *cli) note(format string, a ...any) { c.say("note: "+format, a...) }

// warn prints a line on the standard error stream.
func (c *cli) warn(format string, a ...any) { _, _ = fmt.Fprintf(c.Err, format+"\n", a...) }
