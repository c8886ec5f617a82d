// Command longshore-worker runs Longshore's workflows and activities. It is the only program that wires the
// implementations to the contract. `longshore-worker read <op>` reads hosts for the CLI without an engine.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/longshore-dev/longshore/worker/read"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(command(ctx, os.Args[1:]))
}

// The exit codes: read has its own meaning for usage, which the CLI relies on.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

func command(ctx context.Context, args []string) int {
	switch {
	case len(args) == 0:
		if err := run(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "longshore-worker:", err)
			return exitError
		}
		return exitOK
	case len(args) == 2 && args[0] == "read":
		return readHosts(ctx, args[1])
	default:
		fmt.Fprintln(os.Stderr, "usage: longshore-worker\n       longshore-worker read ps|status|logs|releases|check < request.json")
		return exitUsage
	}
}

func readHosts(ctx context.Context, op string) int {
	err := read.Run(ctx, op, os.Stdin, os.Stdout)
	switch {
	case err == nil:
		return exitOK
	case read.IsUsage(err):
		fmt.Fprintln(os.Stderr, "longshore-worker read:", err)
		return exitUsage
	default:
		fmt.Fprintln(os.Stderr, "longshore-worker read:", err)
		return exitError
	}
}
