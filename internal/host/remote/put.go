package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/ssh"
)

// A line is printed for every block that is in the file, so that no more is under way than may be lost. Each block goes
// to its own place: what a cut connection still holds can arrive late and changes nothing, as it is the same bytes; nor
// does it bring back a file that was removed meanwhile.
const putBlocks = `
set -eu
umask 077
mkdir -p -- "$(dirname -- "$1")"
at=$2
: >> "$1"
while [ "$at" -lt "$3" ]; do
	[ -e "$1" ] || { echo "the file was removed meanwhile" >&2; exit 1; }
	dd of="$1" bs="$4" count=1 seek="$at" iflag=fullblock conv=notrunc status=none
	echo
	at=$((at + 1))
done
if [ "$(wc -c < "$1")" -lt "$5" ]; then echo "the input was cut short" >&2; exit 1; fi`

// Put writes into a file, as a stream of blocks that are acknowledged one by one.
func (f *files) Put(ctx context.Context, name string, offset int64, data io.Reader, size int64) error {
	if err := host.CheckPut(name, offset, size); err != nil {
		return err
	}
	full, err := f.at(name)
	if err != nil {
		return err
	}
	ctx, cancel := host.Bounded(ctx, host.PutLimit)
	defer cancel()
	first, end := offset/host.PutBlock, offset+size
	last := max(first+1, (end+host.PutBlock-1)/host.PutBlock)
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	line, err := f.access.forState(ctx, script(putBlocks, full, number(first), number(last), number(host.PutBlock), number(end)))
	if err != nil {
		return fmt.Errorf("%s: put into %s: %w", f.name, full, err)
	}
	w := newWindow(io.LimitReader(data, size))
	defer w.shut()
	if err := f.client.Run(ctx, ssh.Command{Args: line, Stdin: w, Stdout: acknowledged{w}}); err != nil {
		return fmt.Errorf("%s: put into %s: %w", f.name, full, kind(err))
	}
	return nil
}

// window is a reader that waits while too much of what was read is not acknowledged.
type window struct {
	reader io.Reader

	mu     sync.Mutex
	change *sync.Cond
	open   int64 // bytes that may be read
	closed bool
}

var errShut = errors.New("the put has ended")

func newWindow(reader io.Reader) *window {
	w := &window{reader: reader, open: host.PutWindow}
	w.change = sync.NewCond(&w.mu)
	return w
}

func (w *window) Read(p []byte) (int, error) {
	w.mu.Lock()
	for w.open <= 0 && !w.closed {
		w.change.Wait()
	}
	n, closed := min(int64(len(p)), w.open), w.closed
	w.mu.Unlock()
	if closed {
		return 0, errShut
	}
	read, err := w.reader.Read(p[:n])
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open -= int64(read)
	return read, err
}

func (w *window) shut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.change.Broadcast()
}

// acknowledged counts the lines that say that a block has arrived.
type acknowledged struct{ window *window }

func (a acknowledged) Write(p []byte) (int, error) {
	a.window.mu.Lock()
	defer a.window.mu.Unlock()
	for _, b := range p {
		if b == '\n' {
			a.window.open += host.PutBlock
		}
	}
	a.window.change.Broadcast()
	return len(p), nil
}

const statFile = `
[ -e "$1" ] || exit 44
set -eu
wc -c < "$1"
echo $(($(date +%s) - $(stat -c %Y -- "$1")))`

// Stat looks at a file.
func (f *files) Stat(ctx context.Context, name string) (host.FileInfo, error) {
	full, err := f.at(name)
	if err != nil {
		return host.FileInfo{}, err
	}
	out, err := f.run(ctx, "look at "+full, statFile, nil, full)
	if err != nil {
		return host.FileInfo{}, err
	}
	var size, age int64
	if _, err := fmt.Sscan(strings.TrimSpace(string(out)), &size, &age); err != nil {
		return host.FileInfo{}, fmt.Errorf("%s: look at %s: its size and age cannot be read: %w", f.name, full, err)
	}
	return host.FileInfo{Size: size, Age: time.Duration(age) * time.Second}, nil
}
