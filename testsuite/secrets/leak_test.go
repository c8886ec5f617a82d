//go:build e2e

package secrets

import (
	"context"
	"crypto/rand"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/longshore-dev/longshore/testsuite/harness"
)

// What is planted in every kind of place to see that it is searched: one text as a value would be, and one where the
// engine keeps nothing encrypted.
const (
	planted     = "PLANTED@1"
	plantedOpen = "PLANTED_OPEN@1"
)

// A day after its secrets were set, deployed, failed with, rotated and rolled back, no value is anywhere but in the app's
// own containers, the files that they have, and the answers of `secret show`.
func TestLeakHunt(t *testing.T) {
	begin := time.Now()
	h := newHunt(t)
	sampled := sample(t)
	h.day()
	h.plant(sampled)
	sampled.end()
	t.Logf("looked at all processes %d times", sampled.rounds)

	f := h.finder()
	var found map[string]bool // the values that are in a place
	search := func(allowed ...string) look {
		return func(where string, content []byte) {
			for _, find := range f.find(content) {
				found[find.value] = true
				if !slices.Contains(allowed, find.value) {
					around := content[max(0, find.offset-80):min(len(content), find.offset+120)]
					t.Errorf("%s is in %s, at byte %d of %d: %q", find.value, where, find.offset, len(content), around)
				}
			}
		}
	}
	seen := func(texts map[string]string) func(look) {
		return func(look look) {
			for text, where := range texts {
				look(where, []byte(text))
			}
		}
	}
	own := slices.Collect(maps.Keys(h.values))
	wanted := func(place string, values ...string) {
		for _, value := range values {
			if !found[value] {
				t.Errorf("%s: %s is not found, which is there", place, value)
			}
		}
	}
	for place, in := range map[string]func(look){
		"the state folder":       h.state,
		"logs":                   h.logs,
		"the user's files":       h.user,
		"temporary files":        h.temporary(begin),
		"the host's files":       h.hostFolders,
		"the host's journal":     h.journal,
		"images":                 h.images,
		"histories of images":    h.imageHistories,
		"histories of workflows": h.histories,
		"the web UI":             h.webUI,
		"what the CLI has printed": func(look look) {
			for command, text := range h.said {
				look(command, []byte(text))
			}
		},
		"command lines":             seen(sampled.commands),
		"environments of processes": seen(sampled.environments),
	} {
		found = map[string]bool{}
		in(search(planted, plantedOpen))
		wanted(place, planted)
	}
	found = map[string]bool{}
	h.database(search(plantedOpen))
	wanted("the engine's database", plantedOpen)

	// Where the app has its values, they are.
	found = map[string]bool{}
	env := map[string]bool{}
	h.inspections(search(planted), func(_ string, content []byte) {
		for _, find := range f.find(content) {
			env[find.value] = true
		}
	})
	wanted("inspections", planted)
	found = env
	wanted("the app's environment", "API_TOKEN@1", "SESSION_KEY@2", "DATABASE_URL@2")
	found = map[string]bool{}
	seen(sampled.own)(search(own...))
	wanted("environments of the app's processes", "API_TOKEN@1", "API_TOKEN@2", "SESSION_KEY@1", "SESSION_KEY@2", "IMPORTED_TWO@2")
	h.onlyForRunning()
	found = map[string]bool{}
	h.secretsOnHost(search("TLS_KEY@1", "FIRST_PASSWORD@1", "DATABASE_URL@1"))
	wanted("the files of secrets", "TLS_KEY@1", "FIRST_PASSWORD@1")
}

// plant leaves a text wherever the hunt looks. It is a secret too, which `show` shows.
func (h *hunt) plant(sampled *sampler) {
	h.t.Helper()
	text, open := rand.Text(), rand.Text()
	h.keep("PLANTED", "1", text)
	h.values[plantedOpen] = open
	h.cli(0, "", "secret", "show", "PLANTED")

	root := filepath.Dir(h.world.State)
	for _, path := range []string{
		filepath.Join(h.world.State, "bundles", "planted"), filepath.Join(root, "logs", "worker.log"),
		filepath.Join(h.world.Home, "planted"), filepath.Join(h.temp, "folder", "planted"),
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			h.t.Fatal(err)
		}
		file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			h.t.Fatal(err)
		}
		if _, err := file.WriteString("a line with " + text + "\n"); err != nil {
			h.t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			h.t.Fatal(err)
		}
	}
	h.host(`cd /var/lib/longshore && echo "$0" > planted && echo "$0" | systemd-cat && docker volume create --label "planted=$0" planted`, text)
	h.plantImages(text)
	h.plantProcess(text, sampled)
	if _, err := h.client.ExecuteWorkflow(h.t.Context(), client.StartWorkflowOptions{ID: "planted/" + open, TaskQueue: "nobody"}, "planted", text); err != nil {
		h.t.Fatal(err)
	}
}

// plantImages puts the text into a layer, a label and the history of an image.
func (h *hunt) plantImages(text string) {
	h.t.Helper()
	folder := h.t.TempDir()
	archive := filepath.Join(folder, "planted.tar")
	if err := os.WriteFile(filepath.Join(folder, "planted"), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	if out, err := exec.CommandContext(h.t.Context(), "tar", "--create", "--file", archive, "--directory", folder, "planted").CombinedOutput(); err != nil {
		h.t.Fatalf("%v: %s", err, out)
	}
	image := h.repository() + ":planted"
	docker(h.t.Context(), h.t, "", "import", "--change", "LABEL planted="+text, "--message", text, archive, image)
	h.t.Cleanup(func() { docker(context.Background(), h.t, "", "image", "rm", image) })
	h.host(`cd /var/lib/longshore && tar --create planted | docker import --change "LABEL planted=$0" --message "$0" - "$1"`, text, image)
}

// plantProcess has a process with the text in its command line and its environment, until it was looked at.
func (h *hunt) plantProcess(text string, sampled *sampler) {
	h.t.Helper()
	cmd := exec.CommandContext(h.t.Context(), "sh", "-c", "read line", text)
	cmd.Env = append(os.Environ(), "PLANTED="+text)
	end, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		h.t.Fatal(err)
	}
	harness.Eventually(h.t, time.Minute, func() error { return sampled.saw(text) })
	_ = end.Close() // ends the process
	_ = cmd.Wait()
}
