package memory

import (
	"cmp"
	"path"
	"strings"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/host"
)

// fileCommand does what mv, cp -a, chown and install -d do to files of the state folder. done is false for other commands
// and other places. Folders are there with what is in them, so that there are none to make.
func (m *Machine) fileCommand(args []string) (out host.Output, done bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	program := args[0]
	var words, paths []string
	for _, arg := range args[1:] {
		if name, ok := strings.CutPrefix(arg, m.root+"/"); ok {
			paths = append(paths, name)
		} else if !strings.HasPrefix(arg, "-") {
			words = append(words, arg)
		}
	}
	switch {
	case len(paths) == 0:
		return out, false, nil
	case program == "install":
		return out, true, nil
	case program == "chown" && len(words) == 1:
		for _, name := range paths {
			if err := m.chown(name, words[0]); err != nil {
				return out, true, err
			}
		}
		return out, true, nil
	case (program == "mv" || program == "cp") && len(paths) > 1:
		to := paths[len(paths)-1]
		for _, from := range paths[:len(paths)-1] {
			if err := m.place(program, from, to); err != nil {
				return out, true, err
			}
		}
		return out, true, nil
	}
	return out, false, nil
}

// place moves or copies a file, or a folder with all in it, into a folder (with a slash at its end) or to a name.
func (m *Machine) place(program, from, to string) error {
	if strings.HasSuffix(to, "/") {
		to += path.Base(from)
	}
	found := map[string]file{}
	for name, f := range m.files {
		if name == from || strings.HasPrefix(name, from+"/") {
			found[name] = f
		}
	}
	if len(found) == 0 {
		return m.noFile(program, from)
	}
	for name, f := range found {
		if program == "mv" {
			delete(m.files, name)
		}
		m.files[to+strings.TrimPrefix(name, from)] = f
	}
	return nil
}

func (m *Machine) chown(name, owner string) error {
	f, ok := m.files[name]
	if !ok {
		return m.noFile("chown", name)
	}
	f.owner = owner
	m.files[name] = f
	return nil
}

func (m *Machine) noFile(program, name string) error {
	return &host.ExitError{Command: program, Code: 1, Stderr: m.root + "/" + name + ": No such file or directory"}
}

// StateFile is a file of the state folder as a machine has it.
type StateFile struct {
	Data  []byte
	Mode  uint32
	Owner string // "user:group"
}

// StateFile answers a file of the state folder; false where there is none.
func (m *Machine) StateFile(name string) (StateFile, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, ok := m.files[name]
	return StateFile{Data: f.data, Mode: f.mode, Owner: cmp.Or(f.owner, "0:0")}, ok
}

// Created is what a container of the machine was created with; false where there is none of the name.
func (m *Machine) Created(name string) (app.Container, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.containers {
		if c.name == name {
			return c.spec, true
		}
	}
	return app.Container{}, false
}
