package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// gitTimeout bounds each question to git: a repository on a network share may never answer.
const gitTimeout = 30 * time.Second

// DirtyError is a git tree with changes that are not committed.
type DirtyError struct {
	Files []string // as git names them, from the repository's top
}

func (e *DirtyError) Error() string {
	const shown = 5
	files := e.Files
	more := ""
	if len(files) > shown {
		more = fmt.Sprintf(" and %d more", len(files)-shown)
		files = files[:shown]
	}
	return "the git tree has changes that are not committed: " + strings.Join(files, ", ") + more +
		"; commit them, or deploy them as they are with --dirty"
}

// source names what is deployed: the commit of a clean tree, else a hash of the content.
func source(ctx context.Context, dir string, files []string, services []app.Service, store storeFiles, allowDirty bool) (app.Source, error) {
	out := app.Source{Directory: dir}
	commit, err := git(ctx, dir, "log", "-1", "--format=%H%n%s")
	if err != nil {
		if !errors.Is(err, errNoCommit) {
			return out, err
		}
		out.ID, err = contentID(ctx, "c", dir, files, services, store)
		return out, err
	}
	sha, subject, _ := strings.Cut(strings.TrimSpace(commit), "\n")
	if len(sha) < shortID {
		return out, fmt.Errorf("git in %s names no commit", dir)
	}
	out.SHA, out.Subject, out.ID = sha, subject, sha[:shortID]
	changed, err := changes(ctx, dir, store)
	if err != nil || len(changed) == 0 {
		return out, err
	}
	if !allowDirty {
		return out, &DirtyError{Files: changed}
	}
	out.Dirty = true
	out.ID, err = contentID(ctx, "d", dir, files, services, store)
	return out, err
}

// shortID is how many digits of a hash name a release.
const shortID = 7

// changes are the files of the repository that differ from its commit, as git names them, without those of the store.
func changes(ctx context.Context, dir string, store storeFiles) ([]string, error) {
	// Without a path git answers for the whole repository: what is built may lie outside the project's folder.
	status, err := git(ctx, dir, "status", "--porcelain=v1", "-z", "--no-renames")
	if err != nil {
		return nil, err
	}
	changed := changedFiles(status)
	if len(changed) == 0 || len(store) == 0 {
		return changed, nil
	}
	prefix, err := git(ctx, dir, "rev-parse", "--show-prefix")
	if err != nil {
		return nil, err
	}
	absolute := func(file string) string {
		rel, err := filepath.Rel(strings.TrimSuffix(prefix, "\n"), file)
		if err != nil {
			return file
		}
		return filepath.Join(dir, rel)
	}
	var out []string
	for _, file := range changed {
		path := absolute(file)
		switch {
		case store.has(path):
		case strings.HasSuffix(file, "/") && store.hasBelow(path):
			// A folder in which git knows no file stands for all that is in it.
			status, err := git(ctx, dir, "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", ":(top,literal)"+file)
			if err != nil {
				return nil, err
			}
			out = append(out, slices.DeleteFunc(changedFiles(status), func(file string) bool { return store.has(absolute(file)) })...)
		default:
			out = append(out, file)
		}
	}
	return out, nil
}

// changedFiles reads `git status --porcelain -z`.
func changedFiles(status string) []string {
	var out []string
	for _, entry := range strings.Split(status, "\x00") {
		if len(entry) > 3 {
			out = append(out, entry[3:])
		}
	}
	return out
}

// errNoCommit is a folder outside git, a machine without git, or a repository without a commit.
var errNoCommit = errors.New("no git commit")

// git asks git about a folder.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, gitTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	// Questions take no locks and get answers in English, whatever the user's settings.
	cmd.Env = append(cmd.Environ(), "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err == nil {
		return stdout.String(), nil
	}
	said := strings.TrimSpace(stderr.String())
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("git %s in %s: %w", args[0], dir, ctx.Err())
	case errors.Is(err, exec.ErrNotFound),
		strings.Contains(said, "not a git repository"),
		strings.Contains(said, "does not have any commits yet"):
		return "", errNoCommit
	}
	first, _, _ := strings.Cut(said, "\n")
	return "", fmt.Errorf("git %s in %s: %s", args[0], dir, strings.TrimPrefix(first, "fatal: "))
}
