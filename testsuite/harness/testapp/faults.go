package main

import (
	"fmt"
	"log"
	"os"
	"strconv"
	"time"
)

// faults are the ways in which the environment makes the app misbehave. All are off by default.
type faults struct {
	port            string        // PORT; 3000 by default
	exitAtStart     int           // EXIT_AT_START: exit at once with that code, which is not 0
	startDelay      time.Duration // START_DELAY: serve only after it
	neverHealthy    bool          // NEVER_HEALTHY: /up answers 503
	healthFailAfter time.Duration // HEALTH_FAIL_AFTER: /up answers 503 from then on
	failRequests    bool          // FAIL_REQUESTS: all but /up answer 500
	dieAfter        time.Duration // DIE_AFTER: exit with code 3
	ignoreTerm      bool          // IGNORE_TERM: only SIGKILL ends it
	releaseTakes    time.Duration // RELEASE_TAKES: how long the release command runs
	releaseExit     int           // RELEASE_EXIT: its exit code
	started         time.Time
}

func readFaults() (faults, error) {
	e := environment{}
	f := faults{
		port:            "3000",
		exitAtStart:     e.number("EXIT_AT_START"),
		startDelay:      e.duration("START_DELAY"),
		neverHealthy:    e.number("NEVER_HEALTHY") != 0,
		healthFailAfter: e.duration("HEALTH_FAIL_AFTER"),
		failRequests:    e.number("FAIL_REQUESTS") != 0,
		dieAfter:        e.duration("DIE_AFTER"),
		ignoreTerm:      e.number("IGNORE_TERM") != 0,
		releaseTakes:    e.duration("RELEASE_TAKES"),
		releaseExit:     e.number("RELEASE_EXIT"),
		started:         time.Now(),
	}
	if port := os.Getenv("PORT"); port != "" {
		f.port = port
	}
	return f, e.err
}

// environment reads variables and keeps the first error.
type environment struct{ err error }

func (e *environment) number(name string) int {
	text := os.Getenv(name)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil && e.err == nil {
		e.err = fmt.Errorf("%s: %w", name, err)
	}
	return n
}

func (e *environment) duration(name string) time.Duration {
	text := os.Getenv(name)
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil && e.err == nil {
		e.err = fmt.Errorf("%s: %w", name, err)
	}
	return d
}

func (f faults) atStart() {
	if f.exitAtStart != 0 {
		log.Printf("exits with code %d, as told by EXIT_AT_START", f.exitAtStart)
		os.Exit(f.exitAtStart)
	}
	time.Sleep(f.startDelay)
	if f.dieAfter > 0 {
		time.AfterFunc(f.dieAfter, func() {
			log.Print("dies with code 3, as told by DIE_AFTER")
			os.Exit(3)
		})
	}
}

func (f faults) healthy() bool {
	return !f.neverHealthy && (f.healthFailAfter == 0 || time.Since(f.started) < f.healthFailAfter)
}

// release returns the exit code.
func (f faults) release() int {
	fmt.Println("the release command begins")
	time.Sleep(f.releaseTakes)
	if f.releaseExit != 0 {
		log.Printf("the release command fails with code %d, as told by RELEASE_EXIT", f.releaseExit)
		return f.releaseExit
	}
	fmt.Println("the release command is done")
	return 0
}
