package delta

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

var (
	// ErrMalformed is what is no delta, or one that makes a layer of another size.
	ErrMalformed = errors.New("malformed delta")
	// ErrBase is a base that is not what the delta was made for.
	ErrBase = errors.New("a layer that the host holds is not what it should be")
)

// Source is a base's content.
type Source struct {
	io.ReaderAt
	Size int64 // bytes
}

// Apply rebuilds a layer of a size from its delta and the bases, in their order. Nothing is written but what was sent or
// has proved to be what was meant; what has been written before an error is of no use. It takes MaxCopy of memory.
func Apply(w io.Writer, delta io.Reader, size int64, bases []Source) error {
	a := applying{in: bufio.NewReader(delta), out: w, left: size, bases: bases}
	for {
		kind, err := a.in.ReadByte()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch kind {
		case kindLiteral:
			err = a.literal()
		case kindCopy:
			err = a.copy()
		default:
			err = fmt.Errorf("%w: no part is of the kind %d", ErrMalformed, kind)
		}
		if err != nil {
			return err
		}
	}
	if a.left != 0 {
		return fmt.Errorf("%w: %d bytes are missing", ErrMalformed, a.left)
	}
	return nil
}

type applying struct {
	in     *bufio.Reader
	out    io.Writer
	left   int64 // of the layer
	bases  []Source
	buffer []byte
}

// number reads one that is most at most.
func (a *applying) number(what string, most int64) (int64, error) {
	n, err := binary.ReadUvarint(a.in)
	if err != nil {
		return 0, fmt.Errorf("%w: %s: %w", ErrMalformed, what, err)
	}
	if most < 0 || n > uint64(most) {
		return 0, fmt.Errorf("%w: %s is %d", ErrMalformed, what, n)
	}
	return int64(n), nil
}

// length reads a part's length, and counts it.
func (a *applying) length(most int64) (int64, error) {
	n, err := a.number("a part's length", min(most, a.left))
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: an empty part", ErrMalformed)
	}
	a.left -= n
	return n, err
}

func (a *applying) literal() error {
	n, err := a.length(a.left)
	if err != nil {
		return err
	}
	if _, err := io.CopyN(a.out, a.in, n); errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: it is cut short", ErrMalformed)
	} else if err != nil {
		return err
	}
	return nil
}

func (a *applying) copy() error {
	number, err := a.number("a copy's base", int64(len(a.bases))-1)
	if err != nil {
		return err
	}
	base := a.bases[number]
	offset, err := a.number("a copy's offset", base.Size)
	if err != nil {
		return err
	}
	n, err := a.length(min(MaxCopy, base.Size-offset))
	if err != nil {
		return err
	}
	var want [sha256.Size]byte
	if _, err := io.ReadFull(a.in, want[:]); err != nil {
		return fmt.Errorf("%w: it is cut short: %w", ErrMalformed, err)
	}
	if a.buffer == nil {
		a.buffer = make([]byte, MaxCopy)
	}
	data := a.buffer[:n]
	if _, err := base.ReadAt(data, offset); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read what a delta copies: %w", err)
	}
	if sum := sha256.Sum256(data); !bytes.Equal(sum[:], want[:]) {
		return fmt.Errorf("%w: its bytes from %d on have another SHA-256", ErrBase, offset)
	}
	_, err = a.out.Write(data)
	return err
}
