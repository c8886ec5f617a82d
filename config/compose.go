package config

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/compose-spec/compose-go/v2/consts"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/paths"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"
)

// composeNames are the names a compose file may have, the first found wins.
func composeNames() []string {
	return []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}
}

// overrideNames are merged over the compose file where no files were named, as docker compose does.
func overrideNames() []string {
	return []string{
		"compose.override.yaml", "compose.override.yml", "docker-compose.override.yaml", "docker-compose.override.yml",
	}
}

// composeInput is what a compose app is loaded from.
type composeInput struct {
	dir      string   // the project's folder, absolute
	files    []string // absolute
	project  string   // empty takes the compose file's name, or the folder's
	profiles []string
	environ  map[string]string
}

// compose is a loaded app: the project, and where its keys were written.
type compose struct {
	project *types.Project
	sources *sources
	// nameFrom is where the project's name was found; empty for the settings.
	nameFrom string
	// written are the services' bind sources as the files have them, by service and target: a relative one lies in
	// the checkout.
	written map[string]map[string]string
}

// findCompose returns the compose file of a folder, and its override where there is one.
func findCompose(dir string) ([]string, error) {
	first := firstThere(dir, composeNames())
	if first == "" {
		return nil, Problems{{Message: "no compose file in " + dir,
			Advice: "make one with `longshore init`, or name it by -f or by compose: in longshore.yml"}}
	}
	out := []string{first}
	if override := firstThere(dir, overrideNames()); override != "" {
		out = append(out, override)
	}
	return out, nil
}

func firstThere(dir string, names []string) string {
	for _, name := range names {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path
		}
	}
	return ""
}

// composeEnviron is the environment for a compose file's variables: the caller's, then the .env file of the folder.
func composeEnviron(dir string, environ map[string]string) (map[string]string, error) {
	out := maps.Clone(environ)
	file := filepath.Join(dir, ".env")
	if _, err := os.Stat(file); err != nil {
		return out, nil
	}
	values, err := dotenv.GetEnvFromFile(environ, []string{file})
	if err != nil {
		// The parser's message may quote a line, and the line may hold a secret.
		return nil, Problems{{File: ".env", Message: "cannot be read", Advice: "write one NAME=value a line"}}
	}
	for name, value := range values {
		if _, ok := out[name]; !ok {
			out[name] = value
		}
	}
	return out, nil
}

// substitute fills in variables. Unlike docker compose it does not take one that is not set for empty: a deploy would
// go out without it.
func substitute(text string, lookup template.Mapping) (string, error) {
	return template.SubstituteWithOptions(text, lookup, template.WithoutLogging,
		template.WithReplacementFunction(func(match string, lookup template.Mapping, c *template.Config) (string, error) {
			value, applied, err := template.DefaultReplacementAppliedFunc(match, lookup, c)
			if err == nil && !applied {
				return "", unsetVariable(match)
			}
			return value, err
		}))
}

// unsetVariable is a variable, as written, that has no value.
type unsetVariable string

func (v unsetVariable) Error() string { return fmt.Sprintf("the variable %s is not set", string(v)) }

// loadCompose loads the files. Problems hold everything found wrong; a project is returned only where there are none.
func loadCompose(ctx context.Context, in composeInput) (*compose, Problems) {
	environ, err := composeEnviron(in.dir, in.environ)
	if err != nil {
		return nil, asProblems(err)
	}
	details := types.ConfigDetails{WorkingDir: in.dir, ConfigFiles: types.ToConfigFiles(in.files), Environment: environ}
	src, problems := readSources(in.dir, in.files, details.LookupEnv)
	if len(problems) > 0 {
		return nil, problems
	}
	nameFrom := ""
	if in.project == "" {
		in.project, nameFrom = src.projectName()
	}
	environ[consts.ComposeProjectName] = in.project
	options := loader.ToOptions(&details, []func(*loader.Options){func(o *loader.Options) {
		o.SetProjectName(in.project, true)
		o.Profiles = in.profiles
		o.ResolvePaths = false
		o.SkipNormalization = true
	}})
	options.Interpolate.Substitute = substitute
	if problems := checkSchema(src, *options.Interpolate); len(problems) > 0 {
		return nil, problems
	}
	model, err := loadModel(ctx, details, options, src)
	if err != nil {
		return nil, loaderProblems(src, err)
	}
	c := &compose{sources: src, nameFrom: nameFrom, written: writtenBinds(model)}
	r := &report{place: src.place}
	checkSupport(r, model, activeServices(model, in.profiles))
	project, problems := toProject(model, options, details, src)
	problems = append(problems, r.problems...)
	if project == nil {
		return nil, problems
	}
	c.project = project
	return c, problems
}

// loadModel merges the files into one model, before paths are made absolute and defaults are filled in: what a user
// wrote is still to be seen in it.
func loadModel(ctx context.Context, details types.ConfigDetails, options *loader.Options, src *sources) (map[string]any, error) {
	for i, doc := range src.named {
		details.ConfigFiles[i].Content = withoutVersion(doc)
	}
	return loader.LoadModelWithContext(ctx, details, func(o *loader.Options) {
		*o = *options
		o.ResourceLoaders = nil // the loader appends its own
	})
}

// toProject binds the model. The loader's own consistency check stops at the first mistake it happens upon: references
// that lead nowhere are looked for here, all of them, and the rest is bound without it.
func toProject(model map[string]any, options *loader.Options, details types.ConfigDetails, src *sources) (*types.Project, Problems) {
	if err := paths.ResolveRelativePaths(model, details.WorkingDir, nil); err != nil {
		return nil, loaderProblems(src, err)
	}
	model["name"], _ = options.GetProjectName()
	model, err := loader.Normalize(model, details.Environment)
	if err != nil {
		return nil, loaderProblems(src, err)
	}
	lenient := *options
	lenient.SkipConsistencyCheck = true
	project, err := loader.ModelToProject(cloneModel(model), &lenient, details)
	if err != nil {
		return nil, loaderProblems(src, err)
	}
	if problems := checkReferences(src, project); len(problems) > 0 {
		return project, problems
	}
	consistent, err := loader.ModelToProject(model, options, details)
	if err != nil {
		return project, loaderProblems(src, err)
	}
	return consistent, nil
}

func cloneModel(model map[string]any) map[string]any {
	return stringKeys(model).(map[string]any)
}

// activeServices says which services the profiles turn on.
func activeServices(model map[string]any, profiles []string) func(string) bool {
	services, _ := model["services"].(map[string]any)
	return func(name string) bool {
		service, _ := services[name].(map[string]any)
		declared, _ := service["profiles"].([]any)
		if len(declared) == 0 || slices.Contains(profiles, "*") {
			return true
		}
		return slices.ContainsFunc(declared, func(p any) bool { return slices.Contains(profiles, fmt.Sprint(p)) })
	}
}

// writtenBinds are the sources of bind mounts before they are made absolute.
func writtenBinds(model map[string]any) map[string]map[string]string {
	out := map[string]map[string]string{}
	services, _ := model["services"].(map[string]any)
	for name, value := range services {
		service, _ := value.(map[string]any)
		volumes, _ := service["volumes"].([]any)
		for _, item := range volumes {
			volume, _ := item.(map[string]any)
			if volume["type"] != types.VolumeTypeBind {
				continue
			}
			if out[name] == nil {
				out[name] = map[string]string{}
			}
			out[name][fmt.Sprint(volume["target"])] = fmt.Sprint(volume["source"])
		}
	}
	return out
}

func asProblems(err error) Problems {
	if problems, ok := err.(Problems); ok {
		return problems
	}
	return Problems{{Message: err.Error()}}
}
