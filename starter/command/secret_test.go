package command

import (
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/secret"
	"github.com/longshore-dev/longshore/internal/store"
	"github.com/longshore-dev/longshore/starter/exit"
)

// story is a list of commands and what they print, each after its own line.
func story(t *testing.T, s *shop, want string) {
	t.Helper()
	var got strings.Builder
	for line := range strings.Lines(want) {
		command, ok := strings.CutPrefix(line, "$ ")
		if !ok {
			continue
		}
		got.WriteString(line)
		args, stdin, _ := strings.Cut(strings.TrimSpace(command), " < ")
		got.WriteString(strings.TrimSuffix(s.must(stdin, args), "\n") + "\n")
	}
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSecretsAreWrittenWhereTheySay(t *testing.T) {
	story(t, newShop(t), `$ secret set DATABASE_URL < one
DATABASE_URL of project default/shop has version 1: secrets/project/DATABASE_URL.json
note: it can be read with the key in HOME/state/identity.txt alone: keep a copy of that in a safe place
note: let others read by longshore key recipient add <their public key>
$ secret set DATABASE_URL --site staging < two
DATABASE_URL of site default/shop/staging has version 1: secrets/sites/staging/DATABASE_URL.json
$ secret set DATABASE_URL < three
DATABASE_URL of project default/shop has version 2: secrets/project/DATABASE_URL.json
note: site default/shop/staging has its own DATABASE_URL, which wins there
$ secret set DATABASE_URL --scope organization -o json < four
{"name":"DATABASE_URL","scope":"organization","of":"default","version":1,"file":"HOME/longshore/organizations/default/secrets/DATABASE_URL.json"}
$ secret set TOKEN --site staging < five
TOKEN of site default/shop/staging has version 1: secrets/sites/staging/TOKEN.json
note: longshore.yml takes TOKEN from the worker's variable TOKEN: what is in the store is not used
$ secret generate PIN --site production --scope project
PIN of project default/shop has version 1: secrets/project/PIN.json
$ secret ls
NAME FROM VERSION SET BY WANTED BY
DATABASE_URL site default/shop/staging 1 AGO ann@desk
DATABASE_URL project default/shop 2 AGO ann@desk
DATABASE_URL organization default 1 AGO ann@desk
PIN project default/shop 1 AGO ann@desk
TLS_KEY MISSING in default/shop/production web
TLS_KEY MISSING in default/shop/staging web
TOKEN the worker's variable TOKEN
TOKEN site default/shop/staging 1 AGO ann@desk
$ secret ls --site production
NAME FROM VERSION SET BY WANTED BY
DATABASE_URL project default/shop 2 AGO ann@desk web
PIN project default/shop 1 AGO ann@desk
TLS_KEY MISSING in default/shop/production web
TOKEN the worker's variable TOKEN web
$ secret ls --site staging --origin
NAME FROM VERSION SET BY WANTED BY WINS
DATABASE_URL site default/shop/staging 1 AGO ann@desk web yes
DATABASE_URL project default/shop 2 AGO ann@desk
DATABASE_URL organization default 1 AGO ann@desk
PIN project default/shop 1 AGO ann@desk yes
TLS_KEY MISSING in default/shop/staging web
TOKEN the worker's variable TOKEN web yes
TOKEN site default/shop/staging 1 AGO ann@desk
$ secret show DATABASE_URL --site production
three
$ secret show DATABASE_URL --site staging
two
$ secret show DATABASE_URL --version 1 --scope project -o json
{"name":"DATABASE_URL","of":"default/shop","scope":"project","state":"previous","value":"one","version":1}
`)
}

func TestASiteWithoutOthersHasTheProjectsSecrets(t *testing.T) {
	s := newShop(t)
	s.write("longshore.yml", "project: shop\nhosts: { web-1: { address: deploy@203.0.113.10 } }\nsites: { production: { hosts: [web-1] } }\n")
	story(t, s, `$ secret set A -o json < one
{"name":"A","scope":"project","of":"default/shop","version":1,"file":"secrets/project/A.json"}
$ secret set A --site production -o json < two
{"name":"A","scope":"site","of":"default/shop/production","version":1,"file":"secrets/sites/production/A.json"}
$ secret set A -o json < three
{"name":"A","scope":"site","of":"default/shop/production","version":2,"file":"secrets/sites/production/A.json"}
$ secret rm A --yes
removed A of site default/shop/production
note: project default/shop has one too, which counts from now on
$ secret set A -o json < four
{"name":"A","scope":"project","of":"default/shop","version":2,"file":"secrets/project/A.json"}
`)
}

func TestHistoryTellsOfEverybody(t *testing.T) {
	s := newShop(t)
	s.must("one", "secret set A --why first")
	s.must("two", "secret set A")
	s.must("", "secret show A --why looked")
	bob := s.folder(app.ScopeProject)
	bob.Now = func() time.Time { return time.Now().Add(time.Minute) }
	if _, err := bob.Add("A", store.NewVersion{State: app.VersionPending, Value: secret.New("three"), By: "bob@desk", Rotation: "r1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := bob.Settle("A", store.Settlement{Current: 3, Revoke: []int{2}, By: "bob@desk", Why: "old"}); err != nil {
		t.Fatal(err)
	}
	story(t, s, `$ secret history A
A of project default/shop: version 3 is current
WHEN VERSION WHAT BY WHY
WHEN 1 set ann@desk first
WHEN 2 set ann@desk
WHEN 1 becomes previous ann@desk
WHEN 2 read ann@desk looked
WHEN 3 made by a rotation bob@desk
WHEN 2 becomes revoked bob@desk old
WHEN 3 becomes current bob@desk old
$ secret rm A --yes --why gone
removed A of project default/shop
`)
	out := s.must("", "secret history A -o json")
	var got struct {
		Removed  bool
		Versions []store.Version
		Readings []store.Reading
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || !got.Removed || len(got.Versions) != 3 || len(got.Readings) != 1 || got.Readings[0].Why != "looked" {
		t.Errorf("got %+v, %v of %s", got, err, out)
	}
}

func TestSecretCommandsRefuse(t *testing.T) {
	s := newShop(t)
	s.must("one", "secret set A --site production")
	s.must("two", "secret set A --site staging")
	s.must("three", "secret set B --scope organization")
	for args, want := range map[string]struct {
		stdin string
		code  exit.Code
		says  string
	}{
		"secret set A hunter2":                   {"", exit.Usage, "A value is never an argument"},
		"secret set":                             {"", exit.Usage, "takes the name of a secret"},
		"secret set 1A":                          {"x", exit.Usage, "1A"},
		"secret set C":                           {"\n", exit.Usage, "C: the value is empty"},
		"secret set C --scope site":              {"x", exit.Usage, "give --site"},
		"secret set C --scope galaxy":            {"x", exit.Usage, "none of site, project and organization"},
		"secret set C --site nowhere":            {"x", exit.Usage, "nowhere"},
		"secret show C":                          {"", exit.Failure, "the secret C is not in default/shop"},
		"secret show A":                          {"", exit.Usage, "several sites (production, staging): give --site"},
		"secret show A --site staging --scope s": {"", exit.Usage, "none of site, project and organization"},
		"secret show B --version 7":              {"", exit.Failure, "version 7"},
		"secret show B --version -1":             {"", exit.Usage, "count from 1"},
		"secret show TOKEN":                      {"", exit.Usage, "longshore.yml takes TOKEN from the worker's variable TOKEN"},
		"secret rm B":                            {"", exit.Usage, "--scope organization"},
		"secret rm A --site staging":             {"A\n", exit.Usage, "give --yes"},
		"secret rotate TOKEN":                    {"", exit.Usage, "only secrets of the store can be rotated"},
		"secret rotate C":                        {"", exit.Failure, "the secret C is not in"},
		"secret rotate B --soak -1s":             {"", exit.Usage, "less than nothing"},
		"secret rotate B":                        {"", exit.Failure, "no engine answers"},
		"secret watch B":                         {"", exit.Failure, "no engine answers"},
		"secret status B":                        {"", exit.Failure, "no engine answers"},
		"secret cancel B":                        {"", exit.Failure, "no engine answers"},
		"secret generate C --length 2000000":     {"", exit.Usage, "2000000"},
		"secret generate C --alphabet aa":        {"", exit.Usage, "easily guessed"},
		"secret edit C":                          {"", exit.Failure, "the secret C is not in"},
		"secret import":                          {"", exit.Usage, "takes one file"},
		"secret import missing.env":              {"", exit.Usage, "missing.env"},
		"secret import -":                        {"A=\n", exit.Usage, "line 1: A is empty"},
		"secret sets A":                          {"", exit.Usage, `did you mean "set"?`},
		"key recipient add bob":                  {"", exit.Usage, "begins with age1"},
		"key recipient ls --scope site":          {"", exit.Usage, "a site has no list of its own"},
	} {
		t.Run(args, func(t *testing.T) {
			s.t = t
			s.refused(want.stdin, args, want.code, want.says)
		})
	}
	if _, err := s.folder(app.ScopeProject).Read("C"); err == nil {
		t.Error("something that was refused has written")
	}
	if strings.Contains(s.out.String(), "hunter2") {
		t.Error("an argument that may be a value is repeated")
	}
}

// folder is a scope's folder of the shop, for the test itself.
func (s *shop) folder(kind string) store.Folder {
	s.t.Helper()
	s.must("", "key show")
	f := secretFlags{}
	f.options.Dir = s.dir
	v, err := f.open()
	if err != nil {
		s.t.Fatal(err)
	}
	scope, err := v.scope(kind)
	if err != nil {
		s.t.Fatal(err)
	}
	return v.folder(scope)
}

func TestImportIsWhole(t *testing.T) {
	s := newShop(t)
	s.write(".env", "# the shop\nA=one\nexport B='two words'\n")
	story(t, s, `$ secret import .env --site staging
NAME SCOPE VERSION
A site default/shop/staging 1
B site default/shop/staging 1
note: .env still has the values for everybody who can read it: remove it
note: it can be read with the key in HOME/state/identity.txt alone: keep a copy of that in a safe place
note: let others read by longshore key recipient add <their public key>
$ secret import .env --site staging
NAME SCOPE VERSION
A site default/shop/staging as it was
B site default/shop/staging as it was
note: .env still has the values for everybody who can read it: remove it
$ secret import - --site staging -o json < A=three
[{"name":"A","scope":"site","of":"default/shop/staging","version":2,"file":"secrets/sites/staging/A.json"}]
$ secret show B --site staging
two words
`)
	s.refused("C=1\nD\n", "secret import -", exit.Usage, "line 2")
	if out := s.must("", "secret ls -o json"); strings.Contains(out, `"C"`) {
		t.Error("half of a broken file is imported")
	}
}

func TestEditMakesAVersionOfWhatChanged(t *testing.T) {
	s := newShop(t)
	s.must("old-value", "secret set A")
	t.Setenv("VISUAL", "sed -i s/old/new/")
	if out := s.must("", "secret edit A"); !strings.Contains(out, "version 2") {
		t.Error(out)
	}
	if out := s.must("", "secret edit A"); !strings.Contains(out, "as it was") {
		t.Error(out)
	}
	if out := s.must("", "secret show A"); out != "new-value" {
		t.Error(out)
	}
	t.Setenv("VISUAL", "truncate -s 0")
	s.refused("", "secret edit A", exit.Usage, "the value is empty")
	t.Setenv("VISUAL", "false")
	s.refused("", "secret edit A", exit.Failure, "nothing was changed")
	if out := s.must("", "secret history A"); strings.Count(out, "read") != 5 {
		t.Errorf("who opens a value in an editor has read it:\n%s", out)
	}
}

func TestNothingIsShownThatCannotBeRecorded(t *testing.T) {
	s := newShop(t)
	s.must("s3cret-value", "secret set A")
	if err := os.Mkdir(filepath.Join(s.state(), "audit.jsonl"), 0o700); err != nil {
		t.Fatal(err)
	}
	code, out, message := s.run("", "secret show A")
	if code == exit.OK || out != "" || !strings.Contains(message, "the value is not shown") {
		t.Errorf("got %d, %q %q", code, out, message)
	}
}

func TestAMissingSecretEndsADeployBeforeItBegins(t *testing.T) {
	s := newShop(t)
	s.must("url", "secret set DATABASE_URL")
	const says = "secrets.TLS_KEY: the secret is missing, and is wanted by web; longshore secret set TLS_KEY, or for this site alone with --site production"
	for _, args := range []string{"deploy --site production", "deploy --site production --plan"} {
		s.refused("", args+" --dirty", exit.Usage, says)
	}
	code, _, message := s.run("", "deploy --site production --plan -o json")
	var answer struct {
		Problems []struct{ Path, Advice string }
	}
	if err := json.Unmarshal([]byte(message), &answer); err != nil || code != exit.Usage || len(answer.Problems) != 1 || answer.Problems[0].Path != "secrets.TLS_KEY" {
		t.Errorf("got %d, %s", code, message)
	}
	s.must("key", "secret set TLS_KEY --site production")
	s.refused("", "deploy --site production --plan", exit.Failure, "no engine answers")
	s.refused("", "deploy --site staging --plan", exit.Usage, "secrets.TLS_KEY")
}

// A worker on another machine has its own files: only where the store is here can it be judged from here.
func TestAStoreElsewhereIsNotJudged(t *testing.T) {
	s := newShop(t)
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	s.refused("", "deploy --site staging --plan", exit.Failure, "no engine answers")
	s.must("url", "secret set DATABASE_URL")
	s.refused("", "deploy --site staging --plan", exit.Usage, "secrets.TLS_KEY")
}

func TestSecretNamesAreCompleted(t *testing.T) {
	s := newShop(t)
	s.must("one", "secret set ALPHA --site staging")
	s.must("two", "secret set BETA")
	for words, want := range map[string]string{
		"secret show":                   "ALPHA\nBETA\n",
		"secret show --site production": "BETA\n",
		"secret rotate BETA":            ":4\n",
		"secret set --scope":            "site\nproject\norganization\n",
	} {
		code, out, _ := s.run("", "__complete "+words+" ", "")
		if code != exit.OK || !strings.HasPrefix(out, want) {
			t.Errorf("%s: got %d, %q, want %q", words, code, out, want)
		}
	}
}

// TestValuesAreInNoOtherOutput goes through a day with secrets, and looks for their values in all that was said and kept.
func TestValuesAreInNoOtherOutput(t *testing.T) {
	s := newShop(t)
	const one, two, three = "hunter-one-1111", "hunter-two-2222", "hunter three/3333"
	t.Setenv("VISUAL", "sed -i s/1111/9111/")
	for _, step := range []struct{ stdin, args string }{
		{one, "secret set A"}, {two, "secret set A --site staging -o json"}, {three + "\n", "secret set A --scope organization"},
		{"B=" + two + "\n", "secret import -"}, {"B=" + two + "\n", "secret import - -o json"}, {"B=" + two + "\nC\n", "secret import -"},
		{"", "secret ls"}, {"", "secret ls --site staging --origin"}, {"", "secret ls -o json"},
		{"", "secret show A --scope project"}, {"", "secret show A --version 9"}, {"", "secret edit A --scope project"},
		{"", "secret history A"}, {"", "secret history A -o json"}, {one, "secret set A " + two}, {one, "secret rotate A --given"},
		{"", "key rotate"}, {"", "key recipient ls"}, {"", "deploy --site staging --plan -o json"}, {"", "secret rm B --yes"},
	} {
		s.run(step.stdin, step.args)
	}
	said := strings.ReplaceAll(s.out.String(), "secret set A "+two, "")
	for _, root := range []string{s.dir, s.home} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			said += string(data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, value := range []string{one, two, three, "hunter-one-9111"} {
		for _, form := range []string{value, base64.StdEncoding.EncodeToString([]byte(value)), base64.RawURLEncoding.EncodeToString([]byte(value))} {
			if i := strings.Index(said, form); i >= 0 {
				t.Errorf("a value is told: …%s", said[max(0, i-200):i])
			}
		}
	}
	if out := s.must("", "secret show A --scope project"); out != "hunter-one-9111" {
		t.Errorf("the day did not go as it should: the value is %q", out)
	}
}
