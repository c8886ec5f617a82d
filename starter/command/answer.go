package command

import (
	"bufio"
	"context"
	"io"
	"strings"
)

// answer reads the line that a person types, without spaces around it. Where ctx ends first, by Ctrl-C, it answers ctx's
// error, and the read goes on until the program ends.
func answer(ctx context.Context, in io.Reader) (string, error) {
	type read struct {
		line string
		err  error
	}
	reads := make(chan read, 1)
	go func() {
		line, err := bufio.NewReader(in).ReadString('\n')
		reads <- read{strings.TrimSpace(line), err}
	}()
	select {
	case r := <-reads:
		return r.line, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
