// Command store keeps counters in a file of a volume. POST /name adds one to a counter and answers its value, GET
// answers the value. `store check` asks a running store whether it is well, for the container's health check.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	serve := run
	if len(os.Args) == 2 && os.Args[1] == "check" {
		serve = check
	}
	if err := serve(); err != nil {
		log.Fatal(err)
	}
}

// run serves until SIGTERM and then puts everything on disk.
func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	counters, err := openCounters(filepath.Join(cmp.Or(os.Getenv("DATA_DIR"), "/data"), "counters.log"))
	if err != nil {
		return err
	}
	server := &http.Server{Addr: cmp.Or(os.Getenv("LISTEN"), ":7000"), Handler: routes(counters), ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		finish, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		stopped <- errors.Join(server.Shutdown(finish), counters.close())
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

func routes(counters *counters) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{name}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, counters.get(r.PathValue("name")))
	})
	mux.HandleFunc("POST /{name}", func(w http.ResponseWriter, r *http.Request) {
		value, err := counters.add(r.PathValue("name"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintln(w, value)
	})
	return mux
}

func check() error {
	client := &http.Client{Timeout: 2 * time.Second}
	response, err := client.Get("http://127.0.0.1:7000/visits")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the store answers %s", response.Status)
	}
	return nil
}
