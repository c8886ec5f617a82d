package chunk

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// ErrMalformed is a file that is no index, or not the one that is wanted.
var ErrMalformed = errors.New("malformed chunk index")

// head begins each file. Its number is that of the cuts, too.
const head = "longshore chunks 1\n"

// Encode is an index as a file, for the layer of a digest ("sha256:…"):
//
//	head, SHA-256 of the layer, size, number of chunks, the lengths, the sums, SHA-256 of all that
//
// with numbers as unsigned varints.
func (x *Index) Encode(layer string) ([]byte, error) {
	digest, err := digestOf(layer)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(head)+len(digest)+len(x.Chunks)*(SumSize+3)+64)
	out = append(append(out, head...), digest...)
	out = binary.AppendUvarint(out, uint64(x.Size))
	out = binary.AppendUvarint(out, uint64(len(x.Chunks)))
	for _, c := range x.Chunks {
		out = binary.AppendUvarint(out, uint64(c.Length))
	}
	for _, c := range x.Chunks {
		out = append(out, c.Sum[:]...)
	}
	sum := sha256.Sum256(out)
	return append(out, sum[:]...), nil
}

// Decode reads what Encode made for the layer. Anything else is ErrMalformed, and takes no more memory than the file.
func Decode(data []byte, layer string) (*Index, error) {
	digest, err := digestOf(layer)
	if err != nil {
		return nil, err
	}
	end := len(data) - sha256.Size
	if end < 0 {
		return nil, fmt.Errorf("%w: %d bytes are too few", ErrMalformed, len(data))
	}
	if sum := sha256.Sum256(data[:end]); !bytes.Equal(sum[:], data[end:]) {
		return nil, fmt.Errorf("%w: it is damaged", ErrMalformed)
	}
	rest, ok := bytes.CutPrefix(data[:end], []byte(head))
	if !ok {
		return nil, fmt.Errorf("%w: it is another kind of file", ErrMalformed)
	}
	if rest, ok = bytes.CutPrefix(rest, digest); !ok {
		return nil, fmt.Errorf("%w: it is of another layer than %s", ErrMalformed, layer)
	}
	return decodeChunks(rest)
}

func decodeChunks(rest []byte) (*Index, error) {
	size, rest, ok := number(rest)
	count, rest, counted := number(rest)
	if !ok || !counted || count > uint64(len(rest)/(SumSize+1)) {
		return nil, fmt.Errorf("%w: it is cut short", ErrMalformed)
	}
	x := &Index{Chunks: make([]Chunk, count)}
	for i := range x.Chunks {
		var length uint64
		if length, rest, ok = number(rest); !ok || length == 0 || length > 1<<30 {
			return nil, fmt.Errorf("%w: a chunk has no possible length", ErrMalformed)
		}
		x.Chunks[i].Length = uint32(length)
		x.Size += int64(length)
	}
	if uint64(x.Size) != size || uint64(len(rest)) != count*SumSize {
		return nil, fmt.Errorf("%w: its parts do not fit together", ErrMalformed)
	}
	for i := range x.Chunks {
		x.Chunks[i].Sum = Sum(rest[i*SumSize:])
	}
	return x, nil
}

func number(data []byte) (n uint64, rest []byte, ok bool) {
	n, length := binary.Uvarint(data)
	if length <= 0 {
		return 0, nil, false
	}
	return n, data[length:], true
}

// digestOf are a digest's bytes.
func digestOf(layer string) ([]byte, error) {
	text, ok := strings.CutPrefix(layer, "sha256:")
	digest, err := hex.DecodeString(text)
	if !ok || err != nil || len(digest) != sha256.Size || text != strings.ToLower(text) {
		return nil, fmt.Errorf("%w: %.80q is no SHA-256 digest", ErrMalformed, layer)
	}
	return digest, nil
}
