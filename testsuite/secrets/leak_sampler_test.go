//go:build e2e

package secrets

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// tellerExe is what a process of the app runs, as its container sees it.
const tellerExe = "/teller"

// sampler looks at the process table all the time: that of this machine, which has the processes of its containers, and so
// of the hosts, as well. It keeps what it saw, to be searched for values that are only known later.
type sampler struct {
	stop  func()
	ended sync.WaitGroup

	mu           sync.Mutex
	seen         map[int]string    // the command lines of processes that run
	commands     map[string]string // command lines, and a process that had them
	environments map[string]string
	own          map[string]string // environments of the app's own processes
	rounds       int
}

// sample begins to look.
func sample(t *testing.T) *sampler {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	s := &sampler{stop: stop, seen: map[int]string{}, commands: map[string]string{}, environments: map[string]string{}, own: map[string]string{}}
	s.ended.Go(func() {
		for ctx.Err() == nil {
			s.look()
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	t.Cleanup(s.end)
	return s
}

// end stops looking; what was seen may be read then.
func (s *sampler) end() {
	s.stop()
	s.ended.Wait()
}

// look goes through all processes once. An environment is read only where the command line is another than in the last
// round: a process gets both when it begins a program. One that ends meanwhile is left out.
func (s *sampler) look() {
	folders, err := os.ReadDir("/proc")
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rounds++
	alive := map[int]bool{}
	for _, folder := range folders {
		pid, err := strconv.Atoi(folder.Name())
		if err != nil {
			continue
		}
		path := filepath.Join("/proc", folder.Name())
		command, err := os.ReadFile(filepath.Join(path, "cmdline"))
		if err != nil || len(command) == 0 {
			continue
		}
		alive[pid] = true
		if s.seen[pid] == string(command) {
			continue
		}
		environment, err := os.ReadFile(filepath.Join(path, "environ"))
		if err != nil {
			continue
		}
		// Read after the environment, it is that of the program with this environment, or of a later one of the process.
		exe, err := os.Readlink(filepath.Join(path, "exe"))
		if err != nil {
			continue
		}
		s.seen[pid] = string(command)
		program, _, _ := bytes.Cut(command, []byte{0})
		who := fmt.Sprintf("process %d, %s", pid, program)
		s.commands[string(command)] = who
		if exe == tellerExe {
			s.own[string(environment)] = who
		} else {
			s.environments[string(environment)] = who
		}
	}
	for pid := range s.seen {
		if !alive[pid] {
			delete(s.seen, pid)
		}
	}
}

// saw says whether a text was in a command line and in an environment.
func (s *sampler) saw(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for what, texts := range map[string]map[string]string{"command lines": s.commands, "environments": s.environments} {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(texts)), func(seen string) bool { return strings.Contains(seen, text) }) {
			return fmt.Errorf("the sampler has not seen it in %s", what)
		}
	}
	return nil
}
