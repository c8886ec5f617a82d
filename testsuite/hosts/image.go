package hosts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Prepare makes the images for a release's hosts where they are missing, with and without Docker, and says on progress
// (which may be io.Discard) what takes time. The base is pulled where a registry answers, else made with debootstrap,
// which needs root. Processes that call it at once make each image once.
func Prepare(ctx context.Context, release Release, progress io.Writer) error {
	for _, r := range []recipe{bareRecipe(release), dockerRecipe(release)} {
		if err := prepare(ctx, r, progress); err != nil {
			return fmt.Errorf("make the %s image for test hosts: %w", release, err)
		}
	}
	return nil
}

// PrepareDatabase makes a database's image where it is missing, as Prepare does, and answers its name.
func PrepareDatabase(ctx context.Context, database Database, progress io.Writer) (ref string, err error) {
	r := databaseRecipe(database)
	if err := prepare(ctx, r, progress); err != nil {
		return "", fmt.Errorf("make an image with %s: %w", database, err)
	}
	return r.tag(), nil
}

func prepare(ctx context.Context, r recipe, progress io.Writer) error {
	if imageExists(ctx, r.tag()) {
		return nil
	}
	unlock, err := lockImages(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if imageExists(ctx, r.tag()) {
		return nil
	}
	var from string
	if r.on != nil {
		from = r.on.tag()
	} else if from, err = base(ctx, r.release, progress); err != nil {
		return err
	}
	fmt.Fprintf(progress, "building %s\n", r.tag())
	dockerfile := "FROM " + from + "\n" + r.dockerfile
	_, err = docker(ctx, strings.NewReader(dockerfile), "build", "--label", labelTest+"=image", "--tag", r.tag(), "-")
	return err
}

func imageExists(ctx context.Context, ref string) bool {
	_, err := docker(ctx, nil, "image", "inspect", "--format", "{{.Id}}", ref)
	return err == nil
}

// base finds or makes an image of the plain release and returns its name.
func base(ctx context.Context, release Release, progress io.Writer) (string, error) {
	made := "longshore-test-base:" + string(release)
	if imageExists(ctx, made) {
		return made, nil
	}
	public := "debian:" + string(release) + "-slim"
	if !imageExists(ctx, public) {
		pull, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		fmt.Fprintf(progress, "pulling %s\n", public)
		_, _ = docker(pull, nil, "pull", "--quiet", public) // that it is not there then says enough
	}
	if imageExists(ctx, public) {
		_, err := docker(ctx, nil, "tag", public, made)
		return made, err
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	fmt.Fprintf(progress, "no registry answers: making %s with debootstrap\n", made)
	return made, bootstrap(ctx, release, made)
}

func bootstrap(ctx context.Context, release Release, ref string) error {
	debootstrap, err := exec.LookPath("debootstrap")
	if err != nil || os.Geteuid() != 0 {
		return errors.New("no registry answers, and debootstrap needs to be installed and run as root: " +
			"`make host` and `make test` do that as root on Debian")
	}
	dir, err := os.MkdirTemp("", "longshore-debootstrap-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	root := filepath.Join(dir, "root")
	out, err := exec.CommandContext(ctx, debootstrap, "--variant=minbase", string(release), root).CombinedOutput()
	if err != nil {
		return fmt.Errorf("debootstrap %s: %w: %s", release, err, tail(out, 1024))
	}
	archive := exec.CommandContext(ctx, "tar", "--directory", root, "--create", "--file", "-", "--numeric-owner", ".")
	stream, err := archive.StdoutPipe()
	if err != nil {
		return err
	}
	if err := archive.Start(); err != nil {
		return err
	}
	_, importErr := docker(ctx, stream, "import", "--change", "LABEL "+labelTest+"=image", "-", ref)
	return errors.Join(importErr, archive.Wait())
}

func tail(out []byte, n int) string {
	if len(out) > n {
		out = out[len(out)-n:]
	}
	return strings.TrimSpace(string(out))
}

// lockImages takes the lock that processes of this user share while they make images.
func lockImages(ctx context.Context) (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(os.TempDir(), fmt.Sprintf("longshore-hosts-%d.lock", os.Getuid())),
		os.O_CREATE|os.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			file.Close()
			return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}
