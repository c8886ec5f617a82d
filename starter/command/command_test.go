package command

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/longshore-dev/longshore/starter/exit"
)

// TestDocsNameEveryCommandAndFlag holds docs/cli.md to the tree of commands, both ways.
func TestDocsNameEveryCommandAndFlag(t *testing.T) {
	text, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	c := &cli{}
	root := c.root()
	root.InitDefaultCompletionCmd()
	sections := sections(string(text))
	shared := sections["Every command"] + sections["The project's flags"] + sections["A run's flags"]
	documented := map[string]bool{}
	for _, cmd := range root.Commands() {
		if cmd.Hidden || cmd.Name() == "help" {
			continue
		}
		section, ok := sections["longshore "+cmd.Name()]
		if !ok {
			t.Errorf("docs/cli.md has no section on longshore %s", cmd.Name())
			continue
		}
		documented[cmd.Name()] = true
		visit := func(f *pflag.Flag) {
			if !strings.Contains(section+shared, "`--"+f.Name+"`") {
				t.Errorf("docs/cli.md does not name --%s of longshore %s", f.Name, cmd.Name())
			}
			if f.Shorthand != "" && !strings.Contains(section+shared, "`-"+f.Shorthand+"`, `--"+f.Name+"`") {
				t.Errorf("docs/cli.md does not name -%s, the short form of --%s of longshore %s", f.Shorthand, f.Name, cmd.Name())
			}
		}
		for _, sub := range below(cmd) {
			sub.LocalFlags().VisitAll(visit)
			if sub != cmd && cmd.Name() != "completion" && !strings.Contains(section, "`"+strings.TrimPrefix(sub.CommandPath(), "longshore ")) {
				t.Errorf("docs/cli.md does not name %s", sub.CommandPath())
			}
		}
	}
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) {
		if !strings.Contains(shared, "`--"+f.Name+"`") {
			t.Errorf("docs/cli.md does not name --%s", f.Name)
		}
	})
	for title, section := range sections {
		name, isCommand := strings.CutPrefix(title, "longshore ")
		if isCommand && !documented[name] {
			t.Errorf("docs/cli.md tells of longshore %s, which does not exist", name)
			continue
		}
		for _, row := range regexp.MustCompile("(?m)^\\| (?:`-.`, )?`--([a-z-]+)`").FindAllStringSubmatch(section, -1) {
			if !hasFlag(root, name, isCommand, row[1]) {
				t.Errorf("docs/cli.md tells of --%s under %q, which does not exist", row[1], title)
			}
		}
	}
}

func hasFlag(root *cobra.Command, name string, isCommand bool, flag string) bool {
	for _, cmd := range root.Commands() {
		if isCommand && cmd.Name() != name {
			continue
		}
		for _, sub := range below(cmd) {
			sub.InitDefaultHelpFlag()
			if sub.Flags().Lookup(flag) != nil || sub.InheritedFlags().Lookup(flag) != nil {
				return true
			}
		}
	}
	return false
}

// below are a command and all of its own, the groups left out.
func below(cmd *cobra.Command) []*cobra.Command {
	if len(cmd.Commands()) == 0 {
		return []*cobra.Command{cmd}
	}
	var all []*cobra.Command
	for _, sub := range cmd.Commands() {
		all = append(all, below(sub)...)
	}
	return all
}

// sections are the texts under each heading; a command's heading loses its arguments.
func sections(text string) map[string]string {
	out := map[string]string{}
	title := ""
	for line := range strings.Lines(text) {
		if heading := regexp.MustCompile("^#+ `?(longshore [a-z]+|[^`\n]+)").FindStringSubmatch(line); heading != nil {
			title = heading[1]
			continue
		}
		out[title] += line
	}
	return out
}

func TestUsageErrorsEndWithTheirCode(t *testing.T) {
	tests := map[string]struct {
		args    []string
		message string
	}{
		"unknown command":        {[]string{"dploy"}, `did you mean "deploy"?`},
		"unknown flag":           {[]string{"deploy", "--sight", "x"}, "unknown flag: --sight; see longshore deploy --help"},
		"argument too many":      {[]string{"up", "now"}, `takes no argument, but got "now"`},
		"unknown format":         {[]string{"version", "-o", "yaml"}, "none of auto, tty, plain and json"},
		"two runs":               {[]string{"watch", "a", "b"}, "takes one run, but got 2"},
		"scale without a number": {[]string{"scale", "web"}, `"web" is not a service and a number`},
		"scale of nothing":       {[]string{"scale"}, "such as web=4"},
		"freeze until nonsense":  {[]string{"freeze", "--until", "soon"}, `--until "soon" is no time`},
		"freeze until the past":  {[]string{"freeze", "--until", "2001-01-01"}, "in the past"},
		"codec without origin":   {[]string{"codec"}, "--origin is missing"},
		"host that is no host":   {[]string{"init", "-C", t.TempDir(), "--host", "a b"}, "is no address"},
		"project without a file": {[]string{"config", "-C", t.TempDir(), "--host", "local"}, "longshore init"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			code, _, message := runCommand(t, test.args...)
			if code != exit.Usage || !strings.Contains(message, test.message) {
				t.Errorf("got %d, %q, want %d with %q", code, message, exit.Usage, test.message)
			}
		})
	}
}

func TestProblemsAreObjectsInJSON(t *testing.T) {
	code, _, message := runCommand(t, "config", "-o", "json", "-C", t.TempDir())
	var answer struct {
		Error    string
		Problems []struct{ Message string }
	}
	if err := json.Unmarshal([]byte(message), &answer); err != nil || code != exit.Usage || len(answer.Problems) == 0 {
		t.Errorf("got %d, %s (%v), want problems as JSON", code, message, err)
	}
}

func TestVersionIsOneLine(t *testing.T) {
	code, out, _ := runCommand(t, "version", "-o", "json")
	var b build
	if err := json.Unmarshal([]byte(out), &b); err != nil || code != exit.OK || b.Go == "" {
		t.Errorf("got %d, %q (%v)", code, out, err)
	}
	if _, out, _ := runCommand(t, "version"); strings.Count(out, "\n") != 1 || !strings.HasPrefix(out, "longshore ") {
		t.Errorf("got %q, want one line", out)
	}
}

func TestInitWritesWhatLoads(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		args  []string
		want  []string // in the files together
	}{
		"an empty folder": {want: []string{"port: 80 ", "no Dockerfile", "address: local"}},
		"a Dockerfile":    {files: map[string]string{"Dockerfile": "FROM scratch\nexpose 9000/tcp 9001\n"}, want: []string{"port: 9000"}},
		"a host":          {args: []string{"--host", "deploy@203.0.113.10:2222"}, want: []string{"address: deploy@203.0.113.10:2222"}},
		"its own compose.yml": {
			files: map[string]string{"docker-compose.yml": "services:\n  web:\n    image: example.com/web:1\n"},
			want:  []string{"address: local"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "My Shop")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			for file, text := range test.files {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			args := append([]string{"init", "-C", dir}, test.args...)
			if code, out, message := runCommand(t, args...); code != exit.OK {
				t.Fatalf("got %d, %s%s", code, out, message)
			}
			var all strings.Builder
			for _, file := range append(composeNames(), projectName) {
				text, _ := os.ReadFile(filepath.Join(dir, file))
				all.Write(text)
			}
			for _, want := range append(test.want, "project: my-shop") {
				if !strings.Contains(all.String(), want) {
					t.Errorf("the files have no %q:\n%s", want, all.String())
				}
			}
			code, out, message := runCommand(t, "config", "-C", dir, "-o", "json")
			if code != exit.OK || !strings.Contains(out, `"project":"my-shop"`) {
				t.Errorf("the files do not load: %d, %s", code, message)
			}
			before := all.String()
			if code, _, message := runCommand(t, args...); code != exit.OK {
				t.Errorf("a second init ends with %d, %s", code, message)
			}
			all.Reset()
			for _, file := range append(composeNames(), projectName) {
				text, _ := os.ReadFile(filepath.Join(dir, file))
				all.Write(text)
			}
			if all.String() != before {
				t.Error("a second init changed the files")
			}
		})
	}
}

func TestEngineThatDoesNotAnswer(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if code, _, message := runCommand(t, "init", "-C", dir); code != exit.OK {
		t.Fatal(message)
	}
	for _, command := range []string{
		"deploy", "deploy --repair", "rollback", "restart", "scale web=2", "stop", "start", "remove --yes",
		"watch", "cancel", "approve", "reject", "freeze", "thaw",
	} {
		code, out, message := runCommand(t, append(strings.Fields(command), "-C", dir)...)
		if code != exit.Failure || !strings.Contains(message, "no engine answers: the embedded engine was never started; run longshore up -d") {
			t.Errorf("%s: got %d, %q %q", command, code, out, message)
		}
	}
	if code, out, _ := runCommand(t, "down"); code != exit.OK || out != "not running\n" {
		t.Errorf("down: got %d, %q", code, out)
	}
}

func TestUpRefusesWhereAnotherEngineIsUsed(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
	code, _, message := runCommand(t, "up", "-d")
	if code != exit.Failure || !strings.Contains(message, "temporal.example:7233") {
		t.Errorf("got %d, %q, want a refusal that names the engine", code, message)
	}
}

// runCommand runs the program's own Main with a state folder of the test.
func runCommand(t *testing.T, args ...string) (code exit.Code, out, message string) {
	t.Helper()
	state := t.TempDir()
	t.Setenv("LONGSHORE_STATE", state)
	t.Setenv("XDG_CONFIG_HOME", state)
	t.Setenv("TEMPORAL_CONFIG_FILE", filepath.Join(state, "temporal.toml"))
	var stdout, stderr bytes.Buffer
	code = Main(t.Context(), args, Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr})
	return code, stdout.String(), stderr.String()
}
