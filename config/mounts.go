package config

import (
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/longshore-dev/longshore/internal/app"
)

// maxFileBytes is how much content all configs of a spec may hold: a spec travels as one message.
const maxFileBytes = 1 << 20

func (t *translator) mounts(s types.ServiceConfig, at keyPath) []app.Mount {
	var out []app.Mount
	for i, v := range s.Volumes {
		out = append(out, mount(v))
		if v.Type == types.VolumeTypeBind {
			t.checkBind(s.Name, v, at.item(i))
		}
	}
	return out
}

func mount(v types.ServiceVolumeConfig) app.Mount {
	m := app.Mount{
		Type: v.Type, Source: v.Source, Target: v.Target, ReadOnly: v.ReadOnly, Consistency: v.Consistency,
	}
	if v.Bind != nil {
		m.Propagation, m.SELinux, m.Recursive = v.Bind.Propagation, v.Bind.SELinux, v.Bind.Recursive
		m.CreateHostPath = bool(v.Bind.CreateHostPath)
	}
	if v.Volume != nil {
		m.NoCopy, m.Subpath = v.Volume.NoCopy, v.Volume.Subpath
	}
	if v.Tmpfs != nil {
		m.TmpfsSize, m.TmpfsMode = int64(v.Tmpfs.Size), v.Tmpfs.Mode
	}
	if v.Image != nil {
		m.Subpath = v.Image.SubPath
	}
	return m
}

// checkBind refuses a source relative to the checkout, or to the home of whoever deploys, where a host is not this
// machine: it is not there.
func (t *translator) checkBind(service string, v types.ServiceVolumeConfig, at keyPath) {
	written, ok := t.written[service][v.Target]
	if t.remote == "" || !ok || path.IsAbs(written) {
		return
	}
	t.add(at, fmt.Sprintf("%s is a path on this machine, and is not on the host %s", written, t.remote),
		"use configs for files, a named volume for data, or an absolute path of the host")
}

// files turns the configs of a service into files with their content.
func (t *translator) files(s types.ServiceConfig, at keyPath) []app.File {
	var out []app.File
	for i, c := range s.Configs {
		here := at.item(i)
		file := app.File{Target: configTarget(c), Content: t.content(c.Source)}
		file.UID = t.id(c.UID, here.with("uid"))
		file.GID = t.id(c.GID, here.with("gid"))
		if c.Mode != nil {
			file.Mode = uint32(*c.Mode)
			if *c.Mode < 0 || *c.Mode > 0o777 {
				t.add(here.with("mode"), "must be a file mode such as 0440", "")
			}
		}
		if t.fileBytes += len(file.Content); t.fileBytes > maxFileBytes {
			t.add(here, "the configs of all services hold more than 1 MiB in total", "put large files into the image or a volume")
			return out
		}
		out = append(out, file)
	}
	return out
}

// configTarget is where a config is mounted: its own name at the root where nothing is said.
func configTarget(c types.ServiceConfigObjConfig) string {
	target := c.Target
	if target == "" {
		target = c.Source
	}
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	return path.Clean(target)
}

// content reads what a config holds.
func (t *translator) content(name string) []byte {
	config, ok := t.project.Configs[name]
	at := keyPath{"configs", name}
	switch {
	case !ok:
		return nil
	case config.File != "":
		return t.readConfigFile(config.File, at.with("file"))
	case config.Environment != "":
		value, ok := t.environ[config.Environment]
		if !ok {
			t.add(at.with("environment"), "the variable "+config.Environment+" is not set", "set it in the environment or in .env")
		}
		return []byte(value)
	}
	return []byte(config.Content)
}

func (t *translator) readConfigFile(file string, at keyPath) []byte {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		t.add(at, file+" cannot be read: "+cause(err), "")
		return nil
	case info.IsDir():
		t.add(at, file+" is a folder", "name each file by a config of its own")
		return nil
	case info.Size() > maxFileBytes:
		t.add(at, file+" is larger than 1 MiB", "put large files into the image or a volume")
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.add(at, file+" cannot be read: "+cause(err), "")
	}
	return text
}

// id is a user's or group's number.
func (t *translator) id(text string, at keyPath) int {
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.add(at, "must be a number, not "+strconv.Quote(text), "names are known inside the image only")
	}
	return n
}
