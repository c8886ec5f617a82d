package tables

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/longshore-dev/longshore/internal/app"
)

// ErrCorrupt is text that Encode did not write, or that lost some of what it wrote.
var ErrCorrupt = errors.New("the kept routes cannot be read")

// formatVersion stays what it is while an older edge that reads past what it does not know serves something safe. For a
// canary that is the live release alone, while a file that it refuses would leave every site of the host without routes.
// That the canary is not served is said by the answer to the next Put.
const formatVersion = 1

type file struct {
	Version int             `json:"version"`
	SHA256  string          `json:"sha256"` // of Body
	Body    json.RawMessage `json:"body"`
}

type body struct {
	Tables []app.EdgeTable  `json:"tables"`
	Fences map[string]int64 `json:"fences"`
}

// Encode writes the tables as text that says of itself whether it is whole.
func (t Tables) Encode() ([]byte, error) {
	fences := t.fences
	if fences == nil {
		fences = map[string]int64{}
	}
	inner, err := json.Marshal(body{Tables: t.All(), Fences: fences})
	if err != nil {
		return nil, fmt.Errorf("writing the routes: %w", err)
	}
	sum := sha256.Sum256(inner)
	return json.Marshal(file{Version: formatVersion, SHA256: hex.EncodeToString(sum[:]), Body: inner})
}

// Decode reads what Encode wrote. Anything else is ErrCorrupt: what it returns has passed every rule of Put.
func Decode(data []byte) (Tables, error) {
	var outer file
	if err := json.Unmarshal(data, &outer); err != nil {
		return Tables{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if outer.Version != formatVersion {
		return Tables{}, fmt.Errorf("%w: format %d, expected %d", ErrCorrupt, outer.Version, formatVersion)
	}
	sum := sha256.Sum256(outer.Body)
	if hex.EncodeToString(sum[:]) != outer.SHA256 {
		return Tables{}, fmt.Errorf("%w: checksum does not match", ErrCorrupt)
	}
	var inner body
	decoder := json.NewDecoder(bytes.NewReader(outer.Body))
	if err := decoder.Decode(&inner); err != nil {
		return Tables{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	var t Tables
	for _, table := range inner.Tables {
		if _, twice := t.Get(table.Site); twice {
			return Tables{}, fmt.Errorf("%w: site %s is in it twice", ErrCorrupt, table.Site)
		}
		next, err := t.Put(table)
		if err != nil {
			return Tables{}, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		t = next
	}
	t = t.clone()
	for _, site := range slices.Sorted(maps.Keys(inner.Fences)) {
		t.fences[site] = max(t.fences[site], inner.Fences[site])
	}
	return t, nil
}
