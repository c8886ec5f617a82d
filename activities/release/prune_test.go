package release

import (
	"slices"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
)

func TestNewest(t *testing.T) {
	ids := []string{"1-a", "2-b", "3-c", "4-d"}
	for _, c := range []struct {
		current string
		keep    int
		want    []string
	}{
		{"4-d", 1, []string{"4-d"}},
		{"4-d", 2, []string{"3-c", "4-d"}},
		{"4-d", 9, ids},
		{"4-d", 0, []string{"4-d"}},
		{"2-b", 1, []string{"2-b"}},
		{"2-b", 2, []string{"4-d", "2-b"}}, // a release that a failed run recorded is as near as any
	} {
		if got := newest(ids, c.current, c.keep); !slices.Equal(got, c.want) {
			t.Errorf("%d with %s as the current: %v, not %v", c.keep, c.current, got, c.want)
		}
	}
	if !slices.Equal(ids, []string{"1-a", "2-b", "3-c", "4-d"}) {
		t.Errorf("the ids have become %v", ids)
	}
}

func TestUnusedTags(t *testing.T) {
	ours := []string{"web:1-a", "web:2-b", "web:3-c"}
	for _, c := range []struct {
		name string
		used []string
		want []string
	}{
		{"none is used", nil, ours},
		{"one is used", []string{"web:2-b"}, []string{"web:1-a", "web:3-c"}},
		{"the image is used by its id", []string{"sha256:x"}, []string{"web:1-a", "web:2-b"}},
		{"the image is used by its id and a tag", []string{"sha256:x", "web:1-a"}, []string{"web:2-b", "web:3-c"}},
	} {
		used := map[string]bool{}
		for _, ref := range c.used {
			used[ref] = true
		}
		if got := unusedTags(used, "sha256:x", ours); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, not %v", c.name, got, c.want)
		}
	}
}

func TestSiteTags(t *testing.T) {
	site := app.Site{Org: app.DefaultOrg, Project: "shop", Name: "production"}
	image := app.Image{
		Labels: map[string]string{app.LabelService: "web"},
		Tags:   []string{"longshore/shop-production/web:10-a", "longshore/shop-production/web:9-b", "mine:latest", "longshore/shop-staging/web:1-a", "longshore/shop-production/worker:1-a"},
	}
	want := []string{"longshore/shop-production/web:9-b", "longshore/shop-production/web:10-a"}
	if got := siteTags(site, image); !slices.Equal(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}
