//go:build e2e

package secrets

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// look looks for values in what was found somewhere.
type look func(where string, content []byte)

// largest is how long a file of somebody else's may be to be read, in bytes.
const largest = 1 << 20

// secretFolders are where a host has the files of running releases, as a pattern of the shell.
const secretFolders = "/var/lib/longshore/sites/*/*/*/secrets"

// database is the engine's, byte by byte.
func (h *hunt) database(look look) {
	h.t.Helper()
	for _, end := range []string{"", "-wal", "-shm"} {
		path := filepath.Join(h.world.State, "engine.db"+end)
		content, err := os.ReadFile(path)
		if err != nil {
			h.t.Fatal(err)
		}
		look(path, content)
	}
}

// logs are what the engine and the worker have printed.
func (h *hunt) logs(look look) {
	look("the engine's log", []byte(h.engine.Log()))
	look("the worker's log", []byte(h.worker.Log()))
}

// folder searches all files of a folder.
func (h *hunt) folder(path string, look look) {
	h.t.Helper()
	err := filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err == nil {
			look(path, content)
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// state is the state folder, with its keys, which are no values.
func (h *hunt) state(look look) { h.folder(h.world.State, look) }

// user are the user's own files: the home folder and the checkout, with the secrets' files.
func (h *hunt) user(look look) {
	h.folder(h.world.Home, look)
	h.folder(h.stage.app.Dir, look)
}

// temporary are the folders for temporary files: our own, and what is new in those that all programs share. Other programs
// make and remove files in these meanwhile.
func (h *hunt) temporary(since time.Time) func(look) {
	return func(look look) {
		h.t.Helper()
		h.folder(h.temp, look)
		for _, shared := range []string{"/tmp", "/var/tmp", "/dev/shm"} {
			_ = filepath.WalkDir(shared, func(path string, entry fs.DirEntry, err error) error {
				if err != nil {
					return nil // it is gone, or another user's
				}
				if path == filepath.Dir(h.world.State) || path == h.stage.app.Dir || strings.HasPrefix(entry.Name(), "go-build") {
					return filepath.SkipDir
				}
				info, err := entry.Info()
				if err != nil || !info.Mode().IsRegular() || info.ModTime().Before(since) || info.Size() > largest {
					return nil
				}
				if content, err := os.ReadFile(path); err == nil {
					look(path, content)
				}
				return nil
			})
		}
	}
}

// hostFolders are the host's files, apart from those of the secrets of releases that run, which are checked by
// onlyForRunning, and from Docker's own: there, the app's environment and what it has printed are kept as they are.
func (h *hunt) hostFolders(look look) {
	h.t.Helper()
	archive := h.host("tar --create --exclude='" + secretFolders + "' --exclude=/run/docker --exclude=/run/containerd " +
		"/etc /home /root /tmp /var/tmp /dev/shm /run /var/lib/longshore /var/lib/docker/tmp || test $? = 1")
	files := tar.NewReader(strings.NewReader(archive))
	for {
		header, err := files.Next()
		// The white space that the end of an archive may be was cut.
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return
		}
		if err != nil {
			h.t.Fatal(err)
		}
		content, err := io.ReadAll(files)
		if err != nil {
			h.t.Fatal(err)
		}
		look(header.Name, content)
	}
}

// journal is the host's log: of sshd, of dockerd, of the kernel.
func (h *hunt) journal(look look) { look("the journal", []byte(h.host("journalctl --no-pager"))) }

// host runs a script on the host.
func (h *hunt) host(script string, args ...string) string {
	h.t.Helper()
	out, err := h.hosts[0].Exec(h.t.Context(), append([]string{"sh", "-c", script}, args...)...)
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

// engines are the Docker engines that have the project's images: the worker's, which builds, and the host's.
func (h *hunt) engines() map[string]func(args ...string) string {
	return map[string]func(args ...string) string{
		"the worker's": func(args ...string) string { return docker(h.t.Context(), h.t, "", args...) },
		"the host's": func(args ...string) string {
			return h.host(`exec docker "$0" "$@"`, args...)
		},
	}
}

// repository is what the project's images of the app are named.
func (h *hunt) repository() string { return "longshore/" + h.name + "-production/web" }

// images are all images of the app: their layers and configuration.
func (h *hunt) images(look look) {
	for whose, docker := range h.engines() {
		for _, image := range images(docker, h.repository()) {
			look(whose+" image "+image, []byte(docker("save", image)))
		}
	}
}

func images(docker func(...string) string, repository string) []string {
	return strings.Fields(docker("images", "--format", "{{.Repository}}:{{.Tag}}", repository))
}

// imageHistories are how the images of the app and of its database were made.
func (h *hunt) imageHistories(look look) {
	for whose, docker := range h.engines() {
		for _, image := range images(docker, "longshore/"+h.name+"-production/*") {
			look(whose+" image "+image, []byte(docker("history", "--no-trunc", image)))
		}
	}
}

// inspections are what Docker tells of images, and on the host of all else: without the environment of the app's own
// containers, which is searched apart.
func (h *hunt) inspections(look, own look) {
	h.t.Helper()
	for whose, docker := range h.engines() {
		for _, image := range images(docker, "longshore/"+h.name+"-production/*") {
			look(whose+" image "+image, []byte(docker("inspect", image)))
		}
	}
	for kind, list := range map[string]string{"volume": "volume ls --quiet", "network": "network ls --quiet", "image": "images --quiet --no-trunc"} {
		look("the host's "+kind+"s", []byte(h.host("docker "+kind+" inspect $(docker "+list+")")))
	}
	var containers []map[string]any
	if err := json.Unmarshal([]byte(h.host("docker inspect $(docker ps --all --quiet)")), &containers); err != nil {
		h.t.Fatal(err)
	}
	for _, container := range containers {
		config, _ := container["Config"].(map[string]any)
		labels, _ := config["Labels"].(map[string]any)
		if labels[app.LabelService] == "web" {
			environment, err := json.Marshal(config["Env"])
			if err != nil {
				h.t.Fatal(err)
			}
			own("the app's own container", environment)
			delete(config, "Env")
		}
		rest, err := json.Marshal(container)
		if err != nil {
			h.t.Fatal(err)
		}
		look("the host's container", rest)
	}
}

// secretsOnHost looks into the files of secrets.
func (h *hunt) secretsOnHost(look look) {
	h.t.Helper()
	look("the folders of secrets", []byte(h.host(`cd `+secretFolders+` && find . -type f -exec cat {} +`)))
}

// onlyForRunning wants the files of secrets to be those of containers that run, in folders that only root can enter.
func (h *hunt) onlyForRunning() {
	h.t.Helper()
	running := map[string]bool{}
	for _, service := range []string{"db", "web"} {
		for _, labels := range h.containers(0, service) {
			running[labels[app.LabelRelease]+"/"+service] = true
		}
	}
	for line := range strings.Lines(h.host(`for folder in ` + secretFolders + `; do stat --format "%a %u" "$folder"; done`)) {
		if line = strings.TrimSpace(line); line != "700 0" {
			h.t.Errorf("the folder of secrets has the mode and owner %s, want 700 0", line)
		}
	}
	for line := range strings.Lines(h.host(`cd ` + secretFolders + ` && find . -mindepth 2 -maxdepth 2`)) {
		if name := strings.TrimPrefix(strings.TrimSpace(line), "./"); !running[strings.TrimSuffix(name, ".json")] {
			h.t.Errorf("there are secrets for %s on the host, of which nothing runs; there run %v", name, running)
		}
	}
}
