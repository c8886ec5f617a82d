package secret

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
)

const (
	hard = `p%s w"o<r>d'&/+?=ü\1`
	pem  = "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA7v9x\n  indented line here\r\nshort\n-----END KEY-----\n"
)

func TestMaskForms(t *testing.T) {
	var m Masker
	m.Learn(New(hard))
	quoted, err := json.Marshal(hard)
	if err != nil {
		t.Fatal(err)
	}
	nested, err := json.Marshal(string(quoted))
	if err != nil {
		t.Fatal(err)
	}
	for name, form := range map[string]string{
		"raw":          hard,
		"json":         string(quoted),
		"json in json": string(nested),
		"plain json":   `p%s w\"o<r>d'&/+?=ü\\1`,
		"go":           fmt.Sprintf("%q", hard),
		"query":        url.QueryEscape(hard),
		"path":         url.PathEscape(hard),
		"user":         url.UserPassword("ann", hard).String(),
		"javascript":   "p%25s%20w%22o%3Cr%3Ed'%26%2F%2B%3F%3D%C3%BC%5C1",
		"hex":          hex.EncodeToString([]byte(hard)),
		"HEX":          strings.ToUpper(hex.EncodeToString([]byte(hard))),
		"shell":        `'p%s w"o<r>d'\''&/+?=ü\1'`,
		"sql":          `'p%s w"o<r>d''&/+?=ü\1'`,
		"html":         "p%s w&#34;o&lt;r&gt;d&#39;&amp;/+?=ü\\1",
	} {
		got := m.Mask("before " + form + " after")
		bare := strings.Trim(strings.TrimPrefix(strings.TrimPrefix(strings.TrimSuffix(got, " after"), "before "), "ann:"), `'"\`)
		if bare != shown {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// Wherever a value stands in what is encoded, at most the characters that it shares with its neighbours are left.
func TestMaskBase64(t *testing.T) {
	for _, value := range []string{"four", "fiver", "sixsix", hard, "\xff\xfe\xfd\xfc\xfb\xfa\xf9"} {
		var m Masker
		m.Learn(New(value))
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			if got := m.Mask("x " + encoding.EncodeToString([]byte(value)) + " y"); got != "x *** y" {
				t.Errorf("%q alone: %s", value, got)
			}
			for before := range 4 {
				for after := range 4 {
					text := encoding.EncodeToString([]byte("12345678"[:before] + value + "abcdefgh"[:after]))
					got := m.Mask(text)
					left, right, ok := strings.Cut(got, shown)
					end := (before + len(value)) * 8 // bits, of which a character has six
					if !ok || len(left) > (before*8+5)/6 || len(strings.TrimRight(right, "=")) > (end+after*8+5)/6-end/6 {
						t.Errorf("%q between %d and %d: %s of %s", value, before, after, got, text)
					}
				}
			}
		}
	}
}

// Lines of logs are cut, and a value with them.
func TestMaskWhatIsCut(t *testing.T) {
	var m Masker
	m.Learn(New(hard))
	for name, form := range map[string]string{"raw": hard, "query": url.QueryEscape(hard), "base64": base64.StdEncoding.EncodeToString([]byte(hard))} {
		for end := minCut; end < len(form); end++ {
			if got := m.Mask("before " + form[:end]); got != "before "+shown {
				t.Errorf("%s, of which %d bytes are left: %s", name, end, got)
			}
		}
		short := "before " + form[:minCut-1]
		if got := m.Mask(short); got != short {
			t.Errorf("%s: so little may be anything: %s", name, got)
		}
		if got := m.Mask(form[:minCut] + " after"); got != form[:minCut]+" after" {
			t.Errorf("%s: what goes on otherwise is no value: %s", name, got)
		}
	}
}

func TestMaskLines(t *testing.T) {
	var m Masker
	m.Learn(New(pem))
	for text, want := range map[string]string{
		"line 2 is MIIEpAIBAAKCAQEA7v9x, yes": "line 2 is ***, yes",
		"> indented line here <":              "> *** <",
		"a short one":                         "a short one",
		pem:                                   shown,
		"x" + strings.TrimSpace(pem) + "y":    "x***\n***\n  ***\r\nshort\n***y",
	} {
		if got := m.Mask(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(pem))
	if len(encoded) < 80 {
		t.Fatal("it is too short to be broken into lines")
	}
	if got := m.Mask(encoded[:76] + "\n" + encoded[76:]); got != "***\n***" {
		t.Error(got)
	}
}

func TestMaskOverlaps(t *testing.T) {
	var m Masker
	for _, value := range []string{"abcdef", "abcdefghi", "defghijk", "zzzz"} {
		m.Learn(New(value))
	}
	for text, want := range map[string]string{
		"-abcdef-":                  "-***-",
		"-abcdefghi-":               "-***-",
		"-abcdefghijk-":             "-***-",
		"abcdefabcdef":              "***",
		"abcdef abcdef":             "*** ***",
		"zzzzz":                     "***",
		"-abcdeabcdef-zzz":          "-abcde***-zzz",
		"abc":                       "abc",
		"":                          "",
		"nothing known here":        "nothing known here",
		"defghijk at both defghijk": "*** at both ***",
	} {
		if got := m.Mask(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestMaskLeavesShortValues(t *testing.T) {
	var m Masker
	for _, value := range []string{"", "a", "yes"} {
		m.Learn(New(value))
	}
	if got := m.Mask("yes, a cat"); got != "yes, a cat" {
		t.Error(got)
	}
	var none *Masker
	none.Learn(New("value"))
	if got := none.Mask("value"); got != "value" {
		t.Error(got)
	}
}

func TestMaskerForgetsTheOldest(t *testing.T) {
	var m Masker
	large := func(i int) String {
		return New(fmt.Sprintf("%08d", i) + strings.Repeat(string(rune('a'+i%26)), 64<<10))
	}
	m.Learn(large(0))
	last := 1
	for one := m.size; m.size+one <= maxForms; last++ {
		m.Learn(large(last))
	}
	m.Learn(large(0)) // it is the next to go, but for this
	for range 5 {
		m.Learn(large(last))
		last++
	}
	if m.size > maxForms || len(m.known) != m.recent.Len() || len(m.known) < 10 {
		t.Errorf("%d bytes of %d values, %d in order", m.size, len(m.known), m.recent.Len())
	}
	sum := 0
	for _, forms := range m.index {
		for _, form := range forms {
			sum += len(form.text)
		}
	}
	if sum != m.size {
		t.Errorf("%d bytes are kept, and %d counted", sum, m.size)
	}
	if m.Mask(large(1).Reveal()) == shown {
		t.Error("the oldest is still known")
	}
	for _, i := range []int{0, last - 1} {
		if got := m.Mask("x" + large(i).Reveal() + "y"); got != "x***y" {
			t.Errorf("value %d of %d: %.100s", i, last, got)
		}
	}
}

func TestMaskerIsSafeForConcurrentUse(t *testing.T) {
	var m Masker
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range 50 {
				value := fmt.Sprintf("value %d of %d", n, i)
				m.Learn(New(value))
				if got := m.Mask("<" + value + ">"); got != "<***>" {
					t.Error(got)
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkMask(b *testing.B) {
	line := strings.Repeat("level=info msg=\"container started\" host=web-1 ", 20)
	for _, values := range []int{0, 10, 1000} {
		b.Run(fmt.Sprint(values), func(b *testing.B) {
			var m Masker
			for i := range values {
				m.Learn(New(fmt.Sprintf("postgres://user:%d@db/shop", i)))
			}
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				m.Mask(line)
			}
		})
	}
}
