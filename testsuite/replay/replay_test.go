package replay_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"go.temporal.io/sdk/worker"

	"github.com/longshore-dev/longshore/testsuite/replay"
)

func TestRecordedHistories(t *testing.T) {
	files, err := filepath.Glob("../../workflows/testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 6 {
		t.Fatalf("only %d histories are recorded: see CONTRIBUTING.md", len(files))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			replayer := worker.NewWorkflowReplayer()
			replay.Register(replayer)
			if err := replayer.ReplayWorkflowHistoryFromJSONFile(quiet{}, file); err != nil {
				t.Error(err)
			}
		})
	}
}

// dataOf are the payloads in a history's JSON.
var dataOf = regexp.MustCompile(`"data":\s*"([^"]*)"`)

// The recorder's secrets have values with these words, whichever they are.
const words = "value of "

func TestRecordedHistoriesHaveNoSecretValues(t *testing.T) {
	files, err := filepath.Glob("../../workflows/testdata/*.json")
	if err != nil {
		t.Fatal(err)
	}
	sealed := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range dataOf.FindAllSubmatch(text, -1) {
			data, err := base64.StdEncoding.DecodeString(string(match[1]))
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if bytes.Contains(data, []byte(words)) {
				t.Errorf("%s has the value of a secret: %s", file, data)
			}
			sealed += bytes.Count(data, []byte(`"sealed":`))
		}
		if bytes.Contains(text, []byte(words)) {
			t.Errorf("%s has the value of a secret", file)
		}
	}
	if sealed == 0 {
		t.Error("no history has a secret at all")
	}
}

// quiet keeps the SDK's log out of the tests' output.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}
