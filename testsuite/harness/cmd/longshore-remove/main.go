// Command longshore-remove removes what a project has left on the local Docker engine, with the edge that keeps its
// state in the given folder. `make demo-down` uses it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/longshore-dev/longshore/testsuite/harness/local"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: longshore-remove PROJECT HOST-STATE-FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "longshore-remove:", err)
		os.Exit(1)
	}
}

func run(project, dir string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	return local.Remove(ctx, project, dir)
}
