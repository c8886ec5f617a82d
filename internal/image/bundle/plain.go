package bundle

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"

	"github.com/klauspost/compress/zstd"
)

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// plain unpacks a layer that is compressed, as the containerd image store keeps them.
func plain(layer *io.SectionReader) (r io.Reader, closing func(), err error) {
	magic := make([]byte, len(zstdMagic))
	n, err := layer.ReadAt(magic, 0)
	if err != nil && err != io.EOF {
		return nil, nil, err
	}
	switch magic = magic[:n]; {
	case bytes.HasPrefix(magic, gzipMagic):
		unpacked, err := gzip.NewReader(bufio.NewReaderSize(layer, 64<<10))
		if err != nil {
			return nil, nil, malformed("a compressed layer: %v", err)
		}
		return unpacked, func() {}, nil
	case bytes.HasPrefix(magic, zstdMagic):
		unpacked, err := zstd.NewReader(layer, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, nil, malformed("a compressed layer: %v", err)
		}
		return unpacked, unpacked.Close, nil
	}
	return layer, func() {}, nil
}
