package build

import (
	"slices"
	"testing"

	"github.com/longshore-dev/longshore/activities"
	"github.com/longshore-dev/longshore/internal/app"
)

func TestOldTags(t *testing.T) {
	site := app.Site{Org: app.DefaultOrg, Project: "shop", Name: "production"}
	image := func(service string, tags ...string) app.Image {
		return app.Image{ID: "sha256:" + service, Labels: map[string]string{app.LabelService: service}, Tags: tags}
	}
	images := []app.Image{
		image("web", "longshore/shop-production/web:9-a", "longshore/shop-production/web:10-b"),
		image("worker", "longshore/shop-production/worker:8-c", "longshore/shop-production/worker:10-b", "kept:mine"),
		image("lost"),
	}
	for keep, want := range map[int][]string{
		1: {"sha256:lost", "longshore/shop-production/web:9-a", "longshore/shop-production/worker:8-c"},
		2: {"sha256:lost", "longshore/shop-production/worker:8-c"},
		5: {"sha256:lost"},
	} {
		if got := oldTags(site, images, keep); !slices.Equal(got, want) {
			t.Errorf("keep %d: %v, not %v", keep, got, want)
		}
	}
}

func TestInputsOf(t *testing.T) {
	of := func(in activities.BuildInput) string {
		t.Helper()
		sum, err := inputsOf(in)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	one := activities.BuildInput{Tag: "a:1", Build: app.Build{Context: "/src", Args: map[string]string{"V": "1"}}}
	elsewhere := one
	elsewhere.Build.Context, elsewhere.Tag = "/other", "a:2"
	if of(one) != of(elsewhere) {
		t.Error("where the checkout lies changes the inputs")
	}
	other := one
	other.Build.Args = map[string]string{"V": "2"}
	platform := one
	platform.Platform = "linux/arm64"
	if of(one) == of(other) || of(one) == of(platform) {
		t.Error("an argument or the platform does not change the inputs")
	}
}
