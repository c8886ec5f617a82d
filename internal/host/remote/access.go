package remote

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/ssh"
)

// access finds out once what the login may do.
type access struct {
	client *ssh.Client
	root   string // the state folder

	mu    sync.Mutex
	known *rights
}

type rights struct {
	login    string
	isRoot   bool
	sudo     bool // without a password
	writable bool // the state folder, without sudo
}

const askRights = `
id -un
id -u
if sudo -n true 2>/dev/null; then echo yes; else echo no; fi
folder=$1
while [ ! -e "$folder" ]; do folder=$(dirname -- "$folder"); done
if [ -w "$folder" ] && [ -x "$folder" ]; then echo yes; else echo no; fi`

// ask answers the login's rights. Those that suffice are remembered; others are asked for again, since somebody may be
// mending them.
func (a *access) ask(ctx context.Context) (rights, error) {
	a.mu.Lock()
	known := a.known
	a.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	ctx, cancel := host.Bounded(ctx, host.FileLimit)
	defer cancel()
	var out bytes.Buffer
	if err := a.client.Run(ctx, ssh.Command{Args: script(askRights, a.root), Stdout: &out}); err != nil {
		return rights{}, fmt.Errorf("find out what the login may do: %w", err)
	}
	lines := strings.Fields(out.String())
	if len(lines) != 4 {
		return rights{}, fmt.Errorf("find out what the login may do: its shell prints %d words where 4 were expected; "+
			"a login shell must print nothing by itself", len(lines))
	}
	r := rights{login: lines[0], isRoot: lines[1] == "0", sudo: lines[2] == "yes", writable: lines[3] == "yes"}
	if r.isRoot || r.sudo {
		a.mu.Lock()
		a.known = &r
		a.mu.Unlock()
	}
	return r, nil
}

// best makes a command run as root where the login may do that, and as itself where not.
func (r rights) best(args []string) []string {
	if r.isRoot || !r.sudo {
		return args
	}
	return append([]string{"sudo", "-n", "--"}, args...)
}

// asRoot makes a command run as root.
func (a *access) asRoot(ctx context.Context, args []string) ([]string, error) {
	r, err := a.ask(ctx)
	if err != nil {
		return nil, err
	}
	if !r.isRoot && !r.sudo {
		return nil, fmt.Errorf("%w: %s is neither root nor allowed sudo without a password; log in as root, or add "+
			"\"%s ALL=(ALL) NOPASSWD: ALL\" to the server's sudoers", host.ErrRights, r.login, r.login)
	}
	return r.best(args), nil
}

// forState makes a command run with the rights that the state folder needs.
func (a *access) forState(ctx context.Context, args []string) ([]string, error) {
	r, err := a.ask(ctx)
	if err != nil {
		return nil, err
	}
	if !r.isRoot && !r.sudo && !r.writable {
		return nil, fmt.Errorf("%w: %s may not write %s and is not allowed sudo without a password; log in as root, add "+
			"\"%s ALL=(ALL) NOPASSWD: ALL\" to the server's sudoers, or choose a state_dir that it may write",
			host.ErrRights, r.login, a.root, r.login)
	}
	return r.best(args), nil
}

// script is the argument list that runs a constant script with arguments, its messages in English.
func script(text string, args ...string) []string {
	return append([]string{"env", "LC_ALL=C", "sh", "-c", text, "longshore"}, args...)
}
