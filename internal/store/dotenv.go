package store

import (
	"errors"
	"fmt"
	"strings"

	"github.com/longshore-dev/longshore/internal/secret"
)

// Entry is one variable of a .env file.
type Entry struct {
	Name  string
	Value secret.String // may be empty
	Line  int           // from 1
}

// ParseEnv reads a .env file, in its order:
//
//	# a comment
//	export NAME=value with spaces   # a comment after a space
//	SINGLE='taken as it is, \n and "quotes" too, over several lines'
//	DOUBLE="with \n \r \t \" \\ \$ as escapes, over several lines"
//
// A $ is nothing but a $: what other programs would put in for $NAME is not a secret's own text. A name that comes twice is
// an error. An error names the line and never anything that is in it, since a line that is not understood may be part of a
// value.
func ParseEnv(text string) ([]Entry, error) {
	p := envParser{rest: strings.ReplaceAll(strings.TrimPrefix(text, "\uFEFF"), "\r\n", "\n"), line: 1}
	var entries []Entry
	seen := map[string]int{}
	for p.next() {
		start := p.line
		name, value, err := p.entry()
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", start, err)
		}
		if before, ok := seen[name]; ok {
			return nil, fmt.Errorf("line %d: it has the name of line %d", start, before)
		}
		seen[name] = start
		entries = append(entries, Entry{Name: name, Value: secret.New(value), Line: start})
	}
	return entries, nil
}

type envParser struct {
	rest string
	line int
}

// next goes to the next line with something in it, and says whether there is one.
func (p *envParser) next() bool {
	for p.rest != "" {
		line, _, _ := strings.Cut(p.rest, "\n")
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return true
		}
		p.endLine()
	}
	return false
}

// endLine leaves out what is left of the line.
func (p *envParser) endLine() {
	_, p.rest, _ = strings.Cut(p.rest, "\n")
	p.line++
}

func (p *envParser) entry() (name, value string, err error) {
	line, _, _ := strings.Cut(p.rest, "\n")
	before, after, ok := strings.Cut(line, "=")
	if !ok {
		return "", "", errors.New("there is no = in it")
	}
	name = strings.TrimSpace(before)
	if rest, ok := strings.CutPrefix(name, "export"); ok && strings.TrimLeft(rest, " \t") != rest {
		name = strings.TrimSpace(rest)
	}
	if secret.CheckName(name) != nil {
		return "", "", errors.New("what is before the = is not a secret's name")
	}
	p.rest = p.rest[len(before)+1:]
	if value := strings.TrimLeft(after, " \t"); value != "" && (value[0] == '\'' || value[0] == '"') {
		p.rest = strings.TrimLeft(p.rest, " \t")
		value, err := p.quoted()
		return name, value, err
	}
	p.endLine()
	return name, bare(after), nil
}

// bare is a value without quotes: up to a comment, which a space comes before.
func bare(text string) string {
	for i := 1; i < len(text); i++ {
		if text[i] == '#' && (text[i-1] == ' ' || text[i-1] == '\t') {
			text = text[:i]
			break
		}
	}
	return strings.TrimSpace(text)
}

// quoted reads a value that begins with a quote, and the rest of the line where it ends.
func (p *envParser) quoted() (string, error) {
	quote := p.rest[0]
	var value strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == quote:
			p.line += strings.Count(p.rest[:i], "\n")
			p.rest = p.rest[i+1:]
			tail, _, _ := strings.Cut(p.rest, "\n")
			if tail = strings.TrimSpace(tail); tail != "" && tail[0] != '#' {
				return "", errors.New("something follows after the closing quote")
			}
			p.endLine()
			return value.String(), nil
		case c == '\\' && quote == '"' && i+1 < len(p.rest):
			i++
			value.WriteString(escaped(p.rest[i]))
		default:
			value.WriteByte(c)
		}
	}
	return "", errors.New("the quote is not closed")
}

// escaped is what a character after a backslash stands for; one that stands for nothing keeps its backslash.
func escaped(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 'r':
		return "\r"
	case 't':
		return "\t"
	case '"', '\\', '$':
		return string(rune(c))
	}
	return "\\" + string([]byte{c})
}
