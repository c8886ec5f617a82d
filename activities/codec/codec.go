// Package codec compresses and encrypts everything that a run writes to the engine: inputs, results, failures,
// heartbeats, summaries and details. It ties a key ring to Temporal's converters and to the endpoint that lets the web UI read them. It must
// not know what the payloads mean, nor where the ring is kept.
package codec

import (
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"github.com/longshore-dev/longshore/internal/keyring"
)

// Encoding and EncodingCompressed mark a payload that this codec made; metadataKeyID names the key. The encoding is also
// what ties a sealed text to its use: it cannot stand for anything else that the ring may seal, nor for its other form.
const (
	Encoding           = "binary/longshore-encrypted"
	EncodingCompressed = "binary/longshore-compressed-encrypted"
	metadataKeyID      = "longshore-key-id"
)

type codec struct {
	ring *keyring.Ring
	packer
}

// New is a codec that encrypts with the ring's newest key, and compresses what gets shorter by it. It leaves payloads
// that it did not encrypt as they are. It is safe for concurrent use.
func New(ring *keyring.Ring) converter.PayloadCodec { return codec{ring: ring, packer: newPacker()} }

func (c codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	encoded := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		plain, err := proto.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("encrypt a payload: %w", err)
		}
		packed, encoding, err := c.pack(plain)
		if err != nil {
			return nil, err
		}
		id, sealed, err := c.ring.Seal(packed, encoding)
		if err != nil {
			return nil, fmt.Errorf("encrypt a payload: %w", err)
		}
		encoded[i] = &commonpb.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: encoding, metadataKeyID: []byte(id)},
			Data:     sealed,
		}
	}
	return encoded, nil
}

func (c codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	decoded := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		encoding := p.GetMetadata()[converter.MetadataEncoding]
		if string(encoding) != Encoding && string(encoding) != EncodingCompressed {
			decoded[i] = p
			continue
		}
		packed, err := c.ring.Unseal(string(p.Metadata[metadataKeyID]), p.Data, encoding)
		if err != nil {
			return nil, fmt.Errorf("decrypt a payload: %w", err)
		}
		plain, err := c.unpack(packed, encoding)
		if err != nil {
			return nil, err
		}
		decoded[i] = &commonpb.Payload{}
		if err := proto.Unmarshal(plain, decoded[i]); err != nil {
			return nil, fmt.Errorf("decrypt a payload: %w", err)
		}
	}
	return decoded, nil
}

// Converters are what a Temporal client needs to write and read encrypted payloads and failures.
func Converters(ring *keyring.Ring) (converter.DataConverter, converter.FailureConverter) {
	data := converter.NewCodecDataConverter(converter.GetDefaultDataConverter(), New(ring))
	return data, temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{
		DataConverter:          data,
		EncodeCommonAttributes: true,
	})
}
