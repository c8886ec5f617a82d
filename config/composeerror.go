package config

import (
	"bytes"
	"errors"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// loaderProblems finds the place of an error of the compose loader, which says in words what it is about.
func loaderProblems(src *sources, err error) Problems {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var out Problems
		for _, e := range joined.Unwrap() {
			out = append(out, loaderProblems(src, e)...)
		}
		return out
	}
	r := &report{place: src.place}
	message := strings.TrimSuffix(err.Error(), ": invalid compose project")
	if path, text, ok := interpolationPath(err); ok {
		r.add(path, text, interpolationAdvice(err))
		return r.problems
	}
	if m := missingEnvFile.FindStringSubmatch(message); m != nil {
		r.add(src.envFile(m[1]), "the file "+m[1]+" is not there", "make it, or write it as {path: …, required: false}")
		return r.problems
	}
	if m := unreadableFile.FindStringSubmatch(message); m != nil {
		text := "the file " + m[1] + " cannot be read"
		if m[2] != "" {
			text += ", near line " + m[2]
		}
		r.add(src.envFile(m[1]), text, "write one NAME=value a line, with quotes closed")
		return r.problems
	}
	for _, known := range loaderMessages() {
		if m := known.pattern.FindStringSubmatch(message); m != nil {
			path, text := known.read(m)
			r.add(path, text, known.advice)
			return r.problems
		}
	}
	r.add(nil, message, "")
	return r.problems
}

var missingEnvFile = regexp.MustCompile(`^env file (\S+) not found`)

// unreadableFile is an env_file that is not one. What the parser says of it is not repeated: it quotes the line, and the
// line may hold a secret.
var unreadableFile = regexp.MustCompile(`^failed to read (\S+): (?:line (\d+))?`)

// loaderMessage is one form of the loader's errors.
type loaderMessage struct {
	pattern *regexp.Regexp
	read    func(match []string) (keyPath, string)
	advice  string
}

// loaderMessages are the forms whose key can be told, the most specific first.
func loaderMessages() []loaderMessage {
	return []loaderMessage{
		{
			pattern: regexp.MustCompile(`^services\.(?:scale|deploy\.replicas): can't set container_name and (\S+) as`),
			read: func(m []string) (keyPath, string) {
				return keyPath{"services", m[1], "container_name"}, "only one replica can have it"
			},
			advice: "run one replica, or remove it",
		},
		{
			pattern: regexp.MustCompile(`(?s)^service:? "?([a-zA-Z0-9._-]+)"? (.+)$`),
			read:    func(m []string) (keyPath, string) { return keyPath{"services", m[1]}, m[2] },
		},
		{
			pattern: regexp.MustCompile(`(?s)^(?:validating [^:]+: )?((?:services|networks|volumes|configs|secrets|include|jobs|models)(?:\.[^\s:]+)*):? (.+)$`),
			read:    func(m []string) (keyPath, string) { return splitPath(m[1]), m[2] },
		},
	}
}

var listItem = regexp.MustCompile(`\[\d*\]`)

// splitPath reads a path as the loader writes it. An item without a number stands for its list.
func splitPath(text string) keyPath {
	var path keyPath
	for _, part := range strings.Split(text, ".") {
		name := listItem.ReplaceAllString(part, "")
		if name != "" {
			path = append(path, name)
		}
		for _, item := range listItem.FindAllString(part, -1) {
			if item == "[]" {
				return path
			}
			path = append(path, item)
		}
	}
	return path
}

var interpolated = regexp.MustCompile(`(?s)^(?:invalid interpolation format for|error while interpolating) ([^\s:]+?)[.:]?[\s](.*)$`)

// interpolationPath reads an error about a variable.
func interpolationPath(err error) (keyPath, string, bool) {
	m := interpolated.FindStringSubmatch(err.Error())
	if m == nil {
		return nil, "", false
	}
	path := splitPath(m[1])
	var unset unsetVariable
	switch {
	case errors.As(err, &unset):
		return path, unset.Error(), true
	case strings.HasPrefix(err.Error(), "invalid"):
		return path, "holds a variable that cannot be read", true
	}
	if m := notANumber.FindStringSubmatch(m[2]); m != nil {
		return path, "must be a number, not " + m[1], true
	}
	return path, m[2], true
}

// notANumber is a text where a number belongs.
var notANumber = regexp.MustCompile(`strconv\.\w+: parsing ("(?:[^"\\]|\\.)*"): invalid syntax`)

func interpolationAdvice(err error) string {
	var unset unsetVariable
	switch {
	case errors.As(err, &unset):
		name := strings.Trim(string(unset), "${}")
		return "set it in the environment or in .env, or write ${" + name + ":-} where empty is meant"
	case strings.HasPrefix(err.Error(), "invalid interpolation"):
		return "write $$ for a dollar sign that is meant as such"
	}
	return ""
}

// interpolationProblems finds the places of variables that could not be filled in, in one document.
func interpolationProblems(doc *document, err error) Problems {
	alone := &sources{named: []*document{doc}}
	return loaderProblems(alone, err)
}

// withoutVersion is a document's text with the obsolete key version turned into a comment: it never had a meaning here,
// and the loader would print a warning of its own.
func withoutVersion(doc *document) []byte {
	text := doc.text
	for _, root := range doc.roots {
		if root.Style&yaml.FlowStyle != 0 {
			continue
		}
		for i := 0; i+1 < len(root.Content); i += 2 {
			key, value := root.Content[i], root.Content[i+1]
			if key.Value != "version" || key.Line != value.Line || value.Kind != yaml.ScalarNode ||
				value.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
				continue
			}
			lines := bytes.SplitAfter(text, []byte("\n"))
			if key.Line <= len(lines) && bytes.HasPrefix(lines[key.Line-1], []byte("version")) {
				lines[key.Line-1] = append([]byte("# "), lines[key.Line-1]...)
				text = bytes.Join(lines, nil)
			}
		}
	}
	return text
}
