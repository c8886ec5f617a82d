package secrets

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode"
)

// shortestRun is how long a run of letters and digits is, at the least, that is looked for: shorter ones are in too much
// else.
const shortestRun = 12

// finder finds values in whatever was written, in every form, without knowing the forms: all but base64 and hex keep a
// value's long runs of letters and digits as they are, and in these two a run looks the same but for where it begins. It
// knows nothing of what the product masks. Values without a long run are not found.
type finder struct {
	needles map[uint64][]needle // by their first eight bytes
	begins  [1 << 16]bool       // by a hash of these
}

// needle is a text that stands for a value.
type needle struct{ value, text string }

// find is where a value stands in a content.
type find struct {
	value  string // its name
	offset int
}

// add has a value looked for, under a name.
func (f *finder) add(name, value string) {
	if f.needles == nil {
		f.needles = map[uint64][]needle{}
	}
	for _, run := range strings.FieldsFunc(value, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		if len(run) < shortestRun {
			continue
		}
		texts := []string{run, hex.EncodeToString([]byte(run)), strings.ToUpper(hex.EncodeToString([]byte(run)))}
		for before := range 3 {
			encoded := base64.RawStdEncoding.EncodeToString([]byte("..."[:before] + run))
			texts = append(texts, encoded[(8*before+5)/6:8*(before+len(run))/6])
		}
		for _, text := range texts {
			key := binary.LittleEndian.Uint64([]byte(text))
			f.needles[key] = append(f.needles[key], needle{name, text})
			f.begins[place16(key)] = true
		}
	}
}

func place16(key uint64) uint64 { return key * 0x9e3779b97f4a7c15 >> 48 }

// find looks for all values, and tells each that is there once.
func (f *finder) find(content []byte) []find {
	var finds []find
	told := map[string]bool{}
	for i := 0; i+8 <= len(content); i++ {
		key := binary.LittleEndian.Uint64(content[i:])
		if !f.begins[place16(key)] {
			continue
		}
		for _, n := range f.needles[key] {
			if !told[n.value] && len(content)-i >= len(n.text) && string(content[i:i+len(n.text)]) == n.text {
				told[n.value] = true
				finds = append(finds, find{n.value, i})
			}
		}
	}
	return finds
}

func TestFinder(t *testing.T) {
	const value = `4XKQZWRT2NVB"<&>\'+/=% é` + "\nQ3ZJ7LMP5SDAHC"
	var f finder
	f.add("ONE", value)
	f.add("OTHER", "3HBVTZQA7KXN2")
	quoted, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	forms := map[string]string{
		"raw": value, "half of it": value[14:], "hex": hex.EncodeToString([]byte(value)), "HEX": fmt.Sprintf("%X", value),
		"query": url.QueryEscape(value), "path": url.PathEscape(value), "JSON": string(quoted), "Go": fmt.Sprintf("%q", value),
	}
	for before := range 4 {
		text := []byte("abcd"[:before] + value + "xyz")
		forms[fmt.Sprintf("base64 after %d", before)] = base64.StdEncoding.EncodeToString(text)
		forms[fmt.Sprintf("base64 for URLs after %d", before)] = base64.RawURLEncoding.EncodeToString(text)
	}
	for name, text := range forms {
		for _, content := range []string{text, "before " + text, text + " after"} {
			if finds := f.find([]byte(content)); len(finds) != 1 || finds[0].value != "ONE" {
				t.Errorf("%s: found %v in %q", name, finds, content)
			}
		}
	}
	if finds := f.find([]byte(value[:shortestRun-1] + " " + strings.ToLower(value) + " é")); finds != nil {
		t.Errorf("found %v where nothing is", finds)
	}
	if finds := f.find([]byte("3HBVTZQA7KXN2" + value)); len(finds) != 2 {
		t.Errorf("found %v, want both", finds)
	}
}
