package config

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"text/template"

	"github.com/compose-spec/compose-go/v2/loader"
)

// ScaffoldFile is a file that a new project starts from.
type ScaffoldFile struct {
	Path    string // absolute
	Content []byte
}

//go:embed scaffold/compose.yaml.tmpl
var scaffoldCompose string

//go:embed scaffold/longshore.yml.tmpl
var scaffoldProject string

// found is what a folder says about the app in it.
type found struct {
	Project    string
	Port       int
	PortFrom   string // where the port was found; empty for a guess
	Dockerfile bool
	Language   string // empty where it is not known
}

// Init makes the two files of a new project, with comments, from what it finds in a folder: the Dockerfile and the port
// it exposes, go.mod or package.json. A file that is there already is left out; writing is the caller's.
func Init(dir string) ([]ScaffoldFile, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder", dir)
	}
	about := look(dir)
	var out []ScaffoldFile
	for _, file := range []struct {
		name, text string
		names      []string
	}{
		{"compose.yaml", scaffoldCompose, composeNames()},
		{"longshore.yml", scaffoldProject, fileNames()},
	} {
		if firstThere(dir, file.names) != "" {
			continue
		}
		parsed, err := template.New(file.name).Parse(file.text)
		if err != nil {
			return nil, err
		}
		var text bytes.Buffer
		if err := parsed.Execute(&text, about); err != nil {
			return nil, err
		}
		out = append(out, ScaffoldFile{Path: filepath.Join(dir, file.name), Content: text.Bytes()})
	}
	return out, nil
}

// look reads what a folder says. The ports are those that the languages' frameworks listen on by habit.
func look(dir string) found {
	out := found{Project: loader.NormalizeProjectName(filepath.Base(dir)), Port: 8080}
	if out.Project == "" {
		out.Project = "app"
	}
	for _, sign := range []struct {
		file, language string
		port           int
	}{{"go.mod", "Go", 8080}, {"package.json", "Node.js", 3000}, {"Gemfile", "Ruby", 3000}, {"requirements.txt", "Python", 8000}} {
		if _, err := os.Stat(filepath.Join(dir, sign.file)); err == nil {
			out.Language, out.Port = sign.language, sign.port
			break
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "Dockerfile"))
	if err != nil {
		return out
	}
	out.Dockerfile = true
	if port := exposedPort(text); port != 0 {
		out.Port, out.PortFrom = port, "EXPOSE in the Dockerfile"
	}
	return out
}

// exposedPort is the first TCP port of the last stage that exposes one; 0 where there is none.
func exposedPort(dockerfile []byte) int {
	matches := regexp.MustCompile(`(?mi)^\s*EXPOSE\s+(\d+)(?:/tcp)?(?:\s|$)`).FindAllSubmatch(dockerfile, -1)
	if len(matches) == 0 {
		return 0
	}
	port, err := strconv.Atoi(string(matches[len(matches)-1][1]))
	if err != nil || port < 1 || port > 65535 {
		return 0
	}
	return port
}
