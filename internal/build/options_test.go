package build

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/buildkit/client"

	"github.com/longshore-dev/longshore/internal/app"
)

func TestNewSolve(t *testing.T) {
	opt, err := Request{
		Tag:      "shop-web:1",
		Platform: "linux/arm64",
		Labels:   map[string]string{"l": "ours"},
		Build: app.Build{
			Target: "run", Args: map[string]string{"A": "1"}, Labels: map[string]string{"l": "theirs", "m": "n"},
			CacheFrom: []string{"shop-web:0", "type=local,src=/cache"}, Platforms: []string{"linux/amd64", "linux/arm64"},
			Network: "host", NoCache: true, Pull: true, ShmSize: 1024,
		},
	}.newSolve()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"image-resolve-mode": "pull", "target": "run", "build-arg:A": "1", "label:l": "ours", "label:m": "n",
		"platform": "linux/arm64", "force-network-mode": "host", "no-cache": "", "shm-size": "1024",
	}
	if diff := cmp.Diff(want, opt.FrontendAttrs); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	cache := []client.CacheOptionsEntry{
		{Type: "registry", Attrs: map[string]string{"ref": "shop-web:0"}},
		{Type: "local", Attrs: map[string]string{"src": "/cache"}},
	}
	if diff := cmp.Diff(cache, opt.CacheImports); diff != "" {
		t.Errorf("cache (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"network.host"}, opt.AllowedEntitlements); diff != "" {
		t.Errorf("entitlements (-want +got):\n%s", diff)
	}
	exports := []client.ExportEntry{{Type: "moby", Attrs: map[string]string{"name": "shop-web:1"}}}
	if diff := cmp.Diff(exports, opt.Exports); diff != "" {
		t.Errorf("exports (-want +got):\n%s", diff)
	}
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("LONGSHORE_BUILD_TEST_LONG", strings.Repeat("x", 600<<10))
	for name, test := range map[string]struct {
		req  Request
		want string
	}{
		"no tag":            {Request{Build: app.Build{Context: dir}}, "needs a tag"},
		"no context":        {Request{Tag: "t", Build: app.Build{Context: dir + "/none"}}, "build context"},
		"file as context":   {Request{Tag: "t", Build: app.Build{Context: file}}, "is not a folder"},
		"no Dockerfile":     {Request{Tag: "t", Build: app.Build{Context: dir}}, "does not exist"},
		"empty Dockerfile":  {Request{Tag: "t", Build: app.Build{Context: dir, Dockerfile: "file"}}, "is empty"},
		"folder Dockerfile": {Request{Tag: "t", Build: app.Build{Context: filepath.Dir(dir), Dockerfile: dir}}, "reading the Dockerfile"},
		"platform":          {request(dir, app.Build{Platforms: []string{"linux/arm64"}}, "linux/amd64"), "is not among"},
		"network":           {request(dir, app.Build{Network: "shop"}, ""), "none of default, host, none"},
		"cache":             {request(dir, app.Build{CacheFrom: []string{"type=local,src"}}, ""), "not key=value"},
		"cache type":        {request(dir, app.Build{CacheFrom: []string{"ref=x"}}, ""), "has no type"},
		"no such context":   {request(dir, app.Build{AdditionalContexts: map[string]string{"a": dir + "/none"}}, ""), `additional context "a"`},
		"service context":   {request(dir, app.Build{AdditionalContexts: map[string]string{"a": "service:b"}}, ""), "another service"},
		"secret id":         {request(dir, app.Build{Secrets: []app.BuildSecret{{File: file}}}, ""), "has no id"},
		"secret source":     {request(dir, app.Build{Secrets: []app.BuildSecret{{ID: "a"}}}, ""), "neither a secret, a file nor"},
		"secret file":       {request(dir, app.Build{Secrets: []app.BuildSecret{{ID: "a", File: dir + "/none"}}}, ""), `secret "a"`},
		"secret variable":   {request(dir, app.Build{Secrets: []app.BuildSecret{{ID: "a", Env: "LONGSHORE_BUILD_TEST_NONE"}}}, ""), "is not set"},
		"secret size":       {request(dir, app.Build{Secrets: []app.BuildSecret{{ID: "a", Env: "LONGSHORE_BUILD_TEST_LONG"}}}, ""), "larger than"},
		"ssh key":           {request(dir, app.Build{SSH: []app.BuildSSH{{ID: "a", Paths: []string{dir + "/none"}}}}, ""), "build ssh"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Build(t.Context(), nil, test.req, nil)
			var refused *InvalidError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%T %v, want %q", err, err, test.want)
			}
		})
	}
}

func request(dir string, b app.Build, platform string) Request {
	b.Context, b.DockerfileInline = dir, "FROM scratch\n"
	return Request{Tag: "t", Build: b, Platform: platform}
}

func TestSources(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	for _, path := range []string{dir + "/Dockerfile", dir + "/sub/web.docker", outside + "/other"} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("FROM scratch # "+filepath.Base(path)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		build     app.Build
		file      string
		text      string
		contexts  map[string]string
		mountName string
	}{
		"default": {build: app.Build{}, file: "Dockerfile", text: "FROM scratch # Dockerfile"},
		"named":   {build: app.Build{Dockerfile: "sub/web.docker"}, file: "web.docker", text: "FROM scratch # web.docker"},
		"outside": {build: app.Build{Dockerfile: outside + "/other"}, file: "other", text: "FROM scratch # other"},
		"inline":  {build: app.Build{DockerfileInline: "FROM x"}, file: "Dockerfile", text: "FROM x"},
		"additional": {
			build: app.Build{AdditionalContexts: map[string]string{"context": outside, "img": "docker-image://x", "t": "target:y"}},
			file:  "Dockerfile", text: "FROM scratch # Dockerfile", mountName: "additional-context",
			contexts: map[string]string{"context:context": "local:additional-context", "context:img": "docker-image://x", "context:t": "target:y"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.build.Context = dir
			req := Request{Tag: "t", Build: test.build}
			opt, err := req.newSolve()
			if err != nil {
				t.Fatal(err)
			}
			text, cleanup, err := req.sources(&opt)
			defer cleanup()
			if err != nil {
				t.Fatal(err)
			}
			if string(text) != test.text || opt.FrontendAttrs["filename"] != test.file {
				t.Errorf("%s: %q", opt.FrontendAttrs["filename"], text)
			}
			file, err := opt.LocalMounts[dockerfileMount].Open(test.file)
			if err != nil {
				t.Fatal(err)
			}
			file.Close()
			for key, want := range test.contexts {
				if opt.FrontendAttrs[key] != want {
					t.Errorf("%s is %q, want %q", key, opt.FrontendAttrs[key], want)
				}
			}
			if test.mountName != "" && opt.LocalMounts[test.mountName] == nil {
				t.Errorf("no mount %s", test.mountName)
			}
		})
	}
}

func TestInlineDockerfileIsRemoved(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	req := request(t.TempDir(), app.Build{}, "")
	opt, err := req.newSolve()
	if err != nil {
		t.Fatal(err)
	}
	_, cleanup, err := req.sources(&opt)
	if err != nil {
		t.Fatal(err)
	}
	cleanup()
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left over: %v, %v", left, err)
	}
}

func TestExtraHosts(t *testing.T) {
	for name, test := range map[string]struct {
		entries []string
		gateway string
		want    string
		fails   bool
	}{
		"colon":           {entries: []string{"db:10.0.0.1"}, want: "db=10.0.0.1"},
		"equals, sorted":  {entries: []string{"web=10.0.0.2", "db=10.0.0.1"}, want: "db=10.0.0.1,web=10.0.0.2"},
		"IPv6":            {entries: []string{"a:::1", "b=[::2]"}, want: "a=::1,b=::2"},
		"gateway":         {entries: []string{"h:host-gateway"}, gateway: "172.17.0.1", want: "h=172.17.0.1"},
		"unknown gateway": {entries: []string{"h:host-gateway"}, fails: true},
		"no address":      {entries: []string{"h:"}, fails: true},
		"no name":         {entries: []string{"=1.2.3.4"}, fails: true},
		"neither":         {entries: []string{"h"}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := extraHosts(test.entries, test.gateway)
			if got != test.want || (err != nil) != test.fails {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestSecretsAreHidden(t *testing.T) {
	hide := secretStore{
		"a": []byte("abcd\n"), "b": []byte("abcdefgh"), "key": []byte("-----BEGIN-----\nc2VjcmV0\n\nab\n"),
	}.redactor()
	for in, want := range map[string]string{
		"x abcd y":     "x *** y",
		"abcdefgh":     "***",
		"c2VjcmV0 end": "*** end",
		"ab":           "ab",
	} {
		if got := hide.Replace(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}
