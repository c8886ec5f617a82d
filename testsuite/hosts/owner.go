package hosts

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// The labels on everything this package makes on the local engine.
const (
	labelTest  = "dev.longshore.test"       // "host" or "image"; tests give it to other containers of theirs too
	labelOwner = "dev.longshore.test.owner" // see owner; "kept" for a host that outlives its process
)

// owner names a process so that no later process is mistaken for it: its PID namespace, id and start time.
func owner(pid int) (string, error) {
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return "", err
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	// The program's name, in parentheses, may hold spaces; the start time is the 20th field after it.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 20 {
		return "", fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	return strings.Join([]string{namespace, strconv.Itoa(pid), fields[19]}, "/"), nil
}

// gone says whether the owner was a process of this PID namespace that has ended.
func gone(label string) bool {
	parts := strings.Split(label, "/")
	if len(parts) != 3 {
		return false
	}
	pid, err := strconv.Atoi(parts[1])
	if err != nil {
		return false
	}
	if namespace, err := os.Readlink("/proc/self/ns/pid"); err != nil || namespace != parts[0] {
		return false
	}
	now, err := owner(pid)
	return err != nil || now != label
}

// Reap removes the hosts whose test process has ended without removing them, as after kill -9.
func Reap(ctx context.Context) error {
	return removeWhere(ctx, gone)
}

// Clean removes every host, also those of running tests and those that were kept, and every other container that a
// test has labelled as its own.
func Clean(ctx context.Context) error {
	return removeWhere(ctx, func(string) bool { return true })
}

func removeWhere(ctx context.Context, which func(owner string) bool) error {
	listed, err := docker(ctx, nil, "ps", "--all", "--filter", "label="+labelTest,
		"--format", `{{.Names}} {{.Label "`+labelOwner+`"}}`)
	if err != nil {
		return fmt.Errorf("list the tests' containers: %w", err)
	}
	for line := range strings.Lines(listed) {
		name, owner, _ := strings.Cut(strings.TrimSpace(line), " ")
		if name == "" || !which(owner) {
			continue
		}
		if err := Remove(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// Remove removes a host, by name, and its volumes; a missing one is no error.
func Remove(ctx context.Context, name string) error {
	_, err := docker(ctx, nil, "rm", "--force", "--volumes", name)
	if err != nil && !strings.Contains(said(err), "No such container") &&
		!strings.Contains(said(err), "is already in progress") {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return nil
}
