package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is a YAML file kept as nodes, so that every key's place can be found.
type document struct {
	file  string // absolute
	shown string // as messages name it
	text  []byte
	roots []*yaml.Node // one for each document of the stream
}

// parseDocument reads a file's text. A file that is not YAML, or whose top is not a mapping, is a problem.
func parseDocument(file, shown string, text []byte) (*document, *Problem) {
	doc := &document{file: file, shown: shown, text: text}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var root yaml.Node
		err := decoder.Decode(&root)
		if errors.Is(err, io.EOF) {
			return doc, nil
		}
		if err != nil {
			return nil, yamlProblem(shown, err)
		}
		if len(root.Content) == 0 {
			continue
		}
		top := resolveAlias(root.Content[0])
		if top.Kind == yaml.ScalarNode && top.Tag == "!!null" {
			continue
		}
		if top.Kind != yaml.MappingNode {
			return nil, &Problem{File: shown, Line: top.Line, Column: top.Column, Message: "the file must hold keys and values"}
		}
		doc.roots = append(doc.roots, top)
	}
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// yamlProblem takes the line out of the YAML library's message. Of several mistakes the first is told.
func yamlProblem(file string, err error) *Problem {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	message = strings.TrimSpace(strings.TrimPrefix(message, "unmarshal errors:"))
	message, _, _ = strings.Cut(message, "\n")
	p := &Problem{File: file, Message: "not valid YAML: " + message}
	if m := yamlLine.FindStringSubmatchIndex(message); m != nil {
		p.Line, _ = strconv.Atoi(message[m[2]:m[3]])
		p.Message = "not valid YAML: " + message[:m[0]] + message[m[1]:]
	}
	return p
}

// values decodes one root. Keys that are not text, and values that compose marks with !reset, are left out.
func (d *document) values(root *yaml.Node) (map[string]any, *Problem) {
	var out map[string]any
	if err := withoutResets(root, 0).Decode(&out); err != nil {
		return nil, yamlProblem(d.shown, err)
	}
	return out, nil
}

// maxDepth bounds every walk over nodes: an alias may contain itself.
const maxDepth = 64

// withoutResets copies nodes without those tagged !reset, and without the tag !override, whose value counts.
func withoutResets(n *yaml.Node, depth int) *yaml.Node {
	if depth > maxDepth || n.Kind == yaml.AliasNode {
		return n
	}
	out := *n
	if out.Tag == "!override" {
		out.Tag = ""
	}
	out.Content = nil
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode {
			if i%2 == 1 || i+1 >= len(n.Content) || n.Content[i+1].Tag == "!reset" {
				continue
			}
			out.Content = append(out.Content, child, withoutResets(n.Content[i+1], depth+1))
			continue
		}
		if child.Tag != "!reset" {
			out.Content = append(out.Content, withoutResets(child, depth+1))
		}
	}
	return &out
}

// find walks as far along path as the document goes. It returns the node of the last key found (the key itself, which
// is where an editor should jump to) and how many keys were found.
func (d *document) find(path keyPath) (node *yaml.Node, found int) {
	for _, root := range d.roots {
		n, depth := findIn(root, path)
		if node == nil || depth > found {
			node, found = n, depth
		}
	}
	return node, found
}

func findIn(root *yaml.Node, path keyPath) (at *yaml.Node, found int) {
	at = root
	value := root
	for _, key := range path {
		next, child := step(value, key, 0)
		if child == nil {
			return at, found
		}
		at, value = next, child
		found++
	}
	return at, found
}

// step goes one key down: the node to point at, and the value to go on from.
func step(n *yaml.Node, key string, depth int) (at, value *yaml.Node) {
	n = resolveAlias(n)
	if n == nil || depth > maxDepth {
		return nil, nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				return n.Content[i], n.Content[i+1]
			}
		}
		return stepMerged(n, key, depth)
	case yaml.SequenceNode:
		if i, ok := index(key); ok {
			if i < len(n.Content) {
				return n.Content[i], n.Content[i]
			}
			return nil, nil
		}
		return stepNamed(n, key)
	}
	return nil, nil
}

// stepMerged looks through "<<".
func stepMerged(n *yaml.Node, key string, depth int) (at, value *yaml.Node) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag != "!!merge" {
			continue
		}
		merged := resolveAlias(n.Content[i+1])
		if merged == nil {
			continue
		}
		sources := []*yaml.Node{merged}
		if merged.Kind == yaml.SequenceNode {
			sources = merged.Content
		}
		for _, source := range sources {
			if at, value := step(source, key, depth+1); at != nil {
				return at, value
			}
		}
	}
	return nil, nil
}

// stepNamed finds the item of a list by what it names, as in the short forms of compose: "data:/var/lib" and
// "KEY=value" are found by "data" and "KEY", a mapping by its source or target.
func stepNamed(n *yaml.Node, key string) (at, value *yaml.Node) {
	for _, item := range n.Content {
		item = resolveAlias(item)
		switch item.Kind {
		case yaml.ScalarNode:
			rest, ok := strings.CutPrefix(item.Value, key)
			if ok && (rest == "" || rest[0] == ':' || rest[0] == '=') {
				return item, item
			}
		case yaml.MappingNode:
			for i := 0; i+1 < len(item.Content); i += 2 {
				k := item.Content[i].Value
				if (k == "source" || k == "target" || k == "path") && item.Content[i+1].Value == key {
					return item, item
				}
			}
		}
	}
	return nil, nil
}

// resolveAlias follows aliases; nil where they lead nowhere.
func resolveAlias(n *yaml.Node) *yaml.Node {
	for i := 0; n != nil && n.Kind == yaml.AliasNode; i++ {
		if i > maxDepth {
			return nil
		}
		n = n.Alias
	}
	return n
}

// shownName is how messages name a file: relative to dir where it lies below it.
func shownName(dir, file string) string {
	rel, err := filepath.Rel(dir, file)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return file
	}
	return rel
}

// describe names a value's type as a user would.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case string:
		return fmt.Sprintf("the text %q", v)
	case bool:
		return fmt.Sprintf("%v", v)
	case int, int64, uint64, float64:
		return fmt.Sprintf("the number %v", v)
	case map[string]any, map[any]any:
		return "a mapping"
	case []any:
		return "a list"
	}
	return "a value of another kind"
}
