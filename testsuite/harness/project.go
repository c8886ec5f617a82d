package harness

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness/local"
)

// Project makes a project's name that no other test has. At the test's end everything of it is removed from the local
// engine: the images that were built there and, with LocalHost, what was deployed.
func (w *World) Project(name string) string {
	name += "-" + strings.ToLower(rand.Text()[:6])
	w.projects = append(w.projects, name)
	return name
}

func (w *World) removeProjects() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, project := range w.projects {
		if err := local.Remove(ctx, project, w.hostState); err != nil {
			w.t.Error(err)
		}
	}
}

// LocalHost is host "here", the local engine, with a state folder of the world's own and its edge on a free port. An
// engine has one edge: until the test ends, other tests that ask for one wait. Call it before anything is started, so
// that what was deployed is removed after everything has ended.
func (w *World) LocalHost() app.Host {
	w.t.Helper()
	path := filepath.Join(os.TempDir(), fmt.Sprintf("longshore-local-host-%d.lock", os.Getuid()))
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	Eventually(w.t, 10*time.Minute, func() error {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return errors.New("another test has the local host")
		}
		return err
	})
	w.t.Cleanup(func() {
		w.removeProjects()
		file.Close()
	})
	return app.Host{
		Name:     "here",
		Address:  app.LocalAddress,
		StateDir: w.hostState,
		Edge:     app.Edge{HTTP: w.freePorts(1)[0]},
	}
}
