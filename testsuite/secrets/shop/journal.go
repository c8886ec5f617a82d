package main

import (
	"encoding/json"
	"log"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// journal counts queries, in a file that outlives the container. It is safe for concurrent use.
type journal struct {
	path string

	mu      sync.Mutex
	page    page
	written time.Time
}

// page is what the journal's file has.
type page struct {
	// Users are those of the database that the app was, the last one now.
	Users []string `json:"users"`
	Made  int      `json:"made"`
	// Served are the requests that were answered, but for those that ask whether the app is well.
	Served int `json:"served"`
	// Failed are the queries that failed, and Errors the first of them.
	Failed int      `json:"failed"`
	Errors []string `json:"errors"`
	// Ended says that the app has ended in order.
	Ended bool `json:"ended"`
}

// newJournal begins a file named after the container.
func newJournal(folder string) *journal {
	name, err := os.Hostname()
	if err != nil {
		log.Fatal(err)
	}
	return &journal{path: filepath.Join(folder, name+".json")}
}

func (j *journal) user() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.page.Users[len(j.page.Users)-1]
}

func (j *journal) uses(user string) {
	j.change(true, func(p *page) { p.Users = append(p.Users, user) })
}

func (j *journal) made() { j.change(false, func(p *page) { p.Made++ }) }

func (j *journal) served() { j.change(false, func(p *page) { p.Served++ }) }

func (j *journal) failed(err error) {
	log.Print("a query failed: ", err)
	j.change(true, func(p *page) {
		if p.Failed++; len(p.Errors) < 10 {
			p.Errors = append(p.Errors, time.Now().UTC().Format(time.RFC3339Nano)+" "+err.Error())
		}
	})
}

// end writes the last of it.
func (j *journal) end() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.page.Ended = true
	return j.write()
}

// change writes the file at once, or where that was not done lately.
func (j *journal) change(now bool, change func(*page)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	change(&j.page)
	if now || time.Since(j.written) > 200*time.Millisecond {
		if err := j.write(); err != nil {
			log.Print(err)
		}
	}
}

func (j *journal) write() error {
	j.written = time.Now()
	text, err := json.Marshal(j.page)
	if err == nil {
		err = os.WriteFile(j.path+".new", text, 0o644)
	}
	if err == nil {
		err = os.Rename(j.path+".new", j.path)
	}
	return err
}
