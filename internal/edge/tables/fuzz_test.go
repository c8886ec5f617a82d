package tables

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
)

// FuzzDecode holds that whatever is on the disk, reading it ends, and what is read is written back the same.
func FuzzDecode(f *testing.F) {
	shared := table("o/p/s", "1-a", 5, "a.example.com", AnyHost)
	shared.Canary = &app.EdgeCanary{Release: "2-b", Weight: 25, Routes: shared.Routes}
	seed, err := Tables{}.Put(shared)
	if err != nil {
		f.Fatal(err)
	}
	data, err := seed.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte(`{"version":1,"sha256":"","body":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := Decode(data)
		if err != nil {
			return
		}
		again, err := got.Encode()
		if err != nil {
			t.Fatal(err)
		}
		same, err := Decode(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, same, cmp.AllowUnexported(Tables{})); diff != "" {
			t.Error(diff)
		}
	})
}

// FuzzFind holds that a route is found by its own host and by every path below it, and by no path beside it.
func FuzzFind(f *testing.F) {
	f.Add("a.example.com", "/api", "/x")
	f.Add("[::1]", "", "x")
	f.Add(AnyHost, "/a/b/", "")
	f.Fuzz(func(t *testing.T, host, prefix, rest string) {
		wanted := table("o/p/s", "1-a", 1, host)
		wanted.Routes[0].Route.Path = prefix
		tables, err := Tables{}.Put(wanted)
		if err != nil {
			return
		}
		kept, _ := tables.Get("o/p/s")
		route := kept.Routes[0].Route
		var x Index[app.Route]
		x.Add(route, route)
		_, found := x.Find(Host(host), route.Path+rest)
		want := route.Path == "/" || rest == "" || strings.HasPrefix(rest, "/")
		if found != want {
			t.Errorf("host %q, prefix %q, path %q: found %v", host, route.Path, route.Path+rest, found)
		}
	})
}
