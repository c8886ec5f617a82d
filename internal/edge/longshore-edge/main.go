// Command longshore-edge is what Longshore runs on each host, in containers of its own: the reverse proxy, and for the
// moment that it takes, the helper that loads an image which has arrived.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/longshore-dev/longshore/internal/edge"
	"github.com/longshore-dev/longshore/internal/edge/proxy"
	helper "github.com/longshore-dev/longshore/internal/image/load"
)

// grace is how long requests may go on after SIGTERM. The container's own stop grace is longer.
const grace = 30 * time.Second

const usage = `usage: longshore-edge run --state DIR --http PORT
       longshore-edge load --bundle FILE --digest SHA256 --plain BYTES --socket PATH
                           [--chunks DIR] [--rebuilt BYTES] [--engine DIR] [--image IMAGE]...
       longshore-edge version`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := command(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "longshore-edge:", err)
		os.Exit(helper.ExitCode(err))
	}
}

func command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	name := ""
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	switch name {
	case "run":
		return run(ctx, args, stderr)
	case "load":
		return loadBundle(ctx, args, stderr)
	case "version":
		version, err := ownVersion()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(stdout, version)
		return err
	}
	return fmt.Errorf("no such command\n%s", usage)
}

func run(ctx context.Context, args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	flags.SetOutput(stderr)
	state := flags.String("state", "", "folder for the routes and the admin socket")
	port := flags.Int("http", 80, "port for plain HTTP")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *state == "" || flags.NArg() > 0 {
		return fmt.Errorf("run takes --state and --http only\n%s", usage)
	}
	version, err := ownVersion()
	if err != nil {
		return err
	}
	e, err := proxy.Start(proxy.Config{State: *state, Port: *port, Version: version})
	if err != nil {
		return err
	}
	<-ctx.Done()
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	return e.Shutdown(ctx)
}

func loadBundle(ctx context.Context, args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var o helper.Options
	flags.StringVar(&o.Bundle, "bundle", "", "the file that has arrived")
	flags.StringVar(&o.Digest, "digest", "", "the SHA-256 that it has to have, in hexadecimal")
	flags.Int64Var(&o.Plain, "plain", 0, "the bytes within, unpacked")
	flags.Int64Var(&o.Rebuilt, "rebuilt", 0, "the bytes of the layers that it has deltas of")
	flags.StringVar(&o.Socket, "socket", "", "the engine's socket")
	flags.StringVar(&o.Engine, "engine", "", "the engine's folder")
	flags.StringVar(&o.Chunks, "chunks", "", "folder for chunk indexes")
	flags.Func("image", "an image that holds layers which deltas copy from (may be repeated)", func(image string) error {
		o.Images = append(o.Images, image)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.Bundle == "" || o.Digest == "" || o.Socket == "" || flags.NArg() > 0 {
		return fmt.Errorf("load takes --bundle, --digest, --plain, --rebuilt, --socket, --engine, --chunks and --image only\n%s", usage)
	}
	return helper.Run(ctx, o)
}

func ownVersion() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding the edge binary: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("opening the edge binary: %w", err)
	}
	defer f.Close()
	return edge.Version(f)
}
