// Command web greets its visitors and counts them in the store.
package main

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

//go:embed greeting.txt
var greeting string

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

// run serves until SIGTERM, and then finishes the requests it has.
func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	store := os.Getenv("STORE_URL")
	if store == "" {
		return errors.New("STORE_URL must name the store, such as http://store:7000")
	}
	server := &http.Server{Addr: cmp.Or(os.Getenv("LISTEN"), ":3000"), Handler: routes(store), ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		finish, cancel := context.WithTimeout(context.Background(), 8*time.Second)
		defer cancel()
		stopped <- server.Shutdown(finish)
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

func routes(store string) http.Handler {
	client := &http.Client{
		Timeout:   2 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: 64},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /up", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "ok\n")
	})
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		// A page without its counter is better than no page while the store is replaced.
		visits := "not counted just now"
		if n, err := count(r.Context(), client, store); err == nil {
			visits = n
		} else {
			log.Print(err)
		}
		fmt.Fprintf(w, "%s\nVisits: %s\n", strings.TrimSpace(greeting), visits)
	})
	return mux
}

func count(ctx context.Context, client *http.Client, store string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, store+"/visits", nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", fmt.Errorf("count a visit: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 64))
	if err != nil || response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("count a visit: the store answers %s: %w", response.Status, err)
	}
	return strings.TrimSpace(string(body)), nil
}
