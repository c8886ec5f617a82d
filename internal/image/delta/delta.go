package delta

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
)

// Base is a layer that a delta copies from.
type Base struct {
	Layer string `json:"layer"` // its digest, "sha256:…"
	Size  int64  `json:"size"`  // bytes
}

// Part is a piece of the new layer.
type Part struct {
	// Base is the number of the base that it is copied from, or Literal.
	Base int32
	// Offset is its place in the base.
	Offset int64
	// Length is above 0, and MaxCopy at most for a copy.
	Length int64
}

// Literal is the base of a part that no base has.
const Literal = -1

// MaxCopy bounds the length of a copy, which is held in memory until it has proved to be right.
const MaxCopy = 1 << 20

// The kinds of parts in a delta:
//
//	0, length, bytes
//	1, base, offset, length, SHA-256 of the bytes
//
// with numbers as unsigned varints.
const (
	kindLiteral = 0
	kindCopy    = 1
)

// Length is that of the delta of these parts, in bytes.
func Length(parts []Part) int64 {
	total := int64(0)
	for _, p := range parts {
		total += int64(len(p.head()))
		if p.Base == Literal {
			total += p.Length
		} else {
			total += sha256.Size
		}
	}
	return total
}

func (p Part) head() []byte {
	if p.Base == Literal {
		return binary.AppendUvarint([]byte{kindLiteral}, uint64(p.Length))
	}
	head := binary.AppendUvarint([]byte{kindCopy}, uint64(p.Base))
	head = binary.AppendUvarint(head, uint64(p.Offset))
	return binary.AppendUvarint(head, uint64(p.Length))
}

// Write writes the delta of these parts, which have to be those of the layer.
func Write(w io.Writer, parts []Part, layer io.Reader) error {
	var buffer []byte
	for _, p := range parts {
		if _, err := w.Write(p.head()); err != nil {
			return err
		}
		if p.Base == Literal {
			if _, err := io.CopyN(w, layer, p.Length); err != nil {
				return fmt.Errorf("write a delta: %w", err)
			}
			continue
		}
		if buffer == nil {
			buffer = make([]byte, MaxCopy)
		}
		if _, err := io.ReadFull(layer, buffer[:p.Length]); err != nil {
			return fmt.Errorf("write a delta: %w", err)
		}
		sum := sha256.Sum256(buffer[:p.Length])
		if _, err := w.Write(sum[:]); err != nil {
			return err
		}
	}
	return nil
}
