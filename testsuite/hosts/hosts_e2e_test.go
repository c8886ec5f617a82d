//go:build e2e

package hosts

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// over runs a command over SSH with the system's own client, and so checks all that Start wrote for it.
func over(ctx context.Context, h *Host, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "ssh", "-F", h.SSHConfig, "-o", "BatchMode=yes", "-o", "ConnectTimeout=5",
		h.Name, command).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// loadAnswer puts the image "answer" on a host.
func loadAnswer(ctx context.Context, t *testing.T, h *Host) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "answer")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./testdata/answer")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := w.WriteHeader(&tar.Header{Name: "answer", Mode: 0o755, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := docker(ctx, &archive, "exec", "--interactive", h.Name,
		"docker", "import", "--change", `ENTRYPOINT ["/answer"]`, "-", "answer"); err != nil {
		t.Fatal(err)
	}
}

func get(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestHostServesNestedContainersAndSurvivesFaults(t *testing.T) {
	ctx := deadline(t)
	for _, release := range []Release{Bookworm, Trixie} {
		t.Run(string(release), func(t *testing.T) {
			h := Start(t, OnRelease(release))
			loadAnswer(ctx, t, h)
			run := "docker run --detach --restart always --name host-network --network host answer :80 && " +
				"docker run --detach --restart always --name published --publish 8080:3000 answer :3000 && " +
				"docker network create --subnet 10.213.0.0/24 own && " +
				"docker run --detach --restart always --name addressed --network own --ip 10.213.0.5 answer :3000"
			if out, err := over(ctx, h, run); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			answers := func() error { _, err := get(ctx, h.URL()); return err }
			must(t, poll(ctx, answers))
			reach := `for at in 127.0.0.1/8080 10.213.0.5/3000; do ` +
				`timeout 5 bash -c "exec 3<>/dev/tcp/$at; printf 'GET / HTTP/1.0\r\n\r\n' >&3; tail -1 <&3"; done`
			if out, err := h.Exec(ctx, "bash", "-c", reach); err != nil || out != "answeranswer" {
				t.Errorf("published port and own address: %q, %v", out, err)
			}

			must(t, h.Pause(ctx))
			if body, err := get(ctx, h.URL()); err == nil {
				t.Errorf("a paused host's container answered %q", body)
			}
			must(t, h.Unpause(ctx))
			must(t, poll(ctx, answers))

			must(t, h.KillDocker(ctx))
			must(t, h.WaitDocker(ctx))
			must(t, h.StopDocker(ctx))
			if _, err := over(ctx, h, "docker version"); err == nil {
				t.Error("a stopped engine answered")
			}
			must(t, h.StartDocker(ctx))

			address := h.Address()
			must(t, h.Reboot(ctx))
			must(t, poll(ctx, answers))
			must(t, h.PowerCycle(ctx))
			must(t, poll(ctx, answers))
			if out, err := over(ctx, h, "docker ps --quiet | wc -l"); err != nil || out != "3" || h.Address() != address {
				t.Errorf("after a power cut: %q containers, %v, at %s (was %s)", out, err, h.Address(), address)
			}
		})
	}
}

func TestBuildKitInside(t *testing.T) {
	ctx := deadline(t)
	h := Start(t)
	loadAnswer(ctx, t, h)
	out, err := over(ctx, h, `printf 'FROM answer\nLABEL built=inside\n' | DOCKER_BUILDKIT=1 docker build -t built - && `+
		`docker inspect -f '{{.Config.Labels.built}}' built`)
	if err != nil || !strings.HasSuffix(out, "inside") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestLogins(t *testing.T) {
	ctx := deadline(t)
	for _, c := range []struct {
		user   string
		sudo   bool
		docker bool
	}{{Root, true, true}, {Sudoer, true, false}, {Member, false, true}} {
		t.Run(c.user, func(t *testing.T) {
			t.Parallel()
			h := Start(t, LoginAs(c.user))
			if out, err := over(ctx, h, "id -un"); err != nil || out != c.user {
				t.Errorf("logged in as %q: %v", out, err)
			}
			if _, err := over(ctx, h, "sudo -n true"); (err == nil) != c.sudo {
				t.Errorf("sudo: %v, want it to work: %t", err, c.sudo)
			}
			if _, err := over(ctx, h, "docker version"); (err == nil) != c.docker {
				t.Errorf("docker: %v, want it to work: %t", err, c.docker)
			}
			must(t, h.RefuseKey(ctx))
			if out, err := over(ctx, h, "true"); err == nil || !strings.Contains(out, "Permission denied") {
				t.Errorf("with the key refused: %v: %s", err, out)
			}
		})
	}
}

func TestBareHostHasNoDocker(t *testing.T) {
	ctx := deadline(t)
	h := Start(t, Bare())
	if out, err := over(ctx, h, "command -v docker"); err == nil {
		t.Errorf("found %s", out)
	}
}

func TestChangedHostKeyIsNoticed(t *testing.T) {
	ctx := deadline(t)
	h := Start(t, Bare())
	if out, err := over(ctx, h, "true"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	must(t, h.ChangeHostKey(ctx))
	if out, err := over(ctx, h, "true"); err == nil || !strings.Contains(out, "HAS CHANGED") {
		t.Errorf("with another host key: %v: %s", err, out)
	}
}

func TestSmallDiskFills(t *testing.T) {
	ctx := deadline(t)
	h := Start(t, SmallDisk("/var/lib/docker", 64<<20))
	loadAnswer(ctx, t, h)
	empty, err := h.FillDisk(ctx, "/var/lib/docker", 1<<20)
	must(t, err)
	build := `printf 'FROM answer\nCOPY --from=answer /answer /again\n' | DOCKER_BUILDKIT=1 docker build -t full -`
	if out, err := over(ctx, h, build); err == nil {
		t.Errorf("a build fitted on a full disk: %s", out)
	}
	must(t, empty(ctx))
	if out, err := over(ctx, h, build); err != nil {
		t.Errorf("on the emptied disk: %v: %s", err, out)
	}
	if _, err := h.FillDisk(ctx, "/etc", 0); err == nil {
		t.Error("filled the disk of the machine that runs the tests")
	}
}

func TestLinkCutsSSHAndNothingElse(t *testing.T) {
	ctx := deadline(t)
	h := Start(t, Bare())
	if out, err := over(ctx, h, "head -c 100000 /dev/zero | tr '\\0' x"); err != nil || len(out) != 100000 {
		t.Fatalf("%d bytes, %v", len(out), err)
	}
	if _, received := h.Link.Bytes(); received < 100000 {
		t.Errorf("counted %d bytes from the host", received)
	}
	h.Link.Cut()
	if _, err := over(ctx, h, "true"); err == nil {
		t.Error("SSH went through a cut link")
	}
	must(t, h.WaitSSH(ctx))
	h.Link.Restore()
	if out, err := over(ctx, h, "true"); err != nil {
		t.Errorf("after Restore: %v: %s", err, out)
	}
}

func TestReapRemovesOnlyHostsOfDeadProcesses(t *testing.T) {
	ctx := deadline(t)
	child := exec.CommandContext(ctx, "sleep", "60")
	must(t, child.Start())
	childOwner, err := owner(child.Process.Pid)
	must(t, err)
	mine := Start(t, Bare())
	theirs := Start(t, Bare(), func(c *config) { c.owner = childOwner })
	must(t, Reap(ctx))
	if _, err := theirs.Exec(ctx, "true"); err != nil {
		t.Fatalf("a living process lost its host: %v", err)
	}
	must(t, child.Process.Kill())
	_ = child.Wait()
	must(t, Reap(ctx))
	if _, err := theirs.Exec(ctx, "true"); err == nil {
		t.Error("the host of a dead process is still there")
	}
	if _, err := mine.Exec(ctx, "true"); err != nil {
		t.Errorf("this process lost its host: %v", err)
	}
}
