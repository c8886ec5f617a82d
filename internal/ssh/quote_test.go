package ssh

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

func TestQuote(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"docker", "ps", "-a"}, "docker ps -a"},
		{[]string{"echo", ""}, "echo ''"},
		{[]string{"a b", "$HOME"}, "'a b' '$HOME'"},
		{[]string{"it's"}, `'it'\''s'`},
		{[]string{`a\b`}, `'a'\\'b'`},
		{[]string{"PATH=x"}, "'PATH=x'"},
		{[]string{"~"}, "'~'"},
	} {
		if got := Quote(test.args...); got != test.want {
			t.Errorf("Quote(%q) = %s, want %s", test.args, got, test.want)
		}
	}
}

func FuzzQuote(f *testing.F) {
	f.Add("plain", "two words", "it's")
	f.Add("", "$(id) `id` ; id & | < > * ? [a] {b} ! #", "line\nline\ttab\r")
	f.Add(`\`, `'\''`, "\xff\xfe")
	f.Add("-n", "=x", "~root")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		args := []string{a, b, c}
		for _, arg := range args {
			if strings.IndexByte(arg, 0) >= 0 {
				return
			}
		}
		line := Quote(append([]string{"printf", `%s\0`}, args...)...)
		got, err := exec.Command("sh", "-c", line).Output()
		if err != nil {
			t.Fatalf("sh -c %q: %v", line, err)
		}
		if want := []byte(strings.Join(args, "\x00") + "\x00"); !bytes.Equal(got, want) {
			t.Fatalf("a shell read %q from %q, want %q", got, line, want)
		}
	})
}

func TestCommandLineRefusesWhatNoProcessCanBeGiven(t *testing.T) {
	for _, args := range [][]string{nil, {""}, {"echo", "a\x00b"}} {
		if line, err := commandLine(args); err == nil {
			t.Errorf("commandLine(%q) = %q, want an error", args, line)
		}
	}
}
