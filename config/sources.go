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
		at, list := step(root, "include", 0)
		if at == nil || resolveAlias(list).Kind != yaml.SequenceNode {
			continue
		}
		for _, entry := range resolveAlias(list).Content {
			for _, path := range includePaths(entry) {
				file := s.absolute(doc, path.Value)
				if file == "" || s.knows(file) {
					continue
				}
				included, problem := s.read(file)
				if problem != nil {
					problem.File, problem.Line, problem.Column = doc.shown, path.Line, path.Column
					problem.Path = "include"
					problem.Message = shownName(s.dir, file) + ": " + problem.Message
					problems = append(problems, *problem)
					continue
				}
				s.included = append(s.included, included)
				problems = append(problems, s.include(included, depth+1)...)
			}
		}
	}
	return problems
}

// includePaths are the nodes that name files in one entry of include.
func includePaths(entry *yaml.Node) []*yaml.Node {
	entry = resolveAlias(entry)
	if entry != nil && entry.Kind == yaml.MappingNode {
		_, value := step(entry, "path", 0)
		entry = resolveAlias(value)
	}
	switch {
	case entry == nil:
		return nil
	case entry.Kind == yaml.ScalarNode:
		return []*yaml.Node{entry}
	case entry.Kind == yaml.SequenceNode:
		return slices.DeleteFunc(slices.Clone(entry.Content), func(n *yaml.Node) bool { return n.Kind != yaml.ScalarNode })
	}
	return nil
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
		_, name := step(value, "service", 0)
		if name == nil {
			continue
		}
		b := base{service: resolveAlias(name).Value}
		if _, file := step(value, "file", 0); file != nil {
			b.doc = s.extendedDocument(s.absolute(doc, resolveAlias(file).Value))
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
