package edge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/activities/failing"
	"github.com/longshore-dev/longshore/activities/heartbeat"
	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
	"github.com/longshore-dev/longshore/internal/edge/edgeimage"
	"github.com/longshore-dev/longshore/internal/host"
)

const (
	// edgeLock keeps two runs of different sites from replacing a host's edge at once. It lies in the edge's folder, which
	// is made by it: Docker would make a missing one as root, whoever keeps the state.
	edgeLock = edge.StateDir + "/ensure.lock"
	// startWithin is how long a new edge has until it answers.
	startWithin = 20 * time.Second
	// startPoll is how often it is asked.
	startPoll = 100 * time.Millisecond
)

// EnsureEdge implements activities.EnsureEdge. The edge is the host's, not a site's: it has a lock of its own and no
// fence.
func (a Activities) EnsureEdge(ctx context.Context, in activities.EnsureEdgeInput) (activities.Nothing, error) {
	h, err := a.Hosts.Open(ctx, in.Host)
	if err != nil {
		return activities.Nothing{}, failing.On(in.Host, err)
	}
	return activities.Nothing{}, failing.On(in.Host, a.ensure(ctx, h, in.Host))
}

func (a Activities) ensure(ctx context.Context, h host.Host, at app.Host) error {
	info, err := h.Engine().Info(ctx)
	if err != nil {
		return err
	}
	image, err := a.Image.For(info.Architecture)
	if err != nil {
		return failing.With(app.Failure{Kind: app.KindMissing, Host: at.Name, Message: err.Error()}, nil)
	}
	return host.WithLock(ctx, h.Files(), edgeLock, false, host.LockLimit, func(ctx context.Context) error {
		return replace(ctx, h, at, image)
	})
}

// replace puts the wanted edge in the place of what is there. It is called under the edge's lock.
func replace(ctx context.Context, h host.Host, at app.Host, image *edgeimage.Image) error {
	owner, err := folderOwner(ctx, h)
	if err != nil {
		return err
	}
	wanted, name, err := container(h, at, image, owner)
	if err != nil {
		return err
	}
	edges, err := h.Engine().ContainerList(ctx, map[string]string{app.LabelRole: app.RoleEdge})
	if err != nil {
		return err
	}
	var others []app.ContainerState
	id, running := "", false
	for _, e := range edges {
		if e.Name == name {
			id, running = e.ID, e.Running()
		} else {
			others = append(others, e)
		}
	}
	if running && len(others) == 0 {
		return answers(ctx, h, image.Version)
	}
	r := replacement{host: h, at: at, image: image, name: name, container: wanted, others: others}
	return r.run(ctx, id)
}

// folderOwner is the owner of the edge's folder, "uid:gid"; empty for root. The edge runs as that user: it has no
// capability to go past a folder's owner, and its socket must be the login's own.
func folderOwner(ctx context.Context, h host.Host) (string, error) {
	stat := []string{"stat", "-c", "%u:%g", h.Files().Root() + "/" + edge.StateDir}
	out, err := h.Run(ctx, host.Command{Args: stat})
	if exit := (*host.ExitError)(nil); errors.As(err, &exit) {
		// The state is root's and closed to the login, which then may use sudo.
		out, err = h.Run(ctx, host.Command{Args: stat, Root: true})
	}
	if err != nil {
		return "", fmt.Errorf("find the owner of the edge's folder: %w", err)
	}
	owner := strings.TrimSpace(string(out.Stdout))
	if owner == "0:0" {
		return "", nil
	}
	return owner, nil
}

// container is what the edge is created with on a host, and its name, which changes whenever that does.
func container(h host.Host, at app.Host, image *edgeimage.Image, owner string) (app.Container, string, error) {
	at.StateDir = h.Files().Root()
	c := edgeimage.Container(at, image)
	c.User = owner
	text, err := json.Marshal(c)
	if err != nil {
		return c, "", fmt.Errorf("describe the edge: %w", err)
	}
	sum := sha256.Sum256(text)
	return c, edgeimage.Name(image.Version) + "-" + hex.EncodeToString(sum[:4]), nil
}

// replacement puts an edge in the place of none or of others.
type replacement struct {
	host      host.Host
	at        app.Host
	image     *edgeimage.Image
	name      string
	container app.Container
	others    []app.ContainerState
}

func (r replacement) run(ctx context.Context, id string) error {
	if err := Bring(ctx, r.host, r.image, nil); err != nil {
		return err
	}
	if id == "" {
		var err error
		if id, err = r.host.Engine().ContainerCreate(ctx, r.name, r.container); err != nil {
			return err
		}
	}
	if r.at.Edge.Mode == app.EdgeBridge {
		return r.onBridge(ctx, id)
	}
	if len(r.others) > 0 {
		r.allowMigration(ctx)
	}
	if err := r.start(ctx, id); err != nil {
		return err
	}
	return r.removeOthers(ctx)
}

// onBridge hands over with a gap: a published port belongs to one container at a time.
func (r replacement) onBridge(ctx context.Context, id string) error {
	if err := r.removeOthers(ctx); err != nil {
		return err
	}
	networks, err := r.host.Engine().NetworkList(ctx, map[string]string{app.LabelNetwork: app.DefaultNetwork})
	if err != nil {
		return err
	}
	for _, n := range networks {
		err := r.host.Engine().NetworkConnect(ctx, n.Name, id, app.Attachment{Network: n.Name})
		if err != nil && !errors.Is(err, host.ErrConflict) {
			return err
		}
	}
	return r.start(ctx, id)
}

// allowMigration has the kernel pass connections that wait at the old edge's listener to the new one's (Linux 5.14,
// net.ipv4.tcp_migrate_req). Where it cannot be set, a few connections may be reset in the hand-over.
func (r replacement) allowMigration(ctx context.Context) {
	_, err := r.host.Run(ctx, host.Command{Args: []string{"sysctl", "-w", "net.ipv4.tcp_migrate_req=1"}, Root: true})
	if err != nil {
		heartbeat.Report(ctx, activities.Beat{Note: "net.ipv4.tcp_migrate_req cannot be set"})
	}
}

// start starts the edge and waits until it answers. One that ends fails with its last lines.
func (r replacement) start(ctx context.Context, id string) error {
	if err := r.host.Engine().ContainerStart(ctx, id); err != nil {
		return err
	}
	err := answers(ctx, r.host, r.image.Version)
	if err == nil || ctx.Err() != nil {
		return err
	}
	return r.neverAnswered(ctx, id, err)
}

// neverAnswered says why a new edge did not come up, and takes it away: a retry makes it anew. One that ended by itself
// would end again.
func (r replacement) neverAnswered(ctx context.Context, id string, err error) error {
	state, inspected := r.host.Engine().ContainerInspect(ctx, id)
	if inspected != nil {
		return inspected
	}
	f := app.Failure{Kind: app.KindInternal, Host: r.at.Name, Message: "the new edge does not answer: " + err.Error()}
	if !state.Running() || state.Restarts > 0 {
		f.Kind, f.Exited, f.ExitCode = app.KindExited, true, state.ExitCode
		f.Message = "the new edge ends by itself"
		f.Advice = "Its last lines say why. A port below 1024 needs a state folder that is root's."
	}
	if f.Logs, err = r.host.Engine().ContainerLogs(ctx, id, 10); err != nil {
		return err
	}
	if err := r.host.Engine().ContainerRemove(ctx, id); err != nil {
		return err
	}
	return failing.With(f, nil)
}

func (r replacement) removeOthers(ctx context.Context) error {
	for _, other := range r.others {
		if err := r.host.Engine().ContainerStop(ctx, other.ID, -1); err != nil {
			return err
		}
		if err := r.host.Engine().ContainerRemove(ctx, other.ID); err != nil {
			return err
		}
		if other.Image != r.image.Ref {
			if err := r.host.Engine().ImageRemove(ctx, other.Image); err != nil && !errors.Is(err, host.ErrConflict) {
				return err
			}
		}
	}
	return nil
}

var errOtherVersion = errors.New("another version of the edge answers")

// answers waits until the edge of a version answers on the host's admin socket.
func answers(ctx context.Context, h host.Host, version string) error {
	deadline := time.Now().Add(startWithin)
	for {
		status, err := ClientOf(h).Status(ctx)
		if err == nil && status.Version != version {
			err = fmt.Errorf("%w: %s", errOtherVersion, status.Version)
		}
		if err == nil || time.Now().After(deadline) {
			return err
		}
		timer := time.NewTimer(startPoll)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}
