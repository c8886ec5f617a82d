package proxy

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
)

// withCanary is a table whose canary has the weight and the routes.
func withCanary(live app.EdgeTable, release string, weight int, routes ...app.EdgeRoute) app.EdgeTable {
	live.Canary = &app.EdgeCanary{Release: release, Weight: weight, Routes: routes}
	return live
}

func TestACanaryTakesItsWeightEvenly(t *testing.T) {
	for weight := 1; weight <= 99; weight++ {
		c := &canary{weight: uint64(weight)}
		taken, last := 0, 0
		for n := 1; n <= 1000; n++ {
			if !c.takes() {
				continue
			}
			taken++
			if gap := n - last; gap > 100/weight+1 {
				t.Errorf("weight %d: %d requests in a row were none of its", weight, gap-1)
			}
			last = n
			if taken != n*weight/100 {
				t.Fatalf("weight %d: %d of the first %d", weight, taken, n)
			}
		}
	}
}

// TestOnlyWhatBothReleasesAnswerIsShared gives a canary nearly everything, and asks for each path twice.
func TestOnlyWhatBothReleasesAnswerIsShared(t *testing.T) {
	e := start(t, t.TempDir())
	before, after := backend(t, named("old")), backend(t, named("new"))
	e.put(t, withCanary(
		table("1-a", to("web", "shop.example.com/", before), to("api", "shop.example.com/api", before), to("any", "*/", before)), "2-b", 99,
		to("web", "shop.example.com/", after), to("search", "shop.example.com/search", after), to("blog", "blog.example.com/", after), to("any", "*/", after),
	))
	for _, c := range []struct{ host, path, want string }{
		{"shop.example.com", "/cart", "new"}, {"else.example.com", "/", "new"},
		{"shop.example.com", "/api/x", "old"},    // the canary has no /api
		{"shop.example.com", "/search/x", "old"}, // the live release has no /search
		{"blog.example.com", "/", "old"},         // nor that host
	} {
		seen := map[string]bool{}
		for range 2 {
			_, body := e.get(t, c.host, c.path)
			seen[body] = true
		}
		if !seen[c.want] || c.want == "old" && seen["new"] {
			t.Errorf("%s%s was answered by %v, want %s", c.host, c.path, seen, c.want)
		}
	}
}

// TestACanarysSharesAreExactAndNothingIsLost changes the weight, and another site, under load.
func TestACanarysSharesAreExactAndNothingIsLost(t *testing.T) {
	const workers, each = 8, 250
	e := start(t, t.TempDir())
	var atCanary atomic.Int64
	counting := func(w http.ResponseWriter, r *http.Request) {
		atCanary.Add(1)
		_, _ = io.Copy(w, r.Body)
	}
	live := table("1-a", to("web", "shop.example.com/", backend(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	}))))
	next := to("web", "shop.example.com/", backend(t, http.HandlerFunc(counting)))
	other := app.EdgeTable{Site: "default/blog/production", Fence: 1, Routes: []app.EdgeRoute{to("web", "blog.example.com/", backend(t, named("blog")))}}
	e.put(t, live)

	var lost atomic.Int64
	ask := func(client *http.Client, text string) {
		status, body := 0, ""
		res, err := client.Do(e.request(t, http.MethodPost, "shop.example.com", "/", strings.NewReader(text)))
		if err == nil {
			var read []byte
			read, err = io.ReadAll(res.Body)
			res.Body.Close()
			status, body = res.StatusCode, string(read)
		}
		if err != nil || status != http.StatusOK || body != text {
			t.Logf("%d %q %v", status, body, err)
			lost.Add(1)
		}
	}
	clients := make([]*http.Client, workers)
	for i := range clients {
		clients[i] = &http.Client{Transport: &http.Transport{}}
		defer clients[i].CloseIdleConnections()
	}
	for step, weight := range []int{5, 25, 50, 99} {
		e.put(t, withCanary(live, "2-b", weight, next))
		before := atCanary.Load()
		var wg sync.WaitGroup
		for _, client := range clients {
			wg.Go(func() {
				for i := range each {
					ask(client, fmt.Sprint(i))
				}
			})
		}
		for n := range 20 { // what another site does is no matter
			other.Release = fmt.Sprintf("%d-x", step*100+n)
			e.put(t, other)
		}
		wg.Wait()
		if got, want := atCanary.Load()-before, int64(workers*each*weight/100); got < want-1 || got > want+1 {
			t.Errorf("weight %d: %d of %d requests", weight, got, workers*each)
		}
	}
	counted := e.release(t, "2-b")
	if counted.Requests != atCanary.Load() || counted.Failed != 0 {
		t.Errorf("%d requests reached the canary over all weights, counted: %+v", atCanary.Load(), counted)
	}

	// To the whole and back, while requests are on their way.
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, client := range clients {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				ask(client, fmt.Sprint(i))
			}
		})
	}
	full := live
	full.Release, full.Routes = "2-b", []app.EdgeRoute{next}
	for range 30 {
		for _, weight := range []int{5, 25, 99} {
			e.put(t, withCanary(live, "2-b", weight, next))
		}
		e.put(t, full)
		e.put(t, live)
	}
	cancel()
	wg.Wait()
	if lost.Load() > 0 {
		t.Errorf("%d requests were lost", lost.Load())
	}
}

// TestReleasesGoOnCountingOverTheStepsOfACanary looks at the counts from a canary's first request to its being drained.
func TestReleasesGoOnCountingOverTheStepsOfACanary(t *testing.T) {
	e := start(t, t.TempDir())
	before, after := to("web", "shop.example.com/", backend(t, named("old"))), to("web", "shop.example.com/", backend(t, named("new")))
	live := table("1-a", before)
	e.put(t, live)
	want := map[string]int64{"1-a": 0, "2-b": 0}
	asked := func(table app.EdgeTable, times int) {
		t.Helper()
		e.put(t, table)
		for range times {
			_, body := e.get(t, "shop.example.com", "/")
			want[map[string]string{"old": "1-a", "new": "2-b"}[body]]++
		}
		for id, n := range want {
			eventually(t, fmt.Sprintf("%s has %d requests", id, n), func() bool { return e.release(t, id).Requests == n })
		}
	}
	asked(live, 3)
	asked(withCanary(live, "2-b", 25, after), 8)
	asked(withCanary(live, "2-b", 50, after), 8)
	if want["2-b"] != 6 {
		t.Errorf("shares: %v", want)
	}
	// The whole table has more routes than the canary's, and so other handlers.
	whole := table("2-b", after, to("api", "shop.example.com/api", after.Upstreams...))
	delete(want, "1-a")
	asked(whole, 4)
	eventually(t, "the drained release is forgotten", func() bool { return e.release(t, "1-a").Release == "" })
}

// TestARetryStaysWithItsRelease has a canary that breaks off each first try: the second must be the canary's too.
func TestARetryStaysWithItsRelease(t *testing.T) {
	e := start(t, t.TempDir())
	address, tries := abrupt(t, 1)
	e.put(t, withCanary(table("1-a", to("web", "shop.example.com/", backend(t, named("old")))), "2-b", 99, to("web", "shop.example.com/", address)))
	e.get(t, "shop.example.com", "/")
	if status, body := e.get(t, "shop.example.com", "/"); status != http.StatusOK || body != "ok" || tries.Load() != 2 {
		t.Errorf("%d %q after %d tries", status, body, tries.Load())
	}
}
