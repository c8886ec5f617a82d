package remote

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/ssh"
)

// files is the state folder on the server.
type files struct {
	name   string
	root   string
	client *ssh.Client
	access *access
}

// notThere is the exit code by which the scripts tell a missing file from a failure.
const notThere = 44

// Root is the folder's path on the server.
func (f *files) Root() string { return f.root }

// run runs a script and answers what it printed.
func (f *files) run(ctx context.Context, what, text string, stdin []byte, args ...string) ([]byte, error) {
	ctx, cancel := host.Bounded(ctx, host.FileLimit)
	defer cancel()
	line, err := f.access.forState(ctx, script(text, args...))
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", f.name, what, err)
	}
	var out bytes.Buffer
	if err := f.client.Run(ctx, ssh.Command{Args: line, Stdin: bytes.NewReader(stdin), Stdout: &out}); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", f.name, what, kind(err))
	}
	return out.Bytes(), nil
}

// kind adds the contract's words to a script's failure.
func kind(err error) error {
	var exit *host.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	switch {
	case exit.Code == notThere:
		return host.ErrNotFound
	case strings.Contains(exit.Stderr, "No space left on device"), strings.Contains(exit.Stderr, "Disk quota exceeded"):
		return fmt.Errorf("%w: %s", host.ErrDiskFull, exit.Stderr)
	case strings.Contains(exit.Stderr, "Permission denied"):
		return fmt.Errorf("%w: %s", host.ErrRights, exit.Stderr)
	default:
		return err
	}
}

func (f *files) at(name string) (string, error) {
	if err := host.CheckPath(name); err != nil {
		return "", err
	}
	return path.Join(f.root, name), nil
}

// Read reads a file.
func (f *files) Read(ctx context.Context, name string) ([]byte, error) {
	full, err := f.at(name)
	if err != nil {
		return nil, err
	}
	return f.run(ctx, "read "+full, `[ -e "$1" ] || exit 44; exec cat -- "$1"`, nil, full)
}

// The size is checked, since a cut connection ends the input as if the file were at its end.
const writeFile = `
set -eu
umask 077
folder=$(dirname -- "$1")
mkdir -p -- "$folder"
trap 'rm -f -- "$2"' EXIT
cat > "$2"
if [ "$(wc -c < "$2")" -ne "$3" ]; then echo "the input was cut short" >&2; exit 1; fi
chmod -- "$4" "$2"
sync -- "$2" 2>/dev/null || sync
mv -f -- "$2" "$1"
sync -- "$folder" 2>/dev/null || sync`

// Write replaces a file as a whole.
func (f *files) Write(ctx context.Context, name string, data []byte, mode uint32) error {
	full, err := f.at(name)
	if err != nil {
		return err
	}
	if mode == 0 {
		mode = 0o600
	}
	temp := path.Join(path.Dir(full), host.TempPrefix+rand.Text())
	_, err = f.run(ctx, "write "+full, writeFile, data,
		full, temp, strconv.Itoa(len(data)), strconv.FormatUint(uint64(mode), 8))
	return err
}

// List lists a folder.
func (f *files) List(ctx context.Context, dir string) ([]string, error) {
	full, err := f.at(dir)
	if err != nil {
		return nil, err
	}
	out, err := f.run(ctx, "list "+full, `[ -e "$1" ] || exit 0; cd -- "$1" && exec ls -1A`, nil, full)
	if err != nil {
		return nil, err
	}
	var names []string
	for line := range strings.Lines(string(out)) {
		if name := strings.TrimSuffix(line, "\n"); !strings.HasPrefix(name, host.TempPrefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Remove deletes a file or a folder with all in it.
func (f *files) Remove(ctx context.Context, name string) error {
	full, err := f.at(name)
	if err != nil {
		return err
	}
	_, err = f.run(ctx, "remove "+full, `exec rm -rf -- "$1"`, nil, full)
	return err
}

const freeSpace = `
place=$1
while [ ! -d "$place" ]; do place=$(dirname -- "$place"); done
exec df -P -k -- "$place"`

// FreeBytes asks the server's file system.
func (f *files) FreeBytes(ctx context.Context, place string) (int64, error) {
	if !path.IsAbs(place) {
		return 0, fmt.Errorf("free space of %q: the path is not absolute", place)
	}
	out, err := f.run(ctx, "free space of "+place, freeSpace, nil, path.Clean(place))
	if err != nil {
		return 0, err
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	fields := strings.Fields(lines[len(lines)-1])
	if len(lines) < 2 || len(fields) < 4 {
		return 0, fmt.Errorf("%s: free space of %s: df prints what cannot be read", f.name, place)
	}
	free, err := strconv.ParseInt(fields[3], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: free space of %s: %w", f.name, place, err)
	}
	return free << 10, nil
}
