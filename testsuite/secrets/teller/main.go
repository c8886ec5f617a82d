// Command teller is an app that cannot keep a secret: it prints what it was given in every form that a program might, to
// its log as a service and to the output of a build. Tests of leaks deploy it, and look where else the values have come to.
//
// TELL names the secrets that it prints, separated by commas; each is in its environment or in /run/secrets. FAIL says how
// it fails after that: "exit" at once, "unwell" by an answer to /up that has the values as well.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// modeFile is in the image; where it says "broken", the build fails.
const modeFile = "/mode"

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 {
		build(os.Args[2:])
		return
	}
	serve()
}

// build tells the secrets of a build: `teller build NAME…`.
func build(names []string) {
	fmt.Print(tell(names))
	mode, err := os.ReadFile(modeFile)
	if err != nil {
		log.Fatal(err)
	}
	if strings.TrimSpace(string(mode)) == "broken" {
		os.Exit(9)
	}
}

func serve() {
	said := tell(strings.Split(os.Getenv("TELL"), ","))
	fmt.Print(said)
	fail := os.Getenv("FAIL")
	if fail == "exit" {
		os.Exit(7)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		os.Exit(0)
	}()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /up", func(w http.ResponseWriter, _ *http.Request) {
		if fail == "unwell" {
			http.Error(w, said, http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	server := &http.Server{Addr: ":3000", Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}

// tell is a line for each form of each secret. A name without a value is told as such.
func tell(names []string) string {
	var b strings.Builder
	for _, name := range names {
		value, err := find(name)
		if err != nil {
			fmt.Fprintf(&b, "%s is not there: %v\n", name, err)
			continue
		}
		for _, form := range forms(value) {
			fmt.Fprintf(&b, "%s %s: %s\n", name, form.name, form.text)
		}
	}
	return b.String()
}

func find(name string) (string, error) {
	if value, ok := os.LookupEnv(name); ok {
		return value, nil
	}
	value, err := os.ReadFile(filepath.Join("/run/secrets", name))
	return string(value), err
}
