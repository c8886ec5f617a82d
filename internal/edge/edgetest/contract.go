package edgetest

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
)

// Contract holds an edge to its API. dial reaches the socket of a new edge without tables, and service is the
// "address:port" of something that answers HTTP with 200.
func Contract(t *testing.T, dial func(ctx context.Context) (net.Conn, error), service string) {
	c := edge.New(dial)
	table := func(site, release string, fence int64, hosts ...string) app.EdgeTable {
		return app.EdgeTable{Site: site, Release: release, Fence: fence, Routes: []app.EdgeRoute{{
			Service: "web", Upstreams: []string{service}, Route: app.Route{Hosts: hosts, Port: 80},
		}}}
	}
	const shop, blog = "default/shop/production", "default/blog/production"
	put := func(t *testing.T, table app.EdgeTable) *app.EdgeTable {
		t.Helper()
		previous, err := c.Put(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		return previous
	}

	t.Run("a first table has none before it", func(t *testing.T) {
		if previous := put(t, table(shop, "1-a", 5, "Shop.Example.com")); previous != nil {
			t.Errorf("previous: %+v", previous)
		}
		status, err := c.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, ok := status.Table(app.Site{Org: "default", Project: "shop", Name: "production"})
		if !ok || got.Release != "1-a" || got.Routes[0].Route.Hosts[0] != "shop.example.com" || got.Routes[0].Route.Path != "/" {
			t.Errorf("status: %+v", status)
		}
		if len(status.Releases) != 1 || !status.Releases[0].Live {
			t.Errorf("releases: %+v", status.Releases)
		}
	})
	t.Run("a repeated table is its own previous one", func(t *testing.T) {
		before, err := c.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if previous := put(t, table(shop, "1-a", 5, "shop.example.com")); previous == nil || previous.Release != "1-a" {
			t.Errorf("previous: %+v", previous)
		}
		after, err := c.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("the repetition changed the status:\n%s", diff)
		}
	})
	t.Run("a swap returns the table before", func(t *testing.T) {
		if previous := put(t, table(shop, "2-b", 6, "shop.example.com")); previous == nil || previous.Release != "1-a" {
			t.Errorf("previous: %+v", previous)
		}
	})
	t.Run("a lower fence is refused", func(t *testing.T) {
		if _, err := c.Put(t.Context(), table(shop, "1-a", 5, "shop.example.com")); !errors.Is(err, edge.ErrFenced) {
			t.Errorf("put: %v", err)
		}
		if _, err := c.Delete(t.Context(), shop, 5); !errors.Is(err, edge.ErrFenced) {
			t.Errorf("delete: %v", err)
		}
	})
	t.Run("another site's route is refused", func(t *testing.T) {
		_, err := c.Put(t.Context(), table(blog, "1-a", 1, "blog.example.com", "shop.example.com"))
		var conflict *edge.ConflictError
		if !errors.As(err, &conflict) || conflict.Owner != shop || conflict.Host != "shop.example.com" || conflict.Path != "/" {
			t.Errorf("%v", err)
		}
	})
	t.Run("nonsense is refused", func(t *testing.T) {
		twice := table(blog, "1-a", 1, "blog.example.com", "BLOG.example.com")
		nameless := table("blog", "1-a", 1, "blog.example.com")
		portless := table(blog, "1-a", 1, "blog.example.com")
		portless.Routes[0].Upstreams = []string{"10.0.0.1"}
		for _, bad := range []app.EdgeTable{twice, nameless, portless, table(blog, "1-a", 1), table(blog, "1-a", 1, "a b")} {
			if _, err := c.Put(t.Context(), bad); !errors.Is(err, edge.ErrInvalid) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
	})
	t.Run("a probe says which release answers", func(t *testing.T) {
		answer, err := c.Probe(t.Context(), app.EdgeProbe{Host: "shop.example.com", Path: "/"})
		if want := (app.EdgeAnswer{OK: true, Status: 200, Service: "web", Release: "2-b"}); err != nil || answer != want {
			t.Errorf("%+v %v", answer, err)
		}
		answer, err = c.Probe(t.Context(), app.EdgeProbe{Host: "nobody.example.com", Path: "/"})
		if err != nil || answer.OK || answer.Status != 404 || answer.Release != "" {
			t.Errorf("unknown host: %+v %v", answer, err)
		}
	})
	t.Run("a check asks the container", func(t *testing.T) {
		answer, err := c.Check(t.Context(), app.EdgeCheck{Address: service, Path: "/up", Timeout: time.Second})
		if err != nil || !answer.OK || answer.Status != 200 {
			t.Errorf("%+v %v", answer, err)
		}
	})
	t.Run("a canary is served beside the live release", func(t *testing.T) {
		shared := table(shop, "2-b", 6, "shop.example.com")
		canary := table(shop, "3-c", 6, "Shop.Example.com", "new.example.com")
		shared.Canary = &app.EdgeCanary{Release: "3-c", Weight: 5, Routes: canary.Routes}
		for _, weight := range []int{5, 25, 25} {
			shared.Canary.Weight = weight
			if previous := put(t, shared); previous == nil || previous.Release != "2-b" {
				t.Errorf("previous: %+v", previous)
			}
		}
		status, err := c.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, _ := status.Table(app.Site{Org: "default", Project: "shop", Name: "production"})
		if got.Canary == nil || got.Canary.Weight != 25 || got.Canary.Routes[0].Route.Hosts[0] != "shop.example.com" {
			t.Errorf("table: %+v", got)
		}
		if len(status.Releases) != 2 || !status.Releases[0].Live || !status.Releases[1].Live || status.Releases[1].Release != "3-c" {
			t.Errorf("releases: %+v", status.Releases)
		}
		for range 5 {
			answer, err := c.Probe(t.Context(), app.EdgeProbe{Host: "shop.example.com", Path: "/"})
			if err != nil || answer.Release != "2-b" {
				t.Errorf("a probe asks the live release: %+v %v", answer, err)
			}
		}
		if err := c.Drop(t.Context(), shop, "3-c"); !errors.Is(err, edge.ErrLive) {
			t.Errorf("drop: %v", err)
		}
		if _, err := c.Put(t.Context(), table(blog, "1-a", 1, "new.example.com")); !errors.As(err, new(*edge.ConflictError)) {
			t.Errorf("another site takes what the canary will have: %v", err)
		}
		for _, bad := range []app.EdgeCanary{
			{Release: "2-b", Weight: 5}, {Weight: 5}, {Release: "3-c"}, {Release: "3-c", Weight: 100}, {Release: "3-c", Weight: 5, Routes: table(shop, "", 0, "a b").Routes},
		} {
			shared.Canary = &bad
			if _, err := c.Put(t.Context(), shared); !errors.Is(err, edge.ErrInvalid) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		put(t, table(shop, "2-b", 6, "shop.example.com"))
	})
	t.Run("a live release is not dropped, an unknown one is no error", func(t *testing.T) {
		if err := c.Drop(t.Context(), shop, "2-b"); !errors.Is(err, edge.ErrLive) {
			t.Errorf("%v", err)
		}
		if err := c.Drop(t.Context(), shop, "0-z"); err != nil {
			t.Errorf("%v", err)
		}
	})
	t.Run("a deleted site leaves its fence", func(t *testing.T) {
		previous, err := c.Delete(t.Context(), shop, 7)
		if err != nil || previous == nil || previous.Release != "2-b" {
			t.Errorf("%+v %v", previous, err)
		}
		if previous, err = c.Delete(t.Context(), shop, 7); err != nil || previous != nil {
			t.Errorf("again: %+v %v", previous, err)
		}
		if _, err := c.Put(t.Context(), table(shop, "1-a", 6, "shop.example.com")); !errors.Is(err, edge.ErrFenced) {
			t.Errorf("%v", err)
		}
		put(t, table(blog, "1-a", 1, "shop.example.com"))
	})
}
