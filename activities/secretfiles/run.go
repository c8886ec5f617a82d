package secretfiles

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// root is who owns what is written as the state folder's owner.
const root = "0:0"

func ownerOf(s app.ServiceSecret) string { return strconv.Itoa(s.UID) + ":" + strconv.Itoa(s.GID) }

// group are files that have something in common.
type group struct {
	key   string
	files []File
}

// grouped are the files by what key answers, in the order of the keys.
func grouped(files []File, key func(app.ServiceSecret) string) []group {
	var out []group
	for _, file := range files {
		k := key(file.ServiceSecret)
		i, found := slices.BinarySearchFunc(out, k, func(g group, k string) int { return strings.Compare(g.key, k) })
		if !found {
			out = slices.Insert(out, i, group{key: k})
		}
		out[i].files = append(out[i].files, file)
	}
	return out
}

// temporary is the name of something that is not complete yet, which Tidy sweeps.
func temporary() string { return making + strings.ToLower(rand.Text()) }

// noProgram is the exit code for a program that is not there, such as sudo on a machine without it.
const noProgram = 127

// asRoot runs a command as root, or as the login where that cannot become root: the folder is its own then.
func (f Folder) asRoot(ctx context.Context, args ...string) error {
	_, err := f.host.Run(ctx, host.Command{Args: args, Root: true})
	var exit *host.ExitError
	if errors.Is(err, host.ErrRights) || (errors.As(err, &exit) && exit.Code == noProgram) {
		_, err = f.host.Run(ctx, host.Command{Args: args})
	}
	return err
}

// asOwner runs a command as the login, and as root where the folder is root's: what it makes is its owner's to remove.
func (f Folder) asOwner(ctx context.Context, args ...string) error {
	_, err := f.host.Run(ctx, host.Command{Args: args})
	var exit *host.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	_, asRoot := f.host.Run(ctx, host.Command{Args: args, Root: true})
	if errors.Is(asRoot, host.ErrRights) {
		return err
	}
	return asRoot
}
