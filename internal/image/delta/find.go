package delta

import (
	"github.com/longshore-dev/longshore/internal/image/chunk"
)

// Find makes the parts of a layer that are among the bases' chunks copies of these, and answers their bytes.
func Find(layer *chunk.Index, bases []*chunk.Index) (parts []Part, copied int64) {
	return newFinder(bases).find(layer)
}

// maxChunks bounds a finder's memory.
const maxChunks = 512 << 10

// finder knows where chunks are.
type finder map[chunk.Chunk]place

type place struct {
	base   int32
	offset int64
}

func newFinder(bases []*chunk.Index) finder {
	f := finder{}
	for i, base := range bases {
		at := place{base: int32(i)}
		for _, c := range base.Chunks {
			if _, known := f[c]; !known && len(f) < maxChunks {
				f[c] = at
			}
			at.offset += int64(c.Length)
		}
	}
	return f
}

func (f finder) find(layer *chunk.Index) (parts []Part, copied int64) {
	for _, c := range layer.Chunks {
		part := Part{Base: Literal, Length: int64(c.Length)}
		if at, known := f[c]; known {
			part.Base, part.Offset = at.base, at.offset
			copied += part.Length
		}
		parts = join(parts, part)
	}
	return parts, copied
}

// Whole is the parts of a layer that is a base itself.
func Whole(base int32, size int64) []Part {
	return join(nil, Part{Base: base, Length: size})
}

// join adds a part, to the last one where it goes on with that.
func join(parts []Part, next Part) []Part {
	if n := len(parts); n > 0 {
		last := &parts[n-1]
		switch {
		case last.Base != next.Base:
		case last.Base == Literal:
			last.Length += next.Length
			return parts
		case last.Offset+last.Length == next.Offset:
			more := min(next.Length, MaxCopy-last.Length)
			last.Length += more
			next.Offset += more
			next.Length -= more
		}
	}
	for next.Length > 0 {
		part := next
		if part.Base != Literal {
			part.Length = min(part.Length, MaxCopy)
		}
		parts = append(parts, part)
		next.Offset += part.Length
		next.Length -= part.Length
	}
	return parts
}
