package spool

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// compress writes a bundle's bytes.
func (s *Store) compress(ctx context.Context, g *growth, write Write) (Whole, error) {
	scratch, err := os.CreateTemp(s.dir, "scratch-*.tmp")
	if err != nil {
		return Whole{}, err
	}
	defer scratch.Close()
	// It takes its disk with it when it is closed, even by a crash.
	if err := os.Remove(scratch.Name()); err != nil {
		return Whole{}, err
	}
	packed := &summed{growth: g, sum: sha256.New()}
	// One goroutine: a bundle has to be the same bytes at each making, for an upload to go on with.
	encoder, err := zstd.NewWriter(packed, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		return Whole{}, err
	}
	plain := &taken{growth: g, w: encoder}
	if err := errors.Join(write(ctx, plain, scratch, g.promise), encoder.Close()); err != nil {
		return Whole{}, err
	}
	if promised := g.promised().Plain; plain.n != promised {
		return Whole{}, fmt.Errorf("%d bytes, where %d were promised", plain.n, promised)
	}
	return Whole{Digest: hex.EncodeToString(packed.sum.Sum(nil)), Size: packed.n}, nil
}

// summed is the compressed side of a bundle that is being made.
type summed struct {
	growth *growth
	sum    hash.Hash
	n      int64
}

func (s *summed) Write(p []byte) (int, error) {
	n, err := s.growth.file.Write(p)
	s.sum.Write(p[:n])
	s.n += int64(n)
	s.growth.grow(s.n)
	return n, err
}

// taken is the side with the bytes to compress.
type taken struct {
	growth *growth
	w      io.Writer
	n      int64
}

func (t *taken) Write(p []byte) (int, error) {
	t.n += int64(len(p))
	t.growth.take(t.n)
	return t.w.Write(p)
}
