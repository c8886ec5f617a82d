// Command longshore-load keeps a web app on loopback busy with GETs and POSTs until it is interrupted, and then prints
// how many were made and lost. It ends with 1 when any was lost. `make demo` uses it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/longshore-dev/longshore/testsuite/harness/load"
)

func main() {
	address := flag.String("url", "http://127.0.0.1:8080", "the app's URL, on a loopback address")
	host := flag.String("host", "", "the Host header; the URL's own where empty")
	rate := flag.Int("rate", 200, "GETs a second, and POSTs a second")
	connections := flag.Int("connections", 4, "kept-alive connections for GETs, and for POSTs")
	path := flag.String("path", "/", "what is asked for")
	flag.Parse()
	lost, err := run(load.Options{
		URL: *address, Host: *host, Rate: *rate, Patience: 10 * time.Second,
		Connections: map[load.Kind]int{load.Get: *connections, load.Post: *connections},
		Paths:       map[load.Kind]string{load.Get: *path, load.Post: *path},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "longshore-load:", err)
		os.Exit(2)
	}
	if lost > 0 {
		os.Exit(1)
	}
}

func run(options load.Options) (lost int64, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := load.Start(ctx, options)
	if err != nil {
		return 0, err
	}
	<-ctx.Done()
	report := l.Stop()
	fmt.Print(report)
	return report.Lost, nil
}
