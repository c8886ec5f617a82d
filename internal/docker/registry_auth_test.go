package docker

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/registry"

	"github.com/longshore-dev/longshore/internal/host"
	"github.com/longshore-dev/longshore/internal/secret"
)

var ci = host.Login{Registry: "registry.example.com", Username: "ci", Password: secret.New("hunter2")}

// TestLogin holds the header of both calls to the login that is given.
func TestLogin(t *testing.T) {
	for _, c := range []struct {
		name  string
		login host.Login
		want  registry.AuthConfig
	}{
		{"nobody", host.Login{Registry: "registry.example.com"}, registry.AuthConfig{}},
		{"a password", ci, registry.AuthConfig{Username: "ci", Password: "hunter2", ServerAddress: "registry.example.com"}},
		{"a token on Docker Hub", host.Login{Registry: "docker.io", IdentityToken: secret.New("t")}, registry.AuthConfig{IdentityToken: "t", ServerAddress: hubServer}},
	} {
		t.Run(c.name, func(t *testing.T) {
			check := func(next http.HandlerFunc) http.HandlerFunc {
				return func(w http.ResponseWriter, r *http.Request) {
					got, err := registry.DecodeAuthConfig(r.Header.Get(registry.AuthHeader))
					if err != nil || *got != c.want {
						t.Errorf("%s: %+v, %v", r.URL.Path, got, err)
					}
					next(w, r)
				}
			}
			digest := "sha256:" + strings.Repeat("1", 64)
			e := startFake(t, &fakeEngine{version: "1.41", answers: map[string]http.HandlerFunc{
				"GET /distribution/registry.example.com/shop:1/json": check(answer(200, map[string]any{"Descriptor": map[string]any{"digest": digest}})),
				"POST /images/create":                                check(messages(`{"status":"Pull complete","id":"a"}`)),
			}})
			got, err := e.ImageResolve(t.Context(), "registry.example.com/shop:1", c.login)
			if err != nil || got != digest {
				t.Errorf("resolved to %q, %v", got, err)
			}
			if err := e.ImagePull(t.Context(), "registry.example.com/shop:1", host.PullOptions{Login: c.login}); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestDenied tells a registry's refusal from other failures, and never repeats what is secret.
func TestDenied(t *testing.T) {
	pair := base64.StdEncoding.EncodeToString([]byte("ci:hunter2"))
	for _, c := range []struct {
		status int
		said   string
		denied bool
	}{
		{500, "Head http://registry.example.com/v2/shop/manifests/1: no basic auth credentials", true},
		{401, "unauthorized: hunter2 is not ci's password", true},
		{403, "denied: requested access to the resource is denied (Basic " + pair + ")", true},
		{404, "pull access denied for shop, repository does not exist or may require 'docker login': denied", true},
		{404, "manifest for registry.example.com/shop:1 not found: manifest unknown", false},
		{500, "Get https://registry.example.com/v2/: dial tcp 192.0.2.1:443: connect: connection refused", false},
	} {
		e := startFake(t, &fakeEngine{version: "1.41", answers: map[string]http.HandlerFunc{
			"GET /distribution/registry.example.com/shop:1/json": refusal(c.status, c.said),
			"POST /images/create":                                refusal(c.status, c.said),
		}})
		_, resolved := e.ImageResolve(t.Context(), "registry.example.com/shop:1", ci)
		pulled := e.ImagePull(t.Context(), "registry.example.com/shop:1", host.PullOptions{Login: ci})
		for _, err := range []error{resolved, pulled} {
			if err == nil || errors.Is(err, host.ErrDenied) != c.denied {
				t.Errorf("%q gives %v", c.said, err)
			}
			told := fmt.Sprintf("%v %+v %#v %v", err, err, err, errors.Unwrap(err))
			for _, secret := range []string{"hunter2", pair} {
				if strings.Contains(told, secret) {
					t.Errorf("%s is in %s", secret, told)
				}
			}
		}
	}
	e := startFake(t, &fakeEngine{version: "1.41", answers: map[string]http.HandlerFunc{
		"POST /images/create": messages(`{"status":"Pulling"}`, `{"errorDetail":{"message":"unauthorized: hunter2"},"error":"unauthorized: hunter2"}`),
	}})
	err := e.ImagePull(t.Context(), "registry.example.com/shop:1", host.PullOptions{Login: ci})
	if !errors.Is(err, host.ErrDenied) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("in the middle of a pull: %v", err)
	}
}
