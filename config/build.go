package config

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/longshore-dev/longshore/internal/app"
)

// build translates how an image is made; nil for one that is pulled.
func (t *translator) build(s types.ServiceConfig, path keyPath) *app.Build {
	b := s.Build
	if b == nil {
		return nil
	}
	t.checkBuildFiles(b, path)
	out := &app.Build{
		Context:            b.Context,
		Dockerfile:         b.Dockerfile,
		DockerfileInline:   b.DockerfileInline,
		Target:             b.Target,
		Args:               map[string]string{},
		Labels:             b.Labels,
		Secrets:            t.buildSecrets(b, path.with("secrets")),
		SSH:                buildSSH(b.SSH),
		CacheFrom:          b.CacheFrom,
		Platforms:          b.Platforms,
		AdditionalContexts: b.AdditionalContexts,
		ExtraHosts:         slices.Sorted(slices.Values(b.ExtraHosts.AsList(":"))),
		Network:            b.Network,
		NoCache:            b.NoCache,
		Pull:               b.Pull,
		ShmSize:            int64(b.ShmSize),
	}
	for name, value := range b.Args {
		if value != nil {
			out.Args[name] = *value
		}
	}
	return out
}

// checkBuildFiles looks whether what is built from is there.
func (t *translator) checkBuildFiles(b *types.BuildConfig, path keyPath) {
	context := path
	if t.sources.has(path.with("context")) {
		context = path.with("context")
	}
	if !filepath.IsAbs(b.Context) || strings.Contains(b.Context, "://") {
		t.add(context, "a build context must be a folder, not an address", "check the source out, and name its folder")
		return
	}
	if info, err := os.Stat(b.Context); err != nil || !info.IsDir() {
		t.add(context, "the folder "+b.Context+" is not there", "")
		return
	}
	if b.DockerfileInline != "" {
		return
	}
	file := cmp.Or(b.Dockerfile, "Dockerfile")
	if !filepath.IsAbs(file) {
		file = filepath.Join(b.Context, file)
	}
	if info, err := os.Stat(file); err != nil || info.IsDir() {
		at := context
		if t.sources.has(path.with("dockerfile")) {
			at = path.with("dockerfile")
		}
		t.add(at, "the file "+file+" is not there", "make it, or name another by build.dockerfile")
	}
}

// buildSecrets refer to files, variables and secrets of the spec; values are read by whoever builds.
func (t *translator) buildSecrets(b *types.BuildConfig, path keyPath) []app.BuildSecret {
	var out []app.BuildSecret
	for i, s := range b.Secrets {
		secret, ok := t.project.Secrets[s.Source]
		if !ok {
			continue
		}
		if secret.External {
			name, _ := t.define(s.Source)
			out = append(out, app.BuildSecret{ID: cmp.Or(s.Target, s.Source), Secret: name})
			continue
		}
		out = append(out, app.BuildSecret{ID: cmp.Or(s.Target, s.Source), File: secret.File, Env: secret.Environment})
		if secret.File != "" && !fileIsThere(secret.File) {
			t.add(path.item(i), "the file "+secret.File+" of the secret "+s.Source+" is not there", "")
		}
	}
	return out
}

func buildSSH(in types.SSHConfig) []app.BuildSSH {
	var out []app.BuildSSH
	for _, key := range in {
		ssh := app.BuildSSH{ID: key.ID}
		if key.Path != "" {
			ssh.Paths = []string{key.Path}
		}
		out = append(out, ssh)
	}
	slices.SortFunc(out, func(a, b app.BuildSSH) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
