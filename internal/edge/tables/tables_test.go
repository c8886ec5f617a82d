package tables

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
)

func table(site, release string, fence int64, hosts ...string) app.EdgeTable {
	return app.EdgeTable{Site: site, Release: release, Fence: fence, Routes: []app.EdgeRoute{{
		Service: "web", Upstreams: []string{"10.0.0.2:80"}, Route: app.Route{Hosts: hosts},
	}}}
}

// beside adds a canary to a table.
func beside(table app.EdgeTable, canary app.EdgeCanary) app.EdgeTable {
	table.Canary = &canary
	return table
}

func put(t *testing.T, to Tables, table app.EdgeTable) Tables {
	t.Helper()
	next, err := to.Put(table)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func TestPutRefuses(t *testing.T) {
	have := put(t, Tables{}, table("o/p/s", "1-a", 5, "a.example.com"))
	with := func(change func(*app.EdgeRoute)) app.EdgeTable {
		wanted := table("o/p/t", "1-a", 1, "b.example.com")
		change(&wanted.Routes[0])
		return wanted
	}
	cases := map[string]struct {
		table app.EdgeTable
		want  error
	}{
		"a lower fence":         {table("o/p/s", "2-b", 4, "a.example.com"), ErrFenced},
		"a site of two parts":   {table("o/p", "1-a", 1, "b.example.com"), ErrInvalid},
		"a host with a port":    {table("o/p/t", "1-a", 1, "b.example.com:80"), ErrInvalid},
		"a partial wildcard":    {table("o/p/t", "1-a", 1, "*.example.com"), ErrInvalid},
		"no host":               {table("o/p/t", "1-a", 1), ErrInvalid},
		"an empty label":        {table("o/p/t", "1-a", 1, "b..com"), ErrInvalid},
		"a relative path":       {with(func(r *app.EdgeRoute) { r.Route.Path = "api" }), ErrInvalid},
		"a path with a query":   {with(func(r *app.EdgeRoute) { r.Route.Path = "/api?x" }), ErrInvalid},
		"an upstream's range":   {with(func(r *app.EdgeRoute) { r.Upstreams = []string{"10.0.0.1:80-90"} }), ErrInvalid},
		"a placeholder":         {with(func(r *app.EdgeRoute) { r.Upstreams = []string{"{env.HOST}:80"} }), ErrInvalid},
		"an upstream's port 0":  {with(func(r *app.EdgeRoute) { r.Upstreams = []string{"10.0.0.1:0"} }), ErrInvalid},
		"an upstream's network": {with(func(r *app.EdgeRoute) { r.Upstreams = []string{"unix//run/docker.sock:1"} }), ErrInvalid},
	}
	for name, canary := range map[string]app.EdgeCanary{
		"no weight":             {Release: "2-b"},
		"the whole weight":      {Release: "2-b", Weight: 100},
		"a negative weight":     {Release: "2-b", Weight: -1},
		"no release":            {Weight: 5},
		"the live release":      {Release: "1-a", Weight: 5},
		"a host with a port":    {Release: "2-b", Weight: 5, Routes: table("", "", 0, "a:80").Routes},
		"one route twice":       {Release: "2-b", Weight: 5, Routes: table("", "", 0, "c.example.com", "C.example.com").Routes},
		"an upstream's network": {Release: "2-b", Weight: 5, Routes: []app.EdgeRoute{{Upstreams: []string{"unix//x:1"}, Route: app.Route{Hosts: []string{"c"}}}}},
	} {
		if _, err := have.Put(beside(table("o/p/t", "1-a", 1, "b.example.com"), canary)); !errors.Is(err, ErrInvalid) {
			t.Errorf("a canary with %s: %v", name, err)
		}
	}
	if _, err := have.Put(beside(table("o/p/t", "", 1, "b.example.com"), app.EdgeCanary{Release: "2-b", Weight: 5})); !errors.Is(err, ErrInvalid) {
		t.Errorf("a canary beside no release: %v", err)
	}
	for name, c := range cases {
		if _, err := have.Put(c.table); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var conflict *ConflictError
	if _, err := have.Put(table("o/p/t", "1-a", 1, "A.example.com.")); !errors.As(err, &conflict) || conflict.Owner != "o/p/s" {
		t.Errorf("conflict: %v", err)
	}
	other := table("o/p/t", "1-a", 1, "a.example.com")
	other.Routes[0].Route.Path = "/api/"
	if next := put(t, have, other); len(next.All()) != 2 {
		t.Error("one host with two paths is no conflict")
	}
}

func TestChangesLeaveTheOldTablesAlone(t *testing.T) {
	one := put(t, Tables{}, table("o/p/s", "1-a", 1, "a.example.com"))
	two := put(t, one, table("o/p/s", "2-b", 2, "a.example.com"))
	three, err := two.Delete("o/p/s", 3)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := one.Get("o/p/s"); got.Release != "1-a" {
		t.Errorf("%+v", got)
	}
	if got, _ := two.Get("o/p/s"); got.Release != "2-b" {
		t.Errorf("%+v", got)
	}
	if _, ok := three.Get("o/p/s"); ok {
		t.Error("deleted, and there")
	}
	if _, err := three.Put(table("o/p/s", "2-b", 2, "a.example.com")); !errors.Is(err, ErrFenced) {
		t.Errorf("the fence went with the table: %v", err)
	}
}

func TestARepeatedTableKeepsItsTime(t *testing.T) {
	first := table("o/p/s", "1-a", 1, "a.example.com")
	first.Since = time.Unix(1, 0)
	again := first
	again.Since, again.Fence = time.Unix(2, 0), 2
	got, _ := put(t, put(t, Tables{}, first), again).Get("o/p/s")
	if !got.Since.Equal(first.Since) || got.Fence != 2 {
		t.Errorf("%+v", got)
	}
}

// TestACanarysRoutesAreItsSites holds them against other sites' both ways, though they are not served yet.
func TestACanarysRoutesAreItsSites(t *testing.T) {
	canary := app.EdgeCanary{Release: "2-b", Weight: 5, Routes: table("", "", 0, "a.example.com", "new.example.com").Routes}
	mine, other := beside(table("o/p/s", "1-a", 1, "a.example.com"), canary), table("o/p/t", "1-a", 1, "new.example.com")
	var conflict *ConflictError
	if _, err := put(t, Tables{}, mine).Put(other); !errors.As(err, &conflict) || conflict.Host != "new.example.com" {
		t.Errorf("%v", err)
	}
	if _, err := put(t, Tables{}, other).Put(mine); !errors.As(err, &conflict) || conflict.Owner != "o/p/t" {
		t.Errorf("%v", err)
	}
	put(t, put(t, put(t, Tables{}, mine), table("o/p/s", "1-a", 1, "a.example.com")), other)
}

func TestAnotherWeightIsAnotherTable(t *testing.T) {
	canary := app.EdgeCanary{Release: "2-b", Weight: 5, Routes: table("", "", 0, "A.example.com").Routes}
	five := put(t, Tables{}, beside(table("o/p/s", "1-a", 1, "a.example.com"), canary))
	same := put(t, five, beside(table("o/p/s", "1-a", 2, "a.example.com"), canary))
	canary.Weight = 25
	more := put(t, same, beside(table("o/p/s", "1-a", 2, "a.example.com"), canary))
	at := func(all Tables) app.EdgeTable { got, _ := all.Get("o/p/s"); return got }
	if !Same(at(five), at(same)) || Same(at(same), at(more)) || at(five).Canary.Weight != 5 {
		t.Errorf("%+v\n%+v\n%+v", at(five), at(same), at(more))
	}
}

// TestDecodeReadsOlderFiles reads what an edge wrote that knew no canaries.
func TestDecodeReadsOlderFiles(t *testing.T) {
	const kept = `{"version":1,"sha256":"aa6c9110d9b622ed0144e30d7fe951c42da0f434f3d9a27dfa18cf4778ac052a","body":{"tables":[{"site":"o/p/s","release":"1-a","routes":[],"fence":5}],"fences":{"o/p/s":5}}}`
	got, err := Decode([]byte(kept))
	if err != nil {
		t.Fatal(err)
	}
	if table, ok := got.Get("o/p/s"); !ok || table.Release != "1-a" || table.Canary != nil {
		t.Errorf("%+v", table)
	}
}

func TestDecodeReadsWhatEncodeWrote(t *testing.T) {
	shared := beside(table("o/p/s", "1-a", 5, "a.example.com"), app.EdgeCanary{Release: "2-b", Weight: 5, Routes: table("", "", 0, "a.example.com").Routes})
	have := put(t, put(t, Tables{}, shared), table("o/p/t", "9-z", 7, AnyHost))
	have, err := have.Delete("o/p/t", 8)
	if err != nil {
		t.Fatal(err)
	}
	data, err := have.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(have, got, cmp.AllowUnexported(Tables{})); diff != "" {
		t.Error(diff)
	}
	for i := range data {
		if _, err := Decode(data[:i]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("the first %d bytes: %v", i, err)
		}
	}
}

func TestFind(t *testing.T) {
	var x Index[string]
	x.Add(app.Route{Hosts: []string{"a.example.com"}, Path: "/"}, "root")
	x.Add(app.Route{Hosts: []string{"a.example.com", "b.example.com"}, Path: "/api/v2"}, "v2")
	x.Add(app.Route{Hosts: []string{"a.example.com"}, Path: "/api"}, "api")
	x.Add(app.Route{Hosts: []string{AnyHost}, Path: "/"}, "any")
	for _, c := range []struct{ host, path, want string }{
		{"a.example.com", "/", "root"}, {"a.example.com", "", "root"}, {"a.example.com", "/api", "api"},
		{"a.example.com", "/api/v2/x", "v2"}, {"a.example.com", "/api/v22", "api"}, {"a.example.com", "/apis", "root"},
		{"b.example.com", "/api/v2", "v2"}, {"b.example.com", "/", ""}, {"c.example.com", "/", "any"}, {AnyHost, "/", "any"},
	} {
		if got, _ := x.Find(c.host, c.path); got != c.want {
			t.Errorf("%s%s: %q, want %q", c.host, c.path, got, c.want)
		}
	}
}

func TestHost(t *testing.T) {
	for header, want := range map[string]string{
		"A.Example.com": "a.example.com", "a.example.com:80": "a.example.com", "a.example.com.": "a.example.com",
		"[::1]:80": "::1", "[::1]": "::1", "::1": "::1", "": "", "10.0.0.1:80": "10.0.0.1", "[": "[",
	} {
		if got := Host(header); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
}
