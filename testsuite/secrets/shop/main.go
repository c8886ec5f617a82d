// Command shop is the app that tests of secrets deploy: it asks its PostgreSQL with every request, and all the time in
// between. What a client hides from its user it does not: a query that fails is not asked again, a connection is not tried
// before it is used, and each is written into the app's journal.
//
// Its environment says where it finds its database, DATABASE_URL or the file /run/secrets/DATABASE_URL, which it reads
// again on SIGHUP, and as which user it is not well, UNWELL_AS.
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

// secretFile has the database's address where the variable has not.
const secretFile = "/run/secrets/DATABASE_URL"

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

// run serves until SIGTERM, and ends the queries under way before the connections.
func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	j := newJournal("/journal")
	db := &database{journal: j}
	if err := db.open(ctx); err != nil {
		return err
	}
	a := &app{db: db, unwellAs: os.Getenv("UNWELL_AS")}
	server := &http.Server{Addr: ":3000", Handler: a.routes(), ReadHeaderTimeout: 10 * time.Second}
	asking := make(chan struct{})
	go func() {
		defer close(asking)
		a.askAllTheTime(ctx)
	}()
	go reopen(ctx, db)
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		finish, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		err := server.Shutdown(finish)
		<-asking
		db.close()
		stopped <- errors.Join(err, j.end())
	}()
	fmt.Println("serves as", j.user())
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// reopen reads the address again on each SIGHUP.
func reopen(ctx context.Context, db *database) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			if err := db.open(ctx); err != nil {
				db.journal.failed(err)
			}
		}
	}
}

// address is where the database is, and who asks.
func address() (string, error) {
	if text := os.Getenv("DATABASE_URL"); text != "" {
		return text, nil
	}
	text, err := os.ReadFile(secretFile)
	return strings.TrimSpace(string(text)), err
}
