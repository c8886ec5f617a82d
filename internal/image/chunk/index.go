package chunk

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	cdc "github.com/PlakarKorp/go-cdc-chunkers"
	_ "github.com/PlakarKorp/go-cdc-chunkers/chunkers/fastcdc" // registers the algorithm
)

// SumSize is the length of a chunk's sum, in bytes.
const SumSize = 16

// Sum is the beginning of a chunk's SHA-256. It finds content; what was found has to be proved by a whole SHA-256.
type Sum [SumSize]byte

// Chunk is a piece of a layer.
type Chunk struct {
	Sum    Sum
	Length uint32 // bytes, never 0
}

// Index is a layer's chunks, in order.
type Index struct {
	// Size is the length of the layer, in bytes.
	Size   int64
	Chunks []Chunk
}

const (
	// algorithm is a name that the library keeps for these very cuts.
	algorithm = "fastcdc-v1.0.0"
	// smallest is the usual length of a small layer's chunks: a change costs about as much beside its own bytes.
	smallest = 2 << 10
	// coarser is by how much chunks grow from a class of layers to the next.
	coarser = 8
	// perClass is how many chunks of the usual length a layer has at most before they grow, which bounds an index's memory.
	perClass = 256 << 10
	// classes bounds the layers that have an index, to 256 GiB.
	classes = 4
)

// ErrTooLarge is a layer that is too large for an index.
var ErrTooLarge = errors.New("the layer is too large for an index")

// options are those of a layer's size.
func options(size int64) (*cdc.ChunkerOpts, error) {
	usual := int64(smallest)
	for range classes {
		if size <= usual*perClass {
			return &cdc.ChunkerOpts{MinSize: int(usual / 4), NormalSize: int(usual), MaxSize: int(usual * 8)}, nil
		}
		usual *= coarser
	}
	return nil, ErrTooLarge
}

// Of makes the index of a layer of a size, which it reads to its end. It is ErrTooLarge, without a read, where there is
// none for that size.
func Of(r io.Reader, size int64) (*Index, error) {
	how, err := options(size)
	if err != nil {
		return nil, err
	}
	chunker, err := cdc.NewChunker(algorithm, io.LimitReader(r, size+1), how)
	if err != nil {
		return nil, fmt.Errorf("cut a layer into chunks: %w", err)
	}
	index := &Index{Chunks: make([]Chunk, 0, size/int64(how.NormalSize))}
	for {
		data, err := chunker.Next()
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("cut a layer into chunks: %w", err)
		}
		if len(data) > 0 {
			index.add(data)
		}
		if err != nil {
			break
		}
	}
	if index.Size != size {
		return nil, fmt.Errorf("cut a layer into chunks: it has other than the %d bytes that were said", size)
	}
	return index, nil
}

func (x *Index) add(data []byte) {
	sum := sha256.Sum256(data)
	x.Chunks = append(x.Chunks, Chunk{Sum: Sum(sum[:SumSize]), Length: uint32(len(data))})
	x.Size += int64(len(data))
}

// Writer makes the index of what is written to it. It is not safe for concurrent use, and has to be closed.
type Writer struct {
	pipe *io.PipeWriter
	done chan struct{}

	index *Index
	err   error
}

// NewWriter makes a writer for a layer of a size, in bytes.
func NewWriter(size int64) *Writer {
	reader, writer := io.Pipe()
	w := &Writer{pipe: writer, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		w.index, w.err = Of(reader, size)
		// Whoever writes the layer goes on without an index.
		_, _ = io.Copy(io.Discard, reader)
	}()
	return w
}

// Write never fails.
func (w *Writer) Write(p []byte) (int, error) { return w.pipe.Write(p) }

// Close answers the index of all that was written.
func (w *Writer) Close() (*Index, error) {
	if err := w.pipe.Close(); err != nil {
		return nil, err
	}
	<-w.done
	return w.index, w.err
}
