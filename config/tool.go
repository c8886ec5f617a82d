package config

import (
	"os"
	"path/filepath"
	"strings"
)

// Tool are the settings of Longshore on this machine, whatever the project.
type Tool struct {
	// StateDir holds the engine's data, the key file and logs; absolute.
	StateDir string `json:"state"`
	// The loopback ports of `longshore up`.
	EnginePort int `json:"engine_port"`
	UIPort     int `json:"ui_port"`
	CodecPort  int `json:"codec_port"`
}

// LoadTool reads the settings that need no project: defaults, the user's own file, the environment and flags (by the
// keys that Options.Overrides takes). An environ of nil is the process's own. A wrong file or value is Problems.
func LoadTool(environ []string, overrides map[string]string) (Tool, error) {
	env := environMap(environ)
	l, _, problems := toolLayers(env, overrides)
	if len(problems) > 0 {
		return Tool{}, problems.asError()
	}
	return l.tool()
}

// toolLayers merges what holds without a project. The environment and flags are merged again once a project is known.
func toolLayers(environ map[string]string, overrides map[string]string) (*layers, settingsFile, Problems) {
	l := newLayers()
	none := func(string) string { return "" }
	err := l.addValues(layerDefault, defaults(defaultState(environ)), none)
	user, problems := readUserFile(userFilePath(environ))
	if err == nil && len(problems) == 0 {
		err = l.addFile(layerUser, user.doc, keyHosts, keyRegistries)
	}
	problems = append(problems, l.addOutside(environ, overrides)...)
	if err != nil {
		problems = append(problems, asProblems(err)...)
	}
	return l, user, problems
}

// addOutside merges the environment and the flags.
func (l *layers) addOutside(environ, overrides map[string]string) Problems {
	values, problems := fromEnvironment(environ)
	names := map[string]string{}
	for variable, key := range variables() {
		names[key] = variable
	}
	flagName := func(key string) string { return "--" + strings.NewReplacer(".", "-", "_", "-").Replace(key) }
	flags, wrong := parseSettings(overrides, flagName)
	problems = append(problems, wrong...)
	for _, layer := range []struct {
		name   string
		values map[string]any
		where  func(string) string
	}{
		{layerEnvironment, values, func(key string) string { return names[key] }},
		{layerFlag, flags, flagName},
	} {
		if err := l.addValues(layer.name, layer.values, layer.where); err != nil {
			problems = append(problems, asProblems(err)...)
		}
	}
	return problems
}

func (l *layers) tool() (Tool, error) {
	t := Tool{
		StateDir:   l.text(keyState),
		EnginePort: l.number(keyPort),
		UIPort:     l.number(keyUIPort),
		CodecPort:  l.number(keyCodecPort),
	}
	var problems Problems
	for key, port := range map[string]int{keyPort: t.EnginePort, keyUIPort: t.UIPort, keyCodecPort: t.CodecPort} {
		if port < 1 || port > 65535 {
			problems = append(problems, Problem{Path: key, Message: "must be a port from 1 to 65535"})
		}
	}
	if t.StateDir == "" {
		problems = append(problems, Problem{Path: keyState, Message: "there is no home folder to keep state in", Advice: "set LONGSHORE_STATE"})
	} else if abs, err := filepath.Abs(t.StateDir); err == nil {
		t.StateDir = abs
	}
	return t, problems.asError()
}

// environMap reads NAME=value lines; nil is the process's own environment.
func environMap(environ []string) map[string]string {
	if environ == nil {
		environ = os.Environ()
	}
	out := make(map[string]string, len(environ))
	for _, line := range environ {
		if name, value, ok := strings.Cut(line, "="); ok && name != "" {
			out[name] = value
		}
	}
	return out
}
