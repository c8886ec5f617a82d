package registry

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func get(t *testing.T, r *Registry, path, user, password string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.Address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		req.SetBasicAuth(user, password)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestRegistry(t *testing.T) {
	r := Start(t)
	first := r.Push(t, "shop/app", "1", map[string][]byte{"app": []byte("one")}, "/app")
	second := r.Push(t, "shop/app", "1", map[string][]byte{"app": []byte("two")}, "/app")
	if first == second {
		t.Fatal("two images have one digest")
	}
	_, byTag := get(t, r, "/v2/shop/app/manifests/1", "", "")
	_, byDigest := get(t, r, "/v2/shop/app/manifests/"+first, "", "")
	if sum([]byte(byTag)) != second || sum([]byte(byDigest)) != first {
		t.Errorf("the tag stands for %s, the digest for %s", byTag, byDigest)
	}
	blobs := 0
	r.OnBlob(func() { blobs++ })
	layer := byDigest[strings.LastIndex(byDigest, "sha256:"):][:71]
	if code, data := get(t, r, "/v2/shop/app/blobs/"+layer, "", ""); code != 200 || sum([]byte(data)) != layer || blobs != 1 {
		t.Errorf("a layer: %d after %d", code, blobs)
	}
	if code, _ := get(t, r, "/v2/shop/app/manifests/2", "", ""); code != 404 || r.Asked("2") != 1 {
		t.Errorf("a tag that is not there: %d", code)
	}
	r.Require("ci", "secret")
	for password, want := range map[string]int{"": 401, "wrong": 401, "secret": 200} {
		if code, _ := get(t, r, "/v2/", "ci", password); code != want {
			t.Errorf("the password %q gives %d", password, code)
		}
	}
}
