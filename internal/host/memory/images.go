package memory

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// findImage finds an image by tag, id, short id or digest. The machine is locked.
func (m *Machine) findImage(ref string) *image {
	want := normal(ref)
	for id, i := range m.images {
		if slices.Contains(i.info.Tags, want) || id == ref || i.info.RepoDigest != "" && i.info.RepoDigest == want {
			return i
		}
		if hex := strings.TrimPrefix(id, "sha256:"); len(ref) >= 12 && strings.HasPrefix(hex, strings.TrimPrefix(ref, "sha256:")) {
			return i
		}
	}
	return nil
}

// normal is a reference as the engine shows it: without the default registry, with a digest or a tag.
func normal(ref string) string {
	ref = strings.TrimPrefix(strings.TrimPrefix(ref, "docker.io/"), "library/")
	if name, digest, ok := strings.Cut(ref, "@"); ok {
		if tag := strings.LastIndexByte(name, ':'); tag > strings.LastIndexByte(name, '/') {
			name = name[:tag]
		}
		return name + "@" + digest
	}
	if strings.Contains(ref[strings.LastIndexByte(ref, '/')+1:], ":") {
		return ref
	}
	return ref + ":latest"
}

// hold puts an image into the store, or gives the one that is there more tags.
func (m *Machine) hold(i *image, tags []string) *image {
	known, ok := m.images[i.info.ID]
	if !ok {
		known = i.copy()
		m.images[i.info.ID] = known
	}
	if known.info.RepoDigest == "" {
		known.info.RepoDigest = i.info.RepoDigest
	}
	for _, tag := range tags {
		m.untag(tag)
		known.info.Tags = append(known.info.Tags, tag)
	}
	slices.Sort(known.info.Tags)
	known.info.Tags = slices.Compact(known.info.Tags)
	return known
}

func (m *Machine) untag(tag string) {
	for _, i := range m.images {
		i.info.Tags = slices.DeleteFunc(i.info.Tags, func(known string) bool { return known == tag })
	}
}

// AddImage puts an image on the machine.
func (m *Machine) AddImage(ref string, spec ImageSpec) app.Image {
	m.mu.Lock()
	defer m.mu.Unlock()
	held := m.hold(newImage(ref, spec), []string{normal(ref)})
	return held.seenAs(ref)
}

// Publish makes an image that the machine can pull.
func (m *Machine) Publish(ref string, spec ImageSpec) app.Image {
	m.mu.Lock()
	defer m.mu.Unlock()
	made := newImage(ref, spec)
	tagged := normal(ref)
	made.info.RepoDigest = tagged[:strings.LastIndexByte(tagged, ':')] + "@" + made.info.ID
	m.registry[normal(ref)] = made
	m.registry[made.info.RepoDigest] = made
	return made.seenAs(ref)
}

// ImageInspect looks at an image.
func (e *engine) ImageInspect(ctx context.Context, ref string) (app.Image, error) {
	if _, err := e.begin(ctx, "ImageInspect", ref); err != nil {
		return app.Image{}, err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	i := e.machine.findImage(ref)
	if i == nil {
		return app.Image{}, e.fail(host.ErrNotFound, "image "+ref)
	}
	return i.seenAs(ref), nil
}

// ImageList lists images.
func (e *engine) ImageList(ctx context.Context, labels map[string]string) ([]app.Image, error) {
	if _, err := e.begin(ctx, "ImageList", ""); err != nil {
		return nil, err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	var found []app.Image
	for _, i := range e.machine.images {
		if carries(i.info.Labels, labels) {
			ref := ""
			if len(i.info.Tags) > 0 {
				ref = i.info.Tags[0]
			}
			found = append(found, i.seenAs(ref))
		}
	}
	slices.SortFunc(found, func(a, b app.Image) int { return cmp.Or(cmp.Compare(a.Ref, b.Ref), cmp.Compare(a.ID, b.ID)) })
	return found, nil
}

// ImageSave writes images in save form.
func (e *engine) ImageSave(ctx context.Context, refs []string) (io.ReadCloser, error) {
	if _, err := e.begin(ctx, "ImageSave", strings.Join(refs, " ")); err != nil {
		return nil, err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	var images []savedImage
	for _, ref := range refs {
		i := e.machine.findImage(ref)
		if i == nil {
			return nil, e.fail(host.ErrNotFound, "image "+ref)
		}
		var tags []string
		if slices.Contains(i.info.Tags, normal(ref)) {
			tags = []string{normal(ref)}
		}
		images = append(images, savedImage{i, tags})
	}
	data, err := save(images)
	if err != nil {
		return nil, fmt.Errorf("save images: %w", err)
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// ImageLoad reads images in save form. A layer that the machine has may be left out.
func (e *engine) ImageLoad(ctx context.Context, tar io.Reader) error {
	line, err := e.begin(ctx, "ImageLoad", "")
	if err != nil {
		return err
	}
	loaded, err := load(tar)
	if err != nil {
		return fmt.Errorf("%s: load images: %w", e.machine.name, err)
	}
	// What arrives after the connection was cut has not arrived.
	select {
	case <-line:
		return e.machine.lost()
	default:
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	for _, l := range loaded {
		if err := e.machine.complete(l.image); err != nil {
			return fmt.Errorf("%s: load images: %w", e.machine.name, err)
		}
		e.machine.hold(l.image, l.tags)
	}
	return nil
}

// ImageResolve answers the digest of an image that Publish made.
func (e *engine) ImageResolve(ctx context.Context, ref string, login host.Login) (string, error) {
	if _, err := e.begin(ctx, "ImageResolve", ref); err != nil {
		return "", err
	}
	m := e.machine
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := e.admit(ref, login); err != nil {
		return "", err
	}
	published := m.registry[normal(ref)]
	if published == nil {
		return "", e.fail(host.ErrNotFound, "image "+ref+" in its registry")
	}
	_, digest, _ := strings.Cut(published.info.RepoDigest, "@")
	return digest, nil
}

// Guard has a registry give its images to one user alone.
func (m *Machine) Guard(registry, username, password string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.guards[registry] = username + ":" + password
}

// admit refuses a login that a guard does not know. The machine is locked.
func (e *engine) admit(ref string, login host.Login) error {
	want, guarded := e.machine.guards[app.RegistryOf(ref)]
	if guarded && want != login.Username+":"+login.Password.Reveal() {
		return e.fail(host.ErrDenied, "image "+ref)
	}
	return nil
}

// ImagePull takes an image that Publish made.
func (e *engine) ImagePull(ctx context.Context, ref string, options host.PullOptions) error {
	line, err := e.begin(ctx, "ImagePull", ref)
	if err != nil {
		return err
	}
	m := e.machine
	m.mu.Lock()
	published := m.registry[normal(ref)]
	does := m.pullOf(ref, published)
	denied := e.admit(ref, options.Login)
	m.mu.Unlock()
	if err := e.host.pause(ctx, line, does.PullDelay); err != nil {
		return err
	}
	if does.PullError != nil {
		return fmt.Errorf("%s: pull image %s: %w", m.name, ref, does.PullError)
	}
	if denied != nil {
		return denied
	}
	if published == nil {
		return e.fail(host.ErrNotFound, "image "+ref+" in its registry")
	}
	if p := options.Platform; p != "" && p != published.info.OS+"/"+published.info.Architecture {
		return e.fail(host.ErrNotFound, "image "+ref+" for "+p)
	}
	if options.Progress != nil {
		options.Progress(0, published.info.Size)
		options.Progress(published.info.Size, published.info.Size)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if strings.Contains(ref, "@") {
		m.hold(published, nil)
	} else {
		m.hold(published, []string{normal(ref)})
	}
	return nil
}

// pullOf is how an image behaves when it is pulled, by tag or by digest. The machine is locked.
func (m *Machine) pullOf(ref string, published *image) Behaviour {
	if !strings.Contains(ref, "@") {
		return m.byImage[ref]
	}
	for named, does := range m.byImage {
		if m.registry[normal(named)] == published {
			return does
		}
	}
	return Behaviour{}
}

// ImageTag gives an image a further tag.
func (e *engine) ImageTag(ctx context.Context, source, target string) error {
	if _, err := e.begin(ctx, "ImageTag", target); err != nil {
		return err
	}
	e.machine.mu.Lock()
	defer e.machine.mu.Unlock()
	i := e.machine.findImage(source)
	if i == nil {
		return e.fail(host.ErrNotFound, "image "+source)
	}
	e.machine.hold(i, []string{normal(target)})
	return nil
}

// ImageRemove takes a tag away, and the image with the last one. The last tag of an image that a container uses stays.
func (e *engine) ImageRemove(ctx context.Context, ref string) error {
	if _, err := e.begin(ctx, "ImageRemove", ref); err != nil {
		return err
	}
	m := e.machine
	m.mu.Lock()
	defer m.mu.Unlock()
	i := m.findImage(ref)
	if i == nil {
		return nil
	}
	tag := normal(ref)
	byTag := slices.Contains(i.info.Tags, tag)
	if byTag && len(i.info.Tags) > 1 {
		m.untag(tag)
		return nil
	}
	if !byTag && len(i.info.Tags) > 1 {
		return e.fail(host.ErrInvalid, "image "+ref+" has several tags")
	}
	for _, c := range m.containers {
		if c.imageID == i.info.ID {
			return nil
		}
	}
	delete(m.images, i.info.ID)
	return nil
}
