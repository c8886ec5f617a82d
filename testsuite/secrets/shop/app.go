package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// app answers requests. Each answer has the header App-Version: the database's user that it was made with.
type app struct {
	db       *database
	unwellAs string
}

func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /up", answer(a.up))
	mux.HandleFunc("GET /{$}", answer(a.serve(a.index)))
	mux.HandleFunc("GET /slow", answer(a.serve(a.slow)))
	mux.HandleFunc("POST /echo", answer(a.serve(a.echo)))
	return mux
}

// answer has a query's failure answered as the server's own.
func answer(f func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}
}

// serve counts the answers.
func (a *app) serve(f func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := f(w, r)
		if err == nil {
			a.db.journal.served()
		}
		return err
	}
}

func (a *app) up(w http.ResponseWriter, _ *http.Request) error {
	user, err := a.db.ask("SELECT 1")
	if err == nil && user == a.unwellAs {
		err = errors.New("not well as " + user + ", as UNWELL_AS says")
	}
	if err == nil {
		_, err = fmt.Fprintln(w, "ok")
	}
	return err
}

func (a *app) index(w http.ResponseWriter, _ *http.Request) error {
	user, err := a.db.ask("SELECT count(*) FROM orders")
	if err == nil {
		w.Header().Set("App-Version", user)
		_, err = fmt.Fprintln(w, user)
	}
	return err
}

// slow has the database take ms milliseconds for a query, with half of the answer sent before.
func (a *app) slow(w http.ResponseWriter, r *http.Request) error {
	ms, err := strconv.Atoi(r.URL.Query().Get("ms"))
	if err != nil {
		return err
	}
	w.Header().Set("App-Version", a.db.journal.user())
	fmt.Fprintln(w, "begin")
	if err := http.NewResponseController(w).Flush(); err != nil {
		return err
	}
	if _, err := a.db.ask("SELECT pg_sleep($1::float8)", float64(ms)/1000); err != nil {
		return err // the answer then does not end as it should
	}
	_, err = fmt.Fprintln(w, "end")
	return err
}

// echo writes what it was sent into the database, and sends it back.
func (a *app) echo(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if err := a.db.write("INSERT INTO orders (note) VALUES ($1)", string(body)); err != nil {
		return err
	}
	w.Header().Set("App-Version", a.db.journal.user())
	_, err = w.Write(body)
	return err
}

// askAllTheTime makes query after query until the app is told to end.
func (a *app) askAllTheTime(ctx context.Context) {
	for ctx.Err() == nil {
		_, _ = a.db.ask("SELECT count(*) FROM orders") // the journal has what fails
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}
