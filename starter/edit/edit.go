// Package edit has a person change a secret's value in an editor of their own. It must not know where the value is kept.
package edit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/longshore-dev/longshore/internal/secret"
)

// Editor is where and how a value is edited.
type Editor struct {
	// Command is a shell command that gets the file as its last argument.
	Command string
	// Folders are looked through for one to keep the file in; where none can be used it is the system's own for temporary
	// files, which may be on a disk.
	Folders  []string
	In       io.Reader
	Out, Err io.Writer
}

// FromEnvironment is the editor that the user has chosen, by VISUAL or EDITOR, and the folders that are in memory.
func FromEnvironment(in io.Reader, out, errs io.Writer) Editor {
	e := Editor{Command: cmp.Or(os.Getenv("VISUAL"), os.Getenv("EDITOR"), "vi"), In: in, Out: out, Err: errs}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		e.Folders = append(e.Folders, dir)
	}
	e.Folders = append(e.Folders, "/dev/shm")
	return e
}

// waitDelay is how long an editor may take to end once it was asked to.
const waitDelay = 5 * time.Second

// Edit lets the editor change a value, in a file that nobody else may read and that is overwritten and removed at the end.
// Editors end the last line of a file; a value that had no such end does not get one.
func (e Editor) Edit(ctx context.Context, name string, value secret.String) (_ secret.String, err error) {
	dir, err := e.folder()
	if err != nil {
		return secret.String{}, fmt.Errorf("make a file to edit: %w", err)
	}
	defer func() { err = errors.Join(err, wipe(dir)) }()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(value.Reveal()), 0o600); err != nil {
		return secret.String{}, fmt.Errorf("make a file to edit: %w", err)
	}
	// The shell sees the path as its own argument, and the command as the user wrote it: "code --wait".
	cmd := exec.CommandContext(ctx, "sh", "-c", e.Command+` "$1"`, "sh", path)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = e.In, e.Out, e.Err
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = waitDelay
	if err := cmd.Run(); err != nil {
		return secret.String{}, fmt.Errorf("the editor %q failed, so nothing was changed: %w", e.Command, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return secret.String{}, fmt.Errorf("read what was edited: %w", err)
	}
	text := string(data)
	if !strings.HasSuffix(value.Reveal(), "\n") {
		text = strings.TrimSuffix(text, "\n")
	}
	return secret.New(text), nil
}

// folder makes a folder of our own, where the editor's own copies are as well.
func (e Editor) folder() (string, error) {
	for _, in := range e.Folders {
		if dir, err := os.MkdirTemp(in, ".longshore-edit-*"); err == nil {
			return dir, nil
		}
	}
	return os.MkdirTemp("", ".longshore-edit-*")
}

// wipe overwrites every file in a folder and removes it.
func wipe(dir string) error {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		return overwrite(path)
	})
	if err = errors.Join(err, os.RemoveAll(dir)); err != nil {
		return fmt.Errorf("remove what was edited from %s: %w", dir, err)
	}
	return nil
}

func overwrite(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.Write(make([]byte, info.Size()))
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
