package store

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestParseEnv(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want []string // name, value and so on
	}{
		"nothing":           {"\n  # only\n\t\n", nil},
		"plain":             {"A=1\nB = two words \nC=\n", []string{"A", "1", "B", "two words", "C", ""}},
		"no last break":     {"A=1", []string{"A", "1"}},
		"export":            {"export A=1\nexport\tB=2\nexported=3\nexport=4", []string{"A", "1", "B", "2", "exported", "3", "export", "4"}},
		"comments":          {"A=1 # one\nB=a#b\nC=#c\nD= # none\nE=x\t# tab\n#F=1\n", []string{"A", "1", "B", "a#b", "C", "#c", "D", "", "E", "x"}},
		"equals":            {"A=b=c==\n", []string{"A", "b=c=="}},
		"dollars":           {"A=$HOME ${B:-c} $$\nB=\"$HOME \\$x\"\n", []string{"A", "$HOME ${B:-c} $$", "B", "$HOME $x"}},
		"single":            {`A='a \n "b" # c' # d`, []string{"A", `a \n "b" # c`}},
		"single lines":      {"A='a\nb'\nB=1", []string{"A", "a\nb", "B", "1"}},
		"double":            {`A="a\tb\r\n\"c\" \\ \$d \x 'e'"`, []string{"A", "a\tb\r\n\"c\" \\ $d \\x 'e'"}},
		"double lines":      {"KEY=\"-----BEGIN-----\nabc=\n-----END-----\n\"\nB=1", []string{"KEY", "-----BEGIN-----\nabc=\n-----END-----\n", "B", "1"}},
		"inner quotes":      {`A=it's "so"`, []string{"A", `it's "so"`}},
		"backslash":         {`A=C:\new` + "\nB='C:\\'\n", []string{"A", `C:\new`, "B", `C:\`}},
		"windows":           {"\uFEFFA=1\r\nB=\"x\r\ny\"\r\n", []string{"A", "1", "B", "x\ny"}},
		"names":             {"a.b-c_D9=1\n_=2\n", []string{"a.b-c_D9", "1", "_", "2"}},
		"space and a quote": {"A=  'x y'  \n", []string{"A", "x y"}},
	} {
		entries, err := ParseEnv(test.text)
		var got []string
		for _, e := range entries {
			got = append(got, e.Name, e.Value.Reveal())
		}
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %q %v, want %q", name, got, err, test.want)
		}
	}
}

func TestParseEnvCountsLines(t *testing.T) {
	entries, err := ParseEnv("# one\n\nA=1\nB=\"x\n\ny\" # z\nC='\n'\n\nD=1")
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for _, e := range entries {
		got = append(got, e.Line)
	}
	if !slices.Equal(got, []int{3, 4, 7, 10}) {
		t.Error(got)
	}
}

func TestParseEnvRefuses(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"no value":     {"A=1\nhunter2\n", "line 2: there is no = in it"},
		"no name":      {"=hunter2", "line 1: what is before the = is not a secret's name"},
		"a bad name":   {"hunter 2=x", "line 1: what is before the = is not a secret's name"},
		"a digit":      {"2hunter=x", "line 1: what is before the = is not a secret's name"},
		"twice":        {"hunter=1\n\nhunter=2", "line 3: it has the name of line 1"},
		"not closed":   {"A=1\nB=\"hunter2\n\nC=2\n", "line 2: the quote is not closed"},
		"not closed '": {"B='hunter2", "line 1: the quote is not closed"},
		"escaped end":  {`B="hunter2\"`, "line 1: the quote is not closed"},
		"backslash":    {`B="hunter2\`, "line 1: the quote is not closed"},
		"after":        {`A='it\'s hunter'`, "line 1: something follows after the closing quote"},
		"after lines":  {"\nA=\"a\nb\"hunter\n", "line 2: something follows after the closing quote"},
	} {
		if entries, err := ParseEnv(test.text); err == nil || err.Error() != test.want || entries != nil {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}

// told are all the errors: none has anything from the text.
var told = regexp.MustCompile(`^line \d+: (there is no = in it|what is before the = is not a secret's name|the quote is not closed|` +
	`something follows after the closing quote|it has the name of line \d+)$`)

func FuzzParseEnv(f *testing.F) {
	for _, seed := range []string{
		"", "A=1", "export A='b'\nC=\"d\\n\"\n", "A=\"\n\n", "A='\\''", "\uFEFF#\r\nA=\r\n", "A=1 # b\n=\n", "A=\"\\", "A= '", "export =", "A=\x00\xff",
		strings.Repeat("A=1\n", 3),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := ParseEnv(text)
		if err != nil {
			if !told.MatchString(err.Error()) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		// What was understood is the same when it is written in the strictest way.
		var again strings.Builder
		line := 0
		for _, e := range entries {
			if e.Line <= line || e.Line > strings.Count(text, "\n")+1 {
				t.Fatalf("%q: line %d after %d", text, e.Line, line)
			}
			line = e.Line
			value := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", `\r`).Replace(e.Value.Reveal())
			again.WriteString(e.Name + `="` + value + "\"\n")
		}
		same, err := ParseEnv(again.String())
		if err != nil || len(same) != len(entries) {
			t.Fatalf("%q as %q: %d of %d, %v", text, again.String(), len(same), len(entries), err)
		}
		for i := range same {
			if same[i].Name != entries[i].Name || same[i].Value.Reveal() != entries[i].Value.Reveal() {
				t.Fatalf("%q: %s is %q, and %q again", text, entries[i].Name, entries[i].Value.Reveal(), same[i].Value.Reveal())
			}
		}
	})
}
