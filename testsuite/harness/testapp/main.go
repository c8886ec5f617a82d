// Command testapp is the web app that tests deploy. Its version is in the file /version of its image; its environment
// makes it misbehave, see faults. `testapp release` is its release command.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0)
	f, err := readFaults()
	if err != nil {
		log.Fatal(err)
	}
	if len(os.Args) == 2 && os.Args[1] == "release" {
		os.Exit(f.release())
	}
	if err := run(f); err != nil {
		log.Fatal(err)
	}
}

// run serves until SIGTERM, says goodbye to WebSockets and finishes the requests it has.
func run(f faults) error {
	version, err := os.ReadFile("/version")
	if err != nil {
		return err
	}
	f.atStart()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	a := newApp(strings.TrimSpace(string(version)), f)
	server := &http.Server{Addr: ":" + f.port, Handler: a.routes(), ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		if f.ignoreTerm {
			log.Print("SIGTERM is ignored, as told by IGNORE_TERM")
			return
		}
		a.sayGoodbye()
		finish, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		stopped <- errors.Join(server.Shutdown(finish), a.awaitGoodbyes(finish))
	}()
	fmt.Println("version", a.version, "serves on port", f.port)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
