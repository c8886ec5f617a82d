package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/viper"
)

// The layers of settings, each over the ones before it.
const (
	layerDefault     = "default"
	layerUser        = "user file"
	layerProject     = "project file"
	layerSite        = "site"
	layerEnvironment = "environment"
	layerFlag        = "flag"
	layerDerived     = "derived" // from the compose file or the folder, where nothing else says it
)

// Origin is where the value of a setting came from.
type Origin struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
	Layer string `json:"layer"`
	// Where is the file and line, the variable or the flag; empty for defaults.
	Where string `json:"where,omitempty"`
}

// layers are settings merged in order, with the origin of each.
type layers struct {
	merged  *viper.Viper
	origins map[string]Origin
}

// keyDelimiter parts the keys of nested settings; a dot may be part of a host's name.
const keyDelimiter = "::"

func newViper() *viper.Viper { return viper.NewWithOptions(viper.KeyDelimiter(keyDelimiter)) }

func newLayers() *layers { return &layers{merged: newViper(), origins: map[string]Origin{}} }

// flat writes a key with dots, as users do.
func flat(key string) string { return strings.ReplaceAll(key, keyDelimiter, ".") }

// nested is the opposite of flat for the keys of this package.
func nested(key string) string { return strings.ReplaceAll(key, ".", keyDelimiter) }

// add merges one layer over what is there. where answers where the layer has a key from.
func (l *layers) add(layer string, v *viper.Viper, where func(key string) string) error {
	if err := l.merged.MergeConfigMap(v.AllSettings()); err != nil {
		return err
	}
	for _, key := range v.AllKeys() {
		name := flat(key)
		l.origins[name] = Origin{Key: name, Value: v.Get(key), Layer: layer, Where: where(name)}
	}
	return nil
}

// addValues merges values that came from no file.
func (l *layers) addValues(layer string, values map[string]any, where func(key string) string) error {
	v := newViper()
	for key, value := range values {
		v.Set(nested(key), value)
	}
	return l.add(layer, v, where)
}

// addFile merges the settings of a file; mappings that are read in another way are left out.
func (l *layers) addFile(layer string, doc *document, without ...string) error {
	if doc == nil {
		return nil
	}
	v := newViper()
	v.SetConfigType("yaml")
	if err := v.ReadConfig(bytes.NewReader(doc.text)); err != nil {
		return fmt.Errorf("%s: %w", doc.shown, err)
	}
	kept := newViper()
	for key, value := range v.AllSettings() {
		if !slices.Contains(without, key) && value != nil {
			kept.Set(key, asList(key, value))
		}
	}
	return l.add(layer, kept, func(key string) string { return where(doc, strings.Split(key, ".")) })
}

// asList lets a list of one be written without brackets.
func asList(key string, value any) any {
	if text, ok := value.(string); ok && (key == keyCompose || key == keyProfiles) {
		return []string{text}
	}
	return value
}

// where names the file and line of a key.
func where(doc *document, path keyPath) string {
	node, _ := doc.find(path)
	if node == nil {
		return doc.shown
	}
	return fmt.Sprintf("%s:%d", doc.shown, node.Line)
}

func (l *layers) text(key string) string    { return l.merged.GetString(nested(key)) }
func (l *layers) number(key string) int     { return l.merged.GetInt(nested(key)) }
func (l *layers) texts(key string) []string { return l.merged.GetStringSlice(nested(key)) }

// sorted are all origins, by key.
func (l *layers) sorted() []Origin {
	out := make([]Origin, 0, len(l.origins))
	for _, key := range sortedKeys(l.origins) {
		out = append(out, l.origins[key])
	}
	return out
}

// fromEnvironment are the settings that the environment holds.
func fromEnvironment(environ map[string]string) (map[string]any, Problems) {
	values := map[string]string{}
	names := map[string]string{}
	for variable, key := range variables() {
		if value := environ[variable]; value != "" {
			values[key], names[key] = value, variable
		}
	}
	return parseSettings(values, func(key string) string { return names[key] })
}

// parseSettings gives the texts of variables and flags their types.
func parseSettings(values map[string]string, name func(key string) string) (map[string]any, Problems) {
	out := map[string]any{}
	var problems Problems
	for _, key := range sortedKeys(values) {
		text := values[key]
		switch key {
		case keyKeep, keyPort, keyUIPort, keyCodecPort:
			n, ok := wholeNumber(text)
			if !ok || n < 1 {
				problems = append(problems, Problem{Path: name(key), Message: fmt.Sprintf("must be a whole number from 1, not %q", text)})
				continue
			}
			out[key] = n
		case keyParallel:
			n, ok := wholeNumber(text)
			if !ok || n < 1 || n > maxParallel {
				problems = append(problems, Problem{Path: name(key), Message: fmt.Sprintf("must be a whole number from 1 to %d, not %q", maxParallel, text)})
				continue
			}
			out[key] = n
		case keyMaxRate:
			if _, ok := parseRate(text); !ok {
				problems = append(problems, Problem{Path: name(key), Message: fmt.Sprintf("must be a rate of at least 1kB/s, not %q", text), Advice: rateAdvice})
				continue
			}
			out[key] = text
		case keyCompose, keyProfiles:
			out[key] = splitList(text)
		default:
			out[key] = text
		}
	}
	return out, problems
}

// splitList reads "a,b".
func splitList(text string) []string {
	var out []string
	for _, item := range strings.Split(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}
