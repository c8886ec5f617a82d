package config

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/template"
	"go.yaml.in/yaml/v3"
)

// sources are the compose files of a project: those named, and those that they include or extend. They answer where a
// key of the merged model was written.
type sources struct {
	dir    string
	lookup template.Mapping

	named    []*document // later ones override earlier ones
	included []*document
	extended map[string]*document // by absolute path; read when first asked for
}

// readSources parses the named files, and the files they include. A file that cannot be read or parsed is a problem;
// the others are read all the same.
func readSources(dir string, files []string, lookup template.Mapping) (*sources, Problems) {
	s := &sources{dir: dir, lookup: lookup, extended: map[string]*document{}}
	var problems Problems
	for _, file := range files {
		doc, problem := s.read(file)
		if problem != nil {
			problems = append(problems, *problem)
			continue
		}
		s.named = append(s.named, doc)
	}
	for _, doc := range s.named {
		problems = append(problems, s.include(doc, 0)...)
	}
	return s, problems
}

func (s *sources) read(file string) (*document, *Problem) {
	shown := shownName(s.dir, file)
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, &Problem{File: shown, Message: "cannot be read: " + cause(err)}
	}
	return parseDocument(file, shown, text)
}

// cause is a file error without the path, which the problem names already.
func cause(err error) string {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err.Error()
	}
	return err.Error()
}

// include reads what doc includes. The depth bounds a cycle, which the loader then reports.
func (s *sources) include(doc *document, depth int) Problems {
	var problems Problems
	if depth > maxDepth {
		return nil
	}
	for _, root := range doc.roots {
		for _, path := range namedFiles(valueAt(root, keyPath{"include"})) {
			file := s.absolute(doc, path.Value)
			if file == "" || s.knows(file) {
				continue
			}
			included, problem := s.read(file)
			if problem != nil && problem.Line == 0 {
				problem = &Problem{File: doc.shown, Line: path.Line, Column: path.Column, Path: "include",
					Message: shownName(s.dir, file) + ": " + problem.Message}
			}
			if problem != nil {
				problems = append(problems, *problem)
				continue
			}
			s.included = append(s.included, included)
			problems = append(problems, s.include(included, depth+1)...)
		}
	}
	return problems
}

// namedFiles are the nodes that name files: a text, a mapping with one path or several, or a list of those.
func namedFiles(n *yaml.Node) []*yaml.Node {
	var out []*yaml.Node
	for _, entry := range items(n) {
		if entry.Kind == yaml.MappingNode {
			_, path := step(entry, "path", 0)
			out = append(out, scalars(items(path))...)
			continue
		}
		out = append(out, scalars([]*yaml.Node{entry})...)
	}
	return out
}

// items are those of a list, or the one node that is none. Aliases are followed.
func items(n *yaml.Node) []*yaml.Node {
	n = resolveAlias(n)
	if n == nil || n.Kind != yaml.SequenceNode {
		return slices.DeleteFunc([]*yaml.Node{n}, func(n *yaml.Node) bool { return n == nil })
	}
	var out []*yaml.Node
	for _, item := range n.Content {
		if item = resolveAlias(item); item != nil {
			out = append(out, item)
		}
	}
	return out
}

func scalars(nodes []*yaml.Node) []*yaml.Node {
	return slices.DeleteFunc(nodes, func(n *yaml.Node) bool { return n.Kind != yaml.ScalarNode })
}

// absolute resolves a path written in doc; empty where its variables cannot be filled in.
func (s *sources) absolute(doc *document, path string) string {
	path, err := template.SubstituteWithOptions(path, s.lookup, template.WithoutLogging)
	if err != nil || path == "" {
		return ""
	}
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(filepath.Dir(doc.file), path)
}

func (s *sources) knows(file string) bool {
	same := func(d *document) bool { return d.file == file }
	return slices.ContainsFunc(s.named, same) || slices.ContainsFunc(s.included, same)
}

// place finds the file and line that hold the key at path, or the nearest key above it.
func (s *sources) place(path keyPath) (file string, line, column int) {
	doc, node, _ := s.find(path, 0)
	if doc == nil {
		return "", 0, 0
	}
	if node == nil || len(path) == 0 {
		return doc.shown, 0, 0
	}
	return doc.shown, node.Line, node.Column
}

// has says whether any file writes the key at path.
func (s *sources) has(path keyPath) bool {
	_, _, found := s.find(path, 0)
	return found == len(path)
}

// find prefers the file that holds the whole path; of several, the one that overrides the others.
func (s *sources) find(path keyPath, depth int) (in *document, node *yaml.Node, found int) {
	found = -1
	try := func(doc *document, p keyPath) bool {
		n, f := doc.find(p)
		if f > found {
			in, node, found = doc, n, f
		}
		return found == len(path)
	}
	for _, doc := range slices.Backward(s.named) {
		if try(doc, path) {
			return in, node, found
		}
	}
	for _, doc := range s.included {
		if try(doc, path) {
			return in, node, found
		}
	}
	if len(path) < 3 || path[0] != "services" || depth > maxDepth {
		return in, node, found
	}
	for _, base := range s.bases(path[1]) {
		doc, n, f := s.findInBase(base, path, depth)
		if doc != nil && f > found {
			in, node, found = doc, n, f
		}
	}
	return in, node, found
}

// base is what a service extends.
type base struct {
	doc     *document // nil for a service of the project itself
	service string
}

// bases are the services that a service extends, by any of the project's files.
func (s *sources) bases(service string) []base {
	var out []base
	for _, doc := range slices.Concat(s.named, s.included) {
		out = append(out, s.basesIn(doc, service)...)
	}
	return out
}

func (s *sources) basesIn(doc *document, service string) []base {
	node, found := doc.find(keyPath{"services", service, "extends"})
	if found < 3 || node == nil {
		return nil
	}
	var out []base
	for _, root := range doc.roots {
		value := valueAt(root, keyPath{"services", service, "extends"})
		if value == nil {
			continue
		}
		if value.Kind == yaml.ScalarNode {
			out = append(out, base{service: value.Value})
			continue
		}
		name := valueAt(value, keyPath{"service"})
		if name == nil {
			continue
		}
		b := base{service: name.Value}
		if file := valueAt(value, keyPath{"file"}); file != nil {
			b.doc = s.extendedDocument(s.absolute(doc, file.Value))
			if b.doc == nil {
				continue
			}
		}
		out = append(out, b)
	}
	return out
}

// findInBase looks for the service's key where the service it extends is written.
func (s *sources) findInBase(b base, path keyPath, depth int) (*document, *yaml.Node, int) {
	below := keyPath{"services", b.service}.with(path[2:]...)
	if b.doc == nil {
		if b.service == path[1] {
			return nil, nil, -1
		}
		return s.find(below, depth+1)
	}
	node, found := b.doc.find(below)
	if found == len(below) || depth > maxDepth {
		return b.doc, node, found
	}
	doc := b.doc
	for _, next := range s.basesIn(b.doc, b.service) {
		if next.doc == nil {
			next.doc = b.doc
		}
		if next.doc == b.doc && next.service == b.service {
			continue
		}
		if d, n, f := s.findInBase(next, below, depth+1); d != nil && f > found {
			doc, node, found = d, n, f
		}
	}
	return doc, node, found
}

// extendedDocument reads a file that a service extends; nil where that fails, which the loader reports.
func (s *sources) extendedDocument(file string) *document {
	if file == "" {
		return nil
	}
	if doc, ok := s.extended[file]; ok {
		return doc
	}
	doc, problem := s.read(file)
	if problem != nil {
		doc = nil
	}
	s.extended[file] = doc
	return doc
}

// valueAt is the value of the key at path, nil where it is missing.
func valueAt(root *yaml.Node, path keyPath) *yaml.Node {
	value := root
	for _, key := range path {
		at, next := step(value, key, 0)
		if at == nil {
			return nil
		}
		value = next
	}
	return resolveAlias(value)
}

// projectName is the compose files' name for the project, else the folder's, and where that stands.
func (s *sources) projectName() (name, where string) {
	for _, doc := range slices.Backward(s.named) {
		for _, root := range doc.roots {
			value := valueAt(root, keyPath{"name"})
			if value == nil || value.Kind != yaml.ScalarNode {
				continue
			}
			text, err := substitute(value.Value, s.lookup)
			if name := loader.NormalizeProjectName(text); err == nil && name != "" {
				return name, doc.shown + ":" + strconv.Itoa(value.Line)
			}
		}
	}
	return cmp.Or(loader.NormalizeProjectName(filepath.Base(s.dir)), "app"), "the folder"
}

// envFile is the key that names an env_file, given its absolute path; the services where it is not found.
func (s *sources) envFile(file string) keyPath {
	for _, doc := range slices.Concat(s.named, s.included) {
		for _, root := range doc.roots {
			services := valueAt(root, keyPath{"services"})
			if services == nil || services.Kind != yaml.MappingNode {
				continue
			}
			for i := 0; i+1 < len(services.Content); i += 2 {
				path := keyPath{"services", services.Content[i].Value, "env_file"}
				value := valueAt(root, path)
				if value == nil {
					continue
				}
				if slices.ContainsFunc(namedFiles(value), func(n *yaml.Node) bool { return s.absolute(doc, n.Value) == file }) {
					return path
				}
			}
		}
	}
	return keyPath{"services"}
}

// files are the absolute paths of everything read.
func (s *sources) files() []string {
	var out []string
	for _, doc := range slices.Concat(s.named, s.included) {
		out = append(out, doc.file)
	}
	for file, doc := range s.extended {
		if doc != nil {
			out = append(out, file)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
