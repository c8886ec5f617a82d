// Command longshore-host gives a person a fresh test server to play with, and makes and removes what the tests' hosts
// need. `make host` and `make host-down` call it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/longshore-dev/longshore/testsuite/hosts"
)

const usage = `usage: longshore-host COMMAND
  images [RELEASE ...]      make the images of the test hosts where missing, and those of databases (default:
                            bookworm trixie)
  up [NAME [RELEASE]]       start a server and print its ssh line (default: longshore-host bookworm)
  down [NAME]               remove the server
  clean                     remove every test host, also those of running tests`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "longshore-host:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	command, args := args[0], args[1:]
	name := "longshore-host"
	if command != "images" && len(args) > 0 {
		name = args[0]
	}
	switch command {
	case "images":
		return images(ctx, args)
	case "up":
		release := hosts.Bookworm
		if len(args) > 1 {
			release = hosts.Release(args[1])
		}
		return up(ctx, name, release)
	case "down":
		return down(ctx, name)
	case "clean":
		return hosts.Clean(ctx)
	}
	return errors.New(usage)
}

func images(ctx context.Context, releases []string) error {
	if len(releases) == 0 {
		releases = []string{string(hosts.Bookworm), string(hosts.Trixie)}
	}
	for _, release := range releases {
		if err := hosts.Prepare(ctx, hosts.Release(release), os.Stderr); err != nil {
			return err
		}
	}
	for _, database := range []hosts.Database{hosts.PostgreSQL, hosts.MariaDB} {
		if _, err := hosts.PrepareDatabase(ctx, database, os.Stderr); err != nil {
			return err
		}
	}
	return nil
}

// folder is where a kept host's keys are.
func folder(name string) (string, error) {
	if name == "" || strings.ContainsAny(name, "/\\") || strings.HasPrefix(name, ".") {
		return "", fmt.Errorf("%q is no name for a host", name)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "longshore", "hosts", name), nil
}

func up(ctx context.Context, name string, release hosts.Release) error {
	dir, err := folder(name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	h, err := hosts.Launch(ctx, hosts.Named(name), hosts.OnRelease(release), hosts.KeptIn(dir))
	if errors.Is(err, hosts.ErrExists) {
		return fmt.Errorf("%s is up already: ssh -F %s %s; `longshore-host down %[1]s` removes it",
			name, filepath.Join(dir, "ssh_config"), name)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	fmt.Printf(`%[1]s is up: Debian %[2]s with systemd, sshd and Docker
  log in:        ssh -F %[3]s %[1]s
  for Longshore: address %[4]s, identity_file %[5]s
                 (its key for known_hosts is in %[6]s)
  its port 80:   %[7]s
  remove it:     make host-down
`, h.Name, release, h.SSHConfig, h.Address(), h.IdentityFile, h.KnownHosts, h.URL())
	return nil
}

func down(ctx context.Context, name string) error {
	dir, err := folder(name)
	if err != nil {
		return err
	}
	return errors.Join(hosts.Remove(ctx, name), os.RemoveAll(dir))
}
