package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/interpolation"
	"github.com/compose-spec/compose-go/v2/schema"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// checkSchema holds each named and included file to the compose specification's own schema. The loader does so too, but
// stops at the first mistake and knows no line.
func checkSchema(s *sources, interpolate interpolation.Options) Problems {
	compiled, err := compileSchema()
	if err != nil {
		return Problems{{Message: "the compose schema cannot be read: " + err.Error()}}
	}
	var problems Problems
	for i, doc := range slices.Concat(s.named, s.included) {
		for _, root := range doc.roots {
			values, problem := doc.values(root)
			if problem != nil {
				problems = append(problems, *problem)
				continue
			}
			interpolated, err := interpolation.Interpolate(values, interpolate)
			if err != nil {
				// An included file may have variables of its own: the loader knows them.
				if i < len(s.named) {
					problems = append(problems, interpolationProblems(doc, err)...)
				}
				if interpolated, err = interpolation.Interpolate(values, withoutUnset(interpolate)); err != nil {
					continue
				}
			}
			problems = append(problems, schemaProblems(compiled, doc, interpolated)...)
			problems = append(problems, extensionProblems(doc, interpolated)...)
		}
	}
	return problems
}

// withoutUnset takes variables that are not set for empty, so that the rest of a file can be checked all the same.
func withoutUnset(o interpolation.Options) interpolation.Options {
	o.Substitute = func(text string, lookup template.Mapping) (string, error) {
		return template.SubstituteWithOptions(text, lookup, template.WithoutLogging)
	}
	return o
}

// extensionProblems reads every x-longshore of a file for what is wrong with it by itself, so that it is reported
// together with what is wrong with the rest. To the specification any key that begins with "x-" is fine.
func extensionProblems(doc *document, values map[string]any) Problems {
	r := &report{place: documentPlace(doc)}
	misspelled := func(key string) bool {
		return strings.HasPrefix(key, "x-") && key != extensionKey && nearest(key, []string{extensionKey}) != ""
	}
	readShiftAlone(r, values[extensionKey])
	for key := range values {
		if misspelled(key) {
			r.add(keyPath{key}, "unknown key", didYouMean(key, []string{extensionKey}))
		}
	}
	services, _ := values["services"].(map[string]any)
	for name, value := range services {
		service, _ := value.(map[string]any)
		for key, extension := range service {
			path := keyPath{"services", name, key}
			switch {
			case key == extensionKey:
				readExtension(r, path, stringKeys(extension))
			case misspelled(key):
				r.add(path, "unknown key", didYouMean(key, []string{extensionKey}))
			}
		}
	}
	return r.problems
}

func compileSchema() (*jsonschema.Schema, error) {
	text, err := jsonschema.UnmarshalJSON(strings.NewReader(schema.Schema))
	if err != nil {
		return nil, err
	}
	const name = "compose-spec.json"
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(name, text); err != nil {
		return nil, err
	}
	return compiler.Compile(name)
}

func schemaProblems(compiled *jsonschema.Schema, doc *document, values map[string]any) Problems {
	plain, err := asJSON(values)
	if err != nil {
		return Problems{{File: doc.shown, Message: "holds a value that compose has no use for: " + err.Error()}}
	}
	err = compiled.Validate(plain)
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return nil
	}
	r := &report{place: documentPlace(doc)}
	for _, leaf := range leaves(invalid) {
		describeSchemaError(r, plain, leaf)
	}
	return r.problems
}

// asJSON turns what YAML knows (keys of any type, dates) into what a JSON schema knows.
func asJSON(v any) (any, error) {
	text, err := json.Marshal(stringKeys(v))
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
}

func stringKeys(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[key] = stringKeys(value)
		}
		return out
	case map[any]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[fmt.Sprint(key)] = stringKeys(value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			out[i] = stringKeys(value)
		}
		return out
	}
	return v
}

// documentPlace finds places in one document.
func documentPlace(doc *document) func(keyPath) (string, int, int) {
	return func(path keyPath) (string, int, int) {
		node, _ := doc.find(path)
		if node == nil || len(path) == 0 {
			return doc.shown, 0, 0
		}
		return doc.shown, node.Line, node.Column
	}
}

// leaves are the mistakes themselves. Of the branches of a choice, only the one that fits best is followed: the others
// say no more than that the value is not something else.
func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	switch e.ErrorKind.(type) {
	case *kind.OneOf, *kind.AnyOf:
		return bestBranch(e)
	}
	var out []*jsonschema.ValidationError
	for _, cause := range e.Causes {
		out = append(out, leaves(cause)...)
	}
	return out
}

func bestBranch(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	var best []*jsonschema.ValidationError
	depth := -1
	wanted := &kind.Type{}
	for _, cause := range e.Causes {
		branch := leaves(cause)
		deepest := 0
		for _, leaf := range branch {
			d := len(leaf.InstanceLocation) * 2
			if _, isType := leaf.ErrorKind.(*kind.Type); !isType {
				d++
			}
			deepest = max(deepest, d)
		}
		if t, ok := branch[0].ErrorKind.(*kind.Type); ok && len(branch) == 1 && len(branch[0].InstanceLocation) == len(e.InstanceLocation) {
			wanted.Got, wanted.Want = t.Got, append(wanted.Want, t.Want...)
		}
		if deepest > depth {
			best, depth = branch, deepest
		}
	}
	if depth == len(e.InstanceLocation)*2 && len(wanted.Want) > 0 {
		return []*jsonschema.ValidationError{{InstanceLocation: e.InstanceLocation, ErrorKind: wanted}}
	}
	return best
}

// describeSchemaError says what a mistake is in a user's words.
func describeSchemaError(r *report, values any, e *jsonschema.ValidationError) {
	path := instancePath(values, e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, key := range k.Properties {
			unknownKey(r, path.with(key))
		}
	case *kind.FalseSchema:
		// Every key of a service is reported once one of them is wrong; only those that nobody knows are unknown.
		if !slices.Contains(composeKeys(path[:len(path)-1]), path.last()) {
			unknownKey(r, path)
		}
	case *kind.Type:
		r.add(path, "must be "+typeNames(k.Want)+", not "+typeName(k.Got), "")
	case *kind.Enum:
		known := make([]string, len(k.Want))
		for i, want := range k.Want {
			known[i] = fmt.Sprint(want)
		}
		r.add(path, "must be one of "+strings.Join(known, ", "), didYouMean(fmt.Sprint(k.Got), known))
	case *kind.Required:
		// A file that overrides another may leave out what the other says: the loader checks the merged file.
	case *kind.Minimum:
		r.add(path, "must be at least "+k.Want.RatString(), "")
	case *kind.Maximum:
		r.add(path, "must be at most "+k.Want.RatString(), "")
	case *kind.UniqueItems:
		r.add(path, fmt.Sprintf("items %d and %d are the same", k.Duplicates[0]+1, k.Duplicates[1]+1), "remove one")
	case *kind.Pattern:
		r.add(path, "does not have the form that the compose specification asks for: "+k.Want, "")
	default:
		r.add(path, "is not what the compose specification asks for here", "")
	}
}

func unknownKey(r *report, path keyPath) {
	advice := didYouMean(path.last(), composeKeys(path[:len(path)-1]))
	if len(path) == 2 && advice == "" {
		advice = "names are made of letters, digits, dots, dashes and underscores"
	}
	r.add(path, "unknown key", advice)
}

// instancePath turns the schema's location, whose list items are bare numbers, into a key path.
func instancePath(values any, location []string) keyPath {
	path := make(keyPath, 0, len(location))
	at := values
	for _, key := range location {
		switch v := at.(type) {
		case []any:
			path = append(path, "["+key+"]")
			at = nil
			if i, err := strconv.Atoi(key); err == nil && i < len(v) {
				at = v[i]
			}
		case map[string]any:
			path = append(path, key)
			at = v[key]
		default:
			path = append(path, key)
		}
	}
	return path
}

// composeKeys are the keys that the specification knows right below path.
func composeKeys(path keyPath) []string {
	var out []string
	if len(path) == 2 && path[0] == "services" {
		out = append(out, extensionKey)
	}
	for _, pattern := range schema.AttributePaths() {
		parts := pattern.Parts()
		if len(parts) == len(path)+1 && parts[len(path)] != "*" && matches(parts[:len(path)], path) {
			out = append(out, parts[len(path)])
		}
	}
	return out
}

// matches says whether path has the form of a pattern, where "*" is any name and "[]" any item.
func matches(pattern []string, path keyPath) bool {
	if len(pattern) != len(path) {
		return false
	}
	for i, part := range pattern {
		_, isItem := index(path[i])
		if part != path[i] && (part != "*" || isItem) && (part != "[]" || !isItem) {
			return false
		}
	}
	return true
}

func typeNames(types []string) string {
	types = slices.Clone(types)
	for i, t := range types {
		types[i] = typeName(t)
	}
	slices.Sort(types)
	types = slices.Compact(types)
	if len(types) == 1 {
		return types[0]
	}
	return strings.Join(types[:len(types)-1], ", ") + " or " + types[len(types)-1]
}

func typeName(t string) string {
	switch t {
	case "object":
		return "a mapping"
	case "array":
		return "a list"
	case "string":
		return "text"
	case "integer":
		return "a whole number"
	case "number":
		return "a number"
	case "boolean":
		return "true or false"
	case "null":
		return "empty"
	}
	return t
}
