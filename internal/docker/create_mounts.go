package docker

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/docker/docker/api/types/mount"

	"github.com/longshore-dev/longshore/internal/app"
)

// translateMounts spreads the mounts over the API's two forms. The structured one is the rule; the older string form is
// the only one that relabels for SELinux and, before API 1.42, the only one that makes a missing folder on the host.
func translateMounts(mounts []app.Mount) (binds []string, structured []mount.Mount, err error) {
	for _, m := range mounts {
		if m.Target == "" {
			return nil, nil, fmt.Errorf("mount of %q has no target", m.Source)
		}
		if needsBind(m) {
			bind, err := bindString(m)
			if err != nil {
				return nil, nil, err
			}
			binds = append(binds, bind)
			continue
		}
		translated, err := translateMount(m)
		if err != nil {
			return nil, nil, fmt.Errorf("mount at %s: %w", m.Target, err)
		}
		structured = append(structured, translated)
	}
	return binds, structured, nil
}

func needsBind(m app.Mount) bool {
	if mount.Type(m.Type) != mount.TypeBind {
		return false
	}
	if m.SELinux != "" {
		return true
	}
	return m.CreateHostPath && m.Recursive == "" && !strings.Contains(m.Source+m.Target, ":")
}

// bindString is source:target[:option,…].
func bindString(m app.Mount) (string, error) {
	if strings.Contains(m.Source+m.Target, ":") {
		return "", fmt.Errorf("mount at %s: a path with a colon cannot have an SELinux label", m.Target)
	}
	if m.Recursive != "" {
		return "", fmt.Errorf("mount at %s: the engine cannot combine an SELinux label with recursive: %s", m.Target, m.Recursive)
	}
	var options []string
	if m.ReadOnly {
		options = append(options, "ro")
	}
	for _, option := range []string{m.SELinux, m.Propagation, m.Consistency} {
		if option != "" {
			options = append(options, option)
		}
	}
	bind := m.Source + ":" + m.Target
	if len(options) > 0 {
		bind += ":" + strings.Join(options, ",")
	}
	return bind, nil
}

func translateMount(m app.Mount) (mount.Mount, error) {
	out := mount.Mount{
		Type:        mount.Type(m.Type),
		Source:      m.Source,
		Target:      m.Target,
		ReadOnly:    m.ReadOnly,
		Consistency: mount.Consistency(m.Consistency),
	}
	switch out.Type {
	case mount.TypeBind:
		options, err := bindOptions(m)
		if err != nil {
			return mount.Mount{}, err
		}
		out.BindOptions = options
	case mount.TypeVolume:
		if m.NoCopy || m.Subpath != "" {
			out.VolumeOptions = &mount.VolumeOptions{NoCopy: m.NoCopy, Subpath: m.Subpath}
		}
	case mount.TypeTmpfs:
		if m.TmpfsSize != 0 || m.TmpfsMode != 0 {
			out.TmpfsOptions = &mount.TmpfsOptions{SizeBytes: m.TmpfsSize, Mode: os.FileMode(m.TmpfsMode)}
		}
	case mount.TypeImage:
		if m.Subpath != "" {
			out.ImageOptions = &mount.ImageOptions{Subpath: m.Subpath}
		}
	case mount.TypeNamedPipe:
	default:
		return mount.Mount{}, fmt.Errorf("unknown type %q", m.Type)
	}
	return out, nil
}

func bindOptions(m app.Mount) (*mount.BindOptions, error) {
	options := mount.BindOptions{
		Propagation:      mount.Propagation(m.Propagation),
		CreateMountpoint: m.CreateHostPath,
	}
	switch m.Recursive {
	case "", "enabled":
	case "disabled":
		options.NonRecursive = true
	case "writable":
		options.ReadOnlyNonRecursive = true
	case "readonly":
		if !m.ReadOnly {
			return nil, errors.New("recursive: readonly needs read_only: true")
		}
		options.ReadOnlyForceRecursive = true
	default:
		return nil, fmt.Errorf("recursive: %q is none of enabled, disabled, writable, readonly", m.Recursive)
	}
	if options == (mount.BindOptions{}) {
		return nil, nil
	}
	return &options, nil
}
