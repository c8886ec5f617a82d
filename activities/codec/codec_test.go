package codec

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"github.com/longshore-dev/longshore/internal/keyring"
)

func TestDataConverterHidesAndGivesBack(t *testing.T) {
	data, _ := Converters(ring(t))
	type input struct {
		Name string
		Raw  []byte
	}
	values := map[string]struct{ in, out any }{
		"struct": {&input{Name: "plain-text", Raw: []byte{1}}, &input{}},
		"bytes":  {new([]byte("plain-text")), new([]byte)},
		"nil":    {new((*input)(nil)), new((*input)(nil))},
	}
	for name, v := range values {
		t.Run(name, func(t *testing.T) {
			payload, err := data.ToPayload(v.in)
			if err != nil {
				t.Fatal(err)
			}
			if wire, _ := proto.Marshal(payload); bytes.Contains(wire, []byte("plain-text")) {
				t.Error("the payload shows its text")
			}
			if err := data.FromPayload(payload, v.out); err != nil {
				t.Fatal(err)
			}
		})
	}
	var got input
	payload, err := data.ToPayload(input{Name: "plain-text", Raw: []byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	if err := data.FromPayload(payload, &got); err != nil || got.Name != "plain-text" || len(got.Raw) != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestFailuresAreHiddenToo(t *testing.T) {
	_, failures := Converters(ring(t))
	failure := failures.ErrorToFailure(temporal.NewNonRetryableApplicationError("plain-text", "unhealthy", nil, "plain-detail"))
	wire, err := proto.Marshal(failure)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"plain-text", "plain-detail"} {
		if bytes.Contains(wire, []byte(text)) {
			t.Errorf("the failure shows %q", text)
		}
	}
	var app *temporal.ApplicationError
	if back := failures.FailureToError(failure); !errors.As(back, &app) || app.Message() != "plain-text" {
		t.Errorf("got %v back", back)
	}
	var detail string
	if err := app.Details(&detail); err != nil || detail != "plain-detail" {
		t.Errorf("got detail %q, %v", detail, err)
	}
}

func TestDecodeLeavesOthersAlone(t *testing.T) {
	plain := &commonpb.Payload{Metadata: map[string][]byte{converter.MetadataEncoding: []byte("json/plain")}, Data: []byte(`"x"`)}
	got, err := New(ring(t)).Decode([]*commonpb.Payload{plain, {}})
	if err != nil || len(got) != 2 || !proto.Equal(got[0], plain) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestDecodeWithAnotherRingSaysWhichKey(t *testing.T) {
	mine, other := ring(t), ring(t)
	sealed, err := New(mine).Encode([]*commonpb.Payload{{Data: []byte("x")}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = New(other).Decode(sealed)
	if _, ok := errors.AsType[*keyring.UnknownKeyError](err); !ok || !strings.Contains(err.Error(), other.Path()) {
		t.Errorf("got %v, want an UnknownKeyError that names %s", err, other.Path())
	}
}

func ring(t *testing.T) *keyring.Ring {
	t.Helper()
	r, err := keyring.Open(filepath.Join(t.TempDir(), "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}
