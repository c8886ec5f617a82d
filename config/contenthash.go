package config

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/longshore-dev/longshore/internal/app"
)

// contentID hashes what a deploy is made from: the files read, and the files of every build context that its
// .dockerignore lets through, without those of the secret store. Names, contents and the executable bit count; times and owners do not.
func contentID(ctx context.Context, prefix, dir string, files []string, services []app.Service, store storeFiles) (string, error) {
	h := sha256.New()
	for _, file := range files {
		if err := hashFile(h, shownName(dir, file), file); err != nil {
			return "", fmt.Errorf("hash the project's files: %w", err)
		}
	}
	var contexts []string
	for _, s := range services {
		if s.Build == nil {
			continue
		}
		context := s.Build.Context + "\x00" + s.Build.Dockerfile
		if !slices.Contains(contexts, context) {
			contexts = append(contexts, context)
			if err := hashContext(ctx, h, dir, *s.Build, store); err != nil {
				return "", fmt.Errorf("hash the build context %s: %w", s.Build.Context, err)
			}
		}
	}
	return prefix + hex.EncodeToString(h.Sum(nil))[:shortID], nil
}

// hashContext walks a build context in the order of names.
func hashContext(ctx context.Context, h hash.Hash, dir string, b app.Build, store storeFiles) error {
	ignore, err := dockerignore(b)
	if err != nil {
		return err
	}
	fmt.Fprintf(h, "context %q\n", shownName(dir, b.Context))
	return filepath.WalkDir(b.Context, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		rel, err := filepath.Rel(b.Context, path)
		if err != nil || rel == "." {
			return err
		}
		ignored, err := ignore.MatchesOrParentMatches(filepath.ToSlash(rel))
		if err != nil {
			return err
		}
		switch {
		case store.has(path):
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case entry.IsDir() && (entry.Name() == ".git" || ignored && !ignore.Exclusions()):
			return filepath.SkipDir
		case entry.IsDir(), ignored:
			return nil
		case entry.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			fmt.Fprintf(h, "link %q %q\n", rel, target)
			return err
		case !entry.Type().IsRegular():
			return nil
		}
		return hashFile(h, rel, path)
	})
}

// hashFile adds a file's name, size, executable bit and content.
func hashFile(h hash.Hash, name, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	fmt.Fprintf(h, "file %q %d %v\n", filepath.ToSlash(name), info.Size(), info.Mode()&0o111 != 0)
	_, err = io.Copy(h, file)
	return err
}

// dockerignore reads the ignore file of a build: the Dockerfile's own comes before the context's.
func dockerignore(b app.Build) (*patternmatcher.PatternMatcher, error) {
	dockerfile := b.Dockerfile
	if !filepath.IsAbs(dockerfile) {
		dockerfile = filepath.Join(b.Context, dockerfile)
	}
	for _, path := range []string{dockerfile + ".dockerignore", filepath.Join(b.Context, ".dockerignore")} {
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		patterns, err := ignorefile.ReadAll(file)
		file.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return patternmatcher.New(patterns)
	}
	return patternmatcher.New(nil)
}
