package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Problem is one thing that is wrong in the user's files. Zero fields are not known.
type Problem struct {
	File    string `json:"file,omitempty"` // relative to the project's folder where it lies below it
	Line    int    `json:"line,omitempty"` // from 1
	Column  int    `json:"column,omitempty"`
	Path    string `json:"path,omitempty"` // the key, such as services.web.ports[0]
	Message string `json:"message"`
	Advice  string `json:"advice,omitempty"` // what to do
}

// String is the problem on one line: "file:line:column: path: message; advice".
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			b.WriteString(":" + strconv.Itoa(p.Line))
			if p.Column > 0 {
				b.WriteString(":" + strconv.Itoa(p.Column))
			}
		}
		b.WriteString(": ")
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Message)
	if p.Advice != "" {
		b.WriteString("; " + p.Advice)
	}
	return b.String()
}

// Problems are everything found wrong at once, in the order of the files.
type Problems []Problem

// Error prints one problem a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// sorted orders problems by place and drops those that say the same thing of the same key twice.
func (p Problems) sorted() Problems {
	out := slices.Clone(p)
	slices.SortStableFunc(out, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(out)
}

// asError is nil where nothing is wrong.
func (p Problems) asError() error {
	if len(p) == 0 {
		return nil
	}
	return p.sorted()
}

// report collects problems and finds the place of each.
type report struct {
	place    func(keyPath) (file string, line, column int)
	problems Problems
}

// add notes a problem of the key at path; advice may be empty.
func (r *report) add(path keyPath, message, advice string) {
	file, line, column := r.place(path)
	r.problems = append(r.problems, Problem{
		File: file, Line: line, Column: column, Path: path.String(), Message: message, Advice: advice,
	})
}

// has says whether the key at path, or one below it, has a problem already.
func (r *report) has(path keyPath) bool {
	text := path.String()
	return slices.ContainsFunc(r.problems, func(p Problem) bool {
		rest, ok := strings.CutPrefix(p.Path, text)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}
