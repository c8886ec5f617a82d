package secret

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// formsOf are the texts in which a value may show up, without repeats.
func formsOf(value string) []string {
	forms := escapes(value)
	forms = append(forms, hex.EncodeToString([]byte(value)), strings.ToUpper(hex.EncodeToString([]byte(value))))
	forms = append(forms, base64Forms(value)...)
	if strings.ContainsAny(value, "\n\r") {
		for _, line := range strings.FieldsFunc(value, func(r rune) bool { return r == '\n' || r == '\r' }) {
			if line = strings.TrimSpace(line); len(line) >= minLine {
				forms = append(forms, escapes(line)...)
			}
		}
	}
	forms = slices.DeleteFunc(forms, func(f string) bool { return len(f) < minMasked })
	slices.Sort(forms)
	return slices.Clone(slices.Compact(forms))
}

// escapes are the value itself and the ways to write it in JSON, URLs, quotes of Go, shells and SQL, and HTML.
func escapes(value string) []string {
	once := jsonText(value)
	return []string{
		value,
		once, jsonText(once), plainJSON(value),
		url.QueryEscape(value), url.PathEscape(value), component(value), url.UserPassword("", value).String()[1:],
		unquoted(strconv.Quote(value)),
		strings.ReplaceAll(value, `'`, `'\''`), strings.ReplaceAll(value, `'`, `''`),
		html.EscapeString(value),
	}
}

// jsonText is a value as encoding/json has it within its quotes.
func jsonText(value string) string {
	text, err := json.Marshal(value)
	if err != nil {
		return value
	}
	return unquoted(string(text))
}

// plainJSON is what most other encoders make of it, who leave <, > and & as they are.
func plainJSON(value string) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return value
	}
	return unquoted(strings.TrimSuffix(text.String(), "\n"))
}

func unquoted(text string) string { return text[1 : len(text)-1] }

// component is a value as JavaScript's encodeURIComponent has it.
func component(value string) string {
	return strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*").Replace(url.QueryEscape(value))
}

// base64Forms are those of the value by itself, and what is the same of it wherever it stands within a longer text: its
// first bits may share a character with what comes before, and its last with what comes after.
func base64Forms(value string) []string {
	var forms []string
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		forms = append(forms, encoding.EncodeToString([]byte(value)))
		raw := encoding.WithPadding(base64.NoPadding)
		for before := range 3 {
			text := raw.EncodeToString(append(make([]byte, before), value...))
			if before == 0 {
				forms = append(forms, text)
			}
			if (before+len(value))%3 != 0 {
				text = text[:len(text)-1]
			}
			forms = append(forms, text[(before*8+5)/6:])
		}
	}
	return append(forms, wrapped(base64.StdEncoding.EncodeToString([]byte(value)))...)
}

// wrapped are the lines of a long base64 text, as MIME and PEM break it.
func wrapped(text string) []string {
	var lines []string
	for _, width := range []int{76, 64} {
		for line := range slices.Chunk([]byte(text), width) {
			if len(text) > width && len(line) >= minLine {
				lines = append(lines, string(line))
			}
		}
	}
	return lines
}
