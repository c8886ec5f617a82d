package codec

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
)

func TestLongPayloadsAreCompressed(t *testing.T) {
	c := New(ring(t))
	noise := make([]byte, 4096)
	rand.Read(noise) // never fails (crypto/rand, Go 1.24)
	for name, test := range map[string]struct {
		data     []byte
		encoding string
		most     int
	}{
		"a specification":       {[]byte(strings.Repeat(`{"name":"web","replicas":2}`, 1000)), EncodingCompressed, 1000},
		"short":                 {[]byte(strings.Repeat("a", 100)), Encoding, 300},
		"what cannot be packed": {noise, Encoding, 4300},
	} {
		t.Run(name, func(t *testing.T) {
			plain := []*commonpb.Payload{{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: test.data}}
			sealed, err := c.Encode(plain)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(sealed[0].Metadata[converter.MetadataEncoding]); got != test.encoding {
				t.Errorf("encoded as %s", got)
			}
			if len(sealed[0].Data) > test.most {
				t.Errorf("%d bytes became %d", len(test.data), len(sealed[0].Data))
			}
			back, err := c.Decode(sealed)
			if err != nil || !proto.Equal(back[0], plain[0]) {
				t.Errorf("it did not come back: %v", err)
			}
		})
	}
}

// A sealed text cannot be made to pass for its other form by who may only write to the engine's database.
func TestEncodingIsSealedToo(t *testing.T) {
	c := New(ring(t))
	sealed, err := c.Encode([]*commonpb.Payload{{Data: bytes.Repeat([]byte("a"), 4096)}})
	if err != nil {
		t.Fatal(err)
	}
	sealed[0].Metadata[converter.MetadataEncoding] = []byte(Encoding)
	if _, err := c.Decode(sealed); err == nil {
		t.Error("a compressed payload was read as a plain one")
	}
}

func TestPayloadsThatUnpackWithoutEndAreRefused(t *testing.T) {
	keys := ring(t)
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	bomb := encoder.EncodeAll(make([]byte, maxPlain+1), nil)
	id, sealed, err := keys.Seal(bomb, []byte(EncodingCompressed))
	if err != nil {
		t.Fatal(err)
	}
	payload := &commonpb.Payload{Data: sealed, Metadata: map[string][]byte{
		converter.MetadataEncoding: []byte(EncodingCompressed), metadataKeyID: []byte(id),
	}}
	if _, err := New(keys).Decode([]*commonpb.Payload{payload}); !errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		t.Errorf("%d bytes unpacked to more than %d: %v", len(bomb), maxPlain, err)
	}
	if _, err := New(keys).Encode([]*commonpb.Payload{{Data: make([]byte, maxPlain+1)}}); err == nil {
		t.Error("a payload was written that cannot be read again")
	}
}
