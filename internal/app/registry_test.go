package app

import "testing"

func TestRegistryOf(t *testing.T) {
	for ref, want := range map[string]string{
		"nginx":                            DockerHub,
		"nginx:1.27":                       DockerHub,
		"bitnami/redis:7":                  DockerHub,
		"docker.io/library/nginx":          DockerHub,
		"index.docker.io/library/nginx":    DockerHub,
		"ghcr.io/acme/shop@sha256:0123":    "ghcr.io",
		"registry.example.com:5000/shop:1": "registry.example.com:5000",
		"localhost/shop":                   "localhost",
		"127.0.0.1:5000/shop":              "127.0.0.1:5000",
		"Registry.Example.com/shop":        "registry.example.com",
	} {
		if got := RegistryOf(ref); got != want {
			t.Errorf("%s: %s, not %s", ref, got, want)
		}
	}
}

func TestRepositoryOf(t *testing.T) {
	for ref, want := range map[string]string{
		"nginx":                             "nginx",
		"nginx:1.27":                        "nginx",
		"docker.io/library/nginx:1":         "nginx",
		"index.docker.io/library/nginx":     "nginx",
		"bitnami/redis@sha256:0123":         "bitnami/redis",
		"127.0.0.1:5000/shop":               "127.0.0.1:5000/shop",
		"127.0.0.1:5000/shop:1@sha256:0123": "127.0.0.1:5000/shop",
	} {
		if got := RepositoryOf(ref); got != want {
			t.Errorf("%s: %s, not %s", ref, got, want)
		}
	}
}
