// Command longshore deploys compose apps to your own servers.
package main

import (
	"context"
	"os"

	"github.com/longshore-dev/longshore/starter/command"
)

func main() {
	os.Exit(int(command.Main(context.Background(), os.Args[1:], command.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})))
}
