package codec

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// The bounds of compression, in bytes. What is shorter than worthPacking hardly gets shorter by it. The engine takes
// payloads of 2 MiB at most; maxPlain keeps one of that size from growing without end in a reader's memory.
const (
	worthPacking = 512
	maxPlain     = 64 << 20
)

// packer compresses and uncompresses whole payloads. It is safe for concurrent use.
type packer struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

func newPacker() packer {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(2), zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(err) // only for options out of their range
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(maxPlain))
	if err != nil {
		panic(err) // as above
	}
	return packer{encoder: encoder, decoder: decoder}
}

// pack answers the shorter of a plain text and its compressed form, and which of them it is.
func (p packer) pack(plain []byte) (packed, encoding []byte, err error) {
	if len(plain) > maxPlain {
		return nil, nil, fmt.Errorf("compress a payload: %d bytes are more than the %d that can be read again", len(plain), maxPlain)
	}
	if len(plain) >= worthPacking {
		if packed := p.encoder.EncodeAll(plain, nil); len(packed) < len(plain) {
			return packed, []byte(EncodingCompressed), nil
		}
	}
	return plain, []byte(Encoding), nil
}

// unpack is the way back.
func (p packer) unpack(packed, encoding []byte) ([]byte, error) {
	if string(encoding) != EncodingCompressed {
		return packed, nil
	}
	plain, err := p.decoder.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("uncompress a payload: %w", err)
	}
	return plain, nil
}
