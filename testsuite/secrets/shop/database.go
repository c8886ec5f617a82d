package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// database is a small pool of connections. It is safe for concurrent use.
type database struct {
	journal *journal

	mu   sync.RWMutex
	pool *pgxpool.Pool
}

// patience is how long the app waits at its start for a database that is not there yet.
const patience = time.Minute

// open goes over to the address that is to be found, once somebody answers there. Queries under way end where they
// began.
func (d *database) open(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		pool, user, err := connect(ctx)
		if err == nil {
			d.journal.uses(user)
			d.mu.Lock()
			before := d.pool
			d.pool = pool
			d.mu.Unlock()
			if before != nil {
				go before.Close() // it waits for what is under way
			}
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the database cannot be used: %w", err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func connect(ctx context.Context) (pool *pgxpool.Pool, user string, err error) {
	text, err := address()
	if err != nil {
		return nil, "", err
	}
	config, err := pgxpool.ParseConfig(text)
	if err != nil {
		return nil, "", errors.New("DATABASE_URL is no address of a database") // the error would show it
	}
	config.MaxConns = 4
	config.MaxConnLifetime = time.Second // so that the password is asked for again and again
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	if pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, "", err
	}
	if err := pool.QueryRow(ctx, "SELECT session_user").Scan(&user); err != nil {
		pool.Close()
		return nil, "", err
	}
	return pool, user, nil
}

// ask makes a query, counts it, and answers as whom it was made. A query under way is ended by nothing but the database.
func (d *database) ask(statement string, args ...any) (user string, err error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := d.pool.QueryRow(ctx, "SELECT session_user, ("+statement+")::text", args...).Scan(&user, new(*string)); err != nil {
		d.journal.failed(err)
		return "", err
	}
	d.journal.made()
	return user, nil
}

// write is ask for what changes something, and answers nothing.
func (d *database) write(statement string, args ...any) error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := d.pool.Exec(ctx, statement, args...); err != nil {
		d.journal.failed(err)
		return err
	}
	d.journal.made()
	return nil
}

func (d *database) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pool.Close()
}
