package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/starter/exit"
)

func TestCompletions(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "shop")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if code, _, message := runCommand(t, "init", "-C", dir); code != exit.OK {
		t.Fatal(message)
	}
	for words, want := range map[string]string{
		"deploy -C " + dir + " --site":           "production\n",
		"restart -C " + dir:                      "web\n",
		"restart -C " + dir + " web":             ":4\n", // no word is offered twice
		"watch -C " + dir:                        ":4\n", // none without an engine
		"rollback -C " + dir + " --to":           ":4\n",
		"approve -C " + dir + " 20250102-030405": ":4\n",
	} {
		code, out, _ := runCommand(t, append([]string{"__complete"}, append(strings.Fields(words), "")...)...)
		if code != exit.OK || !strings.HasPrefix(out, want) {
			t.Errorf("%s: got %d, %q, want %q", words, code, out, want)
		}
	}
}
