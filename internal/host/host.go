// Package host says what a deploy needs of a machine with Docker: its engine, its state folder, its edge's socket and
// commands. Implementations are the worker's own machine, a server over SSH and one in memory; hosttest holds them all
// to the same contract. The package must not know what a deploy is, nor which implementation it has.
package host

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
)

// Host is a machine with Docker. It is safe for concurrent use. Every method honours its context and, where that has
// no deadline, one of the implementation's own. A broken connection is re-dialled by the next call: no call is retried
// by itself, so callers retry what is idempotent.
type Host interface {
	// Name is the host's name in the project.
	Name() string
	// Engine is the host's Docker engine.
	Engine() Engine
	// Files is the host's state folder.
	Files() Files
	// Run runs a command given as an argument list, without a shell. A command that ran and failed is an *ExitError.
	Run(ctx context.Context, cmd Command) (Output, error)
	// Dial opens a connection as a process on the host would: network is "unix" (an absolute path) or "tcp".
	Dial(ctx context.Context, network, address string) (net.Conn, error)
	// Close ends all connections. Later calls fail.
	Close() error
}

// Opener opens hosts. Connections may be shared: a host opened twice is dialled once.
type Opener interface {
	Open(ctx context.Context, h app.Host) (Host, error)
}

// Command is a program and its arguments.
type Command struct {
	Args  []string
	Stdin io.Reader
	// Root runs it as root, through sudo -n where the login is not root.
	Root bool
}

// Output is what a command printed, each part bounded to its last 64 KiB.
type Output struct {
	Stdout []byte
	Stderr []byte
}

// Files is the host's state folder. Paths are slash-separated, relative to it and free of "..". Written files are
// whole or absent after a crash: temporary file, fsync, rename.
type Files interface {
	// Root is the folder's absolute path on the host.
	Root() string
	// Read returns ErrNotFound for a missing file.
	Read(ctx context.Context, path string) ([]byte, error)
	// Write makes missing folders (0700) and replaces the file; mode 0 means 0600.
	Write(ctx context.Context, path string, data []byte, mode uint32) error
	// Put writes size bytes of data into the file at offset, a multiple of PutBlock, and makes what is missing as Write
	// does, with mode 0600. Unlike Write it works in the file itself: what an interruption leaves is whole up to its end,
	// and of what was read from data at most PutWindow bytes are lost. What lies behind stays. data may still be read for a
	// moment after a failed Put.
	Put(ctx context.Context, path string, offset int64, data io.Reader, size int64) error
	// Stat returns ErrNotFound for a missing file.
	Stat(ctx context.Context, path string) (FileInfo, error)
	// List returns the names in a folder, sorted; a missing folder is empty.
	List(ctx context.Context, dir string) ([]string, error)
	// Remove deletes a file or a folder with all in it; a missing one is no error.
	Remove(ctx context.Context, path string) error
	// Lock takes the advisory lock (flock) at path, waiting while ctx lasts, and holds it until unlock is called or the
	// connection that holds it is lost; then lost, which may be nil, is closed. WithLock is the way to use it. Shared
	// locks exclude only exclusive ones.
	Lock(ctx context.Context, path string, shared bool) (lost <-chan struct{}, unlock func(), err error)
	// FreeBytes is the space left on the file system that holds an absolute path of the host (or its nearest parent).
	FreeBytes(ctx context.Context, path string) (int64, error)
}

// FileInfo is what a host says of a file.
type FileInfo struct {
	Size int64 // bytes
	// Age is the time since the file was last written, by the host's own clock.
	Age time.Duration
}

// The bytes that Files.Put works with.
const (
	PutBlock  = 256 << 10
	PutWindow = 3 * PutBlock
)

// Engine is a Docker engine. Methods that name a missing thing fail with ErrNotFound, those that would make a second
// thing of one name with ErrConflict. Nothing is retried.
type Engine interface {
	Info(ctx context.Context) (app.EngineInfo, error)

	ImageInspect(ctx context.Context, ref string) (app.Image, error)
	// ImageList returns the images that carry all the labels.
	ImageList(ctx context.Context, labels map[string]string) ([]app.Image, error)
	// ImageSave streams the images in `docker save` form.
	ImageSave(ctx context.Context, refs []string) (io.ReadCloser, error)
	// ImageLoad reads `docker save` form to its end.
	ImageLoad(ctx context.Context, tar io.Reader) error
	// ImageResolve asks the registry for the digest ("sha256:…") that a reference stands for now. A registry that does not
	// let the login in is ErrDenied.
	ImageResolve(ctx context.Context, ref string, login Login) (digest string, err error)
	// ImagePull has the engine pull an image, by tag or by digest. A registry that does not let the login in is ErrDenied.
	ImagePull(ctx context.Context, ref string, options PullOptions) error
	ImageTag(ctx context.Context, source, target string) error
	// ImageRemove untags ref, and deletes what no tag and no container uses any more; a missing image is no error.
	ImageRemove(ctx context.Context, ref string) error

	// ContainerCreate makes a container without starting it. Networks must be real names. Files must have been turned
	// into mounts: an error otherwise.
	ContainerCreate(ctx context.Context, name string, c app.Container) (id string, err error)
	// ContainerStart of a running container is no error.
	ContainerStart(ctx context.Context, id string) error
	// ContainerStop sends the container's stop signal, and SIGKILL after grace; one that does not run is no error. A
	// negative grace means the container's own.
	ContainerStop(ctx context.Context, id string, grace time.Duration) error
	ContainerKill(ctx context.Context, id, signal string) error
	// ContainerRemove removes it by force, with its anonymous volumes; a missing one is no error.
	ContainerRemove(ctx context.Context, id string) error
	ContainerRename(ctx context.Context, id, name string) error
	ContainerInspect(ctx context.Context, id string) (app.ContainerState, error)
	// ContainerList returns all containers, running or not, that carry all the labels (an empty value matches any), each
	// as ContainerInspect would.
	ContainerList(ctx context.Context, labels map[string]string) ([]app.ContainerState, error)
	// ContainerLogs returns the last lines of both streams, oldest first.
	ContainerLogs(ctx context.Context, id string, lines int) ([]string, error)
	// ContainerFollow streams both streams demultiplexed until ctx ends or the container does.
	ContainerFollow(ctx context.Context, id string, opts FollowOptions, stdout, stderr io.Writer) error
	// ContainerExec runs a command in a running container, without a shell. One that ran and failed is an *ExitError.
	ContainerExec(ctx context.Context, id string, cmd ExecCommand) (Output, error)
	// ContainerWait returns the exit code once the container does not run.
	ContainerWait(ctx context.Context, id string) (int, error)

	// NetworkCreate makes a network; with no subnets the engine chooses.
	NetworkCreate(ctx context.Context, name string, n app.Network) (id string, err error)
	NetworkInspect(ctx context.Context, name string) (app.NetworkState, error)
	NetworkList(ctx context.Context, labels map[string]string) ([]app.NetworkState, error)
	NetworkRemove(ctx context.Context, name string) error
	NetworkConnect(ctx context.Context, network, container string, a app.Attachment) error
	// NetworkDisconnect of a container that is not in the network is ErrNotFound or no error.
	NetworkDisconnect(ctx context.Context, network, container string) error

	VolumeCreate(ctx context.Context, name string, v app.Volume) error
	VolumeInspect(ctx context.Context, name string) (app.VolumeState, error)
	VolumeList(ctx context.Context, labels map[string]string) ([]app.VolumeState, error)
	VolumeRemove(ctx context.Context, name string) error
}

// PullOptions choose what ImagePull pulls, and as whom.
type PullOptions struct {
	// Platform is the image's ("linux/amd64"); empty means the engine's own.
	Platform string
	Login    Login
	// Progress, which may be nil, is called from one goroutine with the bytes so far and in all, as far as known.
	Progress func(current, total int64)
}

// ExecCommand is a program and its arguments in a container. Arguments can be seen by anyone on the host: what is secret
// goes over Stdin.
type ExecCommand struct {
	Args  []string
	Stdin io.Reader
	User  string // empty means the container's own
}

// FollowOptions choose what ContainerFollow prints.
type FollowOptions struct {
	Follow     bool
	Tail       int // lines; negative means all
	Since      time.Time
	Timestamps bool
}

// The errors that callers tell apart, with errors.Is. Implementations wrap them with what and where.
var (
	ErrNotFound    = errors.New("not found")
	ErrConflict    = errors.New("already exists")
	ErrUnreachable = errors.New("host cannot be reached")               // a retry may mend it
	ErrRefused     = errors.New("host refused the login")               // a retry cannot mend it
	ErrHostKey     = errors.New("host key is not trusted")              // changed, or unknown and not accepted
	ErrSettings    = errors.New("host cannot be used as it is set up")  // address, key file, SSH configuration; a retry cannot mend it
	ErrSecret      = errors.New("the host's key cannot be had")         // a secret that is missing, or no key; a retry cannot mend it
	ErrRights      = errors.New("the login lacks rights on the host")   // neither root nor sudo; a retry cannot mend it
	ErrNoDocker    = errors.New("no Docker engine answers on the host") // absent, stopped or not permitted
	ErrPortTaken   = errors.New("port is already taken")
	ErrDiskFull    = errors.New("no space left on the host")
	// ErrAddressTaken is a container's fixed address or a network's subnet that something else has.
	ErrAddressTaken = errors.New("address is already taken")
	// ErrDenied is a registry that does not give an image to who asks, or says that it has none to hide that.
	ErrDenied = errors.New("the registry denies access")
	// ErrInvalid is a request that this engine can never grant.
	ErrInvalid = errors.New("invalid request")
)

// ExitError is a command that ran and failed.
type ExitError struct {
	Command string // the program's name only: arguments may be secret
	Code    int
	Stderr  string // the last 4 KiB
}

func (e *ExitError) Error() string {
	text := e.Command + " failed"
	if e.Stderr != "" {
		return text + ": " + e.Stderr
	}
	return text
}
