//go:build bench

package bench

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/edge"
	"github.com/longshore-dev/longshore/testsuite/harness"
)

// The cores: the edge has one to itself; the app and the load share the other, with the edge and without.
const (
	edgeCore = "0"
	appCore  = "1"
)

// edgeThroughput measures requests through the edge beside the same requests sent straight to the app, without Docker:
// once for a page of the example's web app that asks its store, and once for one that costs nothing.
func edgeThroughput(t *testing.T, s *scene) []row {
	dir := t.TempDir()
	root := filepath.Join("..", "..")
	build(t, filepath.Join(root, "examples", "hello"), filepath.Join(dir, "web"), "./web")
	build(t, filepath.Join(root, "examples", "hello"), filepath.Join(dir, "store"), "./store")

	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	pinned(t, appCore, dir, []string{"LISTEN=127.0.0.1:3103", "DATA_DIR=" + data}, filepath.Join(dir, "store"))
	pinned(t, appCore, dir, []string{"LISTEN=127.0.0.1:3102", "STORE_URL=http://127.0.0.1:3103"}, filepath.Join(dir, "web"))
	bin, err := filepath.Abs(filepath.Join(root, "bin", "longshore-edge"))
	if err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(dir, "edge")
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	pinned(t, edgeCore, dir, nil, bin, "run", "--state", state, "--http", "3100")
	client := edge.New(func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(state, edge.Socket))
	})
	var rows []row
	const address = "127.0.0.1:3102"
	table := app.EdgeTable{Site: "default/bench/production", Release: "1-bench", Routes: []app.EdgeRoute{{
		Service: "web", Route: app.Route{Hosts: []string{"*"}, Port: 3102}, Upstreams: []string{address},
	}}}
	harness.Eventually(t, 20*time.Second, func() error {
		_, err := client.Put(t.Context(), table)
		return err
	})
	for _, target := range []struct{ name, path string }{
		{"a page of the example, which asks its store", "/"}, {"a page that costs nothing", "/up"},
	} {
		harness.Eventually(t, 20*time.Second, func() error {
			answer, err := client.Probe(t.Context(), app.EdgeProbe{Host: "bench.example", Path: target.path})
			if err == nil && (answer.Error != "" || answer.Status != 200) {
				err = fmt.Errorf("%+v", answer)
			}
			return err
		})
		direct := wrk(t, "http://"+address+target.path)
		through := wrk(t, "http://127.0.0.1:3100"+target.path)
		rows = append(rows, row{
			"edge on one core, " + target.name + ": requests a second and p99, beside the app asked directly",
			fmt.Sprintf("%.0f, %s; directly %.0f, %s: **%.0f %%**", through.rate, through.p99, direct.rate, direct.p99, 100*through.rate/direct.rate),
			"60 %",
		})
	}
	return rows
}

func build(t *testing.T, dir, to, what string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", to, what)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", what, err, out)
	}
}

// pinned runs a program on one core until the test ends.
func pinned(t *testing.T, core, dir string, env []string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "taskset", append([]string{"-c", core}, args...)...)
	cmd.Dir, cmd.Env = dir, append(append(os.Environ(), "GOMAXPROCS=1"), env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended with the test's context
		_ = cmd.Wait()
	})
}

type measured struct {
	rate float64
	p99  string
}

var (
	wrkRate = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)
	wrkP99  = regexp.MustCompile(`99%\s+(\S+)`)
	wrkBad  = regexp.MustCompile(`Non-2xx|Socket errors`)
)

// wrk loads a loopback URL for ten seconds.
func wrk(t *testing.T, url string) measured {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "taskset", "-c", appCore, "wrk", "-t1", "-c32", "-d10s", "--latency", url).CombinedOutput()
	if err != nil || wrkBad.Match(out) {
		t.Fatalf("wrk %s: %v\n%s", url, err, out)
	}
	rate, p99 := wrkRate.FindSubmatch(out), wrkP99.FindSubmatch(out)
	if rate == nil || p99 == nil {
		t.Fatalf("wrk prints something new:\n%s", out)
	}
	parsed, err := strconv.ParseFloat(string(rate[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return measured{parsed, string(p99[1])}
}
