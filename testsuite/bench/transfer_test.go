//go:build bench

package bench

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/internal/planner"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

const (
	mb = 1_000_000
	// lineRate is the line's, in bytes a second: 100 Mbit/s.
	lineRate = 100 * mb / 8
)

// shop is an app with a large image, on a host behind a narrow line, and beside it a host behind such a line for the
// same images without Longshore.
type shop struct {
	*scene
	app      *harness.App
	site     app.Site
	baseline *hosts.Host
}

// largeImage has 350 MB, 8 MB of them in the last layer.
const largeImage = `FROM scratch
COPY base /base
COPY libraries /libraries
COPY testapp version /
ENTRYPOINT ["/testapp"]
COPY program /program
`

// oneLayer has 100 MB in one file of one layer.
const oneLayer = `FROM scratch
COPY testapp version /
ENTRYPOINT ["/testapp"]
COPY library /library
`

// transfers measures what takes images to a host over a line of 100 Mbit/s, beside `docker save | gzip -1 | ssh docker load`
// over such a line.
func transfers(t *testing.T, s *scene) []row {
	x := s.newShop(t, "transfer", largeImage)
	s.host.Link.Bandwidth(lineRate)
	defer s.host.Link.Bandwidth(0)
	s.must(t, s.newApp("before", "before.example", "stable_for: 0s").Dir, "deploy") // brings the edge
	parts := newStock(1)
	parts.fill(t, filepath.Join(x.app.Dir, "base"), 40, 5*mb)
	parts.fill(t, filepath.Join(x.app.Dir, "libraries"), 28, 5*mb)
	parts.fill(t, filepath.Join(x.app.Dir, "program"), 8, mb)

	s.forgetPeak(t)
	first := x.deploy(t)
	peak := s.peak(t)
	firstBaseline := x.carryWhole(t, first.image)
	var changed []delivery
	layers := map[string]int64{} // by image, compressed
	for range 3 {
		parts.fill(t, filepath.Join(x.app.Dir, "program"), 8, mb)
		d := x.deploy(t)
		changed, layers[d.image] = append(changed, d), packed(t, filepath.Join(x.app.Dir, "program"))
	}
	slices.SortFunc(changed, func(a, b delivery) int { return int(a.took - b.took) })
	middle := changed[len(changed)/2]
	layer := layers[middle.image]
	changedBaseline := x.carryWhole(t, middle.image)
	unchanged := x.deploy(t)
	if unchanged.outcome != app.Unchanged {
		t.Errorf("nothing was changed, and the deploy is %s", unchanged.outcome)
	}
	return append([]row{
		{"first transfer of an image of 350 MB over 100 Mbit/s, beside `docker save \\| gzip -1 \\| ssh docker load`",
			fmt.Sprintf("%s; %s: %s", first, firstBaseline, ratio(firstBaseline.took, first.took)), "1 times as fast"},
		{"the same image with the 8 MB of its last layer rebuilt, median of 3",
			fmt.Sprintf("%s; %s: %s", middle, changedBaseline, ratio(changedBaseline.took, middle.took)), "15 times as fast"},
		{"of that, sent beside the layer's compressed size (zstd)", fmt.Sprintf("%d beside %d bytes: **%.3f**", middle.sent, layer, float64(middle.sent)/float64(layer)), "1.05"},
		{"nothing changed: bytes of images sent, and all bytes to the host and back in that deploy",
			fmt.Sprintf("%d; %d and %d", unchanged.sent, unchanged.to, unchanged.back), "64 KB"},
		{"the worker's peak of resident memory in the first transfer", fmt.Sprintf("%d MB", peak/mb), "200 MB"},
	}, scattered(t, s)...)
}

// The places that scattered changes in a layer: 1 % of it.
const (
	places    = 256
	placeSize = 4 << 10
)

// scattered measures a layer that was changed in many small places.
func scattered(t *testing.T, s *scene) []row {
	x := s.newShop(t, "scattered", oneLayer)
	content := newStock(2).make(100 * mb)
	library := filepath.Join(x.app.Dir, "library")
	write := func() {
		if err := os.WriteFile(library, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write()
	x.deploy(t)
	random, fresh := rand.New(rand.NewPCG(3, 3)), newStock(3)
	for range places {
		copy(content[random.IntN(len(content)-placeSize):], fresh.make(placeSize))
	}
	write()
	changed := x.deploy(t)
	baseline := x.carryWhole(t, changed.image)
	return []row{{"a layer of 100 MB with 1 % changed in 256 places", fmt.Sprintf("%s; %s: %s", changed, baseline, ratio(baseline.took, changed.took)), "5 MB"}}
}

func (s *scene) newShop(t *testing.T, name, dockerfile string) *shop {
	t.Helper()
	// The checkout is large, and nobody reads its history.
	if err := os.WriteFile(filepath.Join(s.Home, ".gitconfig"), []byte("[core]\n\tcompression = 0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	project := s.Project(name)
	files := harness.Files(project, name+".example", []app.Host{s.host.AppHost()})
	files["Dockerfile"] = dockerfile
	x := &shop{
		scene: s, app: s.NewApp(files), baseline: hosts.Start(t),
		site: app.Site{Org: app.DefaultOrg, Project: project, Name: "production"},
	}
	x.baseline.Link.Bandwidth(lineRate)
	return x
}

// delivery is what it took to bring an image to a host.
type delivery struct {
	took     time.Duration
	sent     int64 // of the image
	to, back int64 // all bytes on the line
	outcome  app.Outcome
	image    string
}

func (d delivery) String() string {
	return fmt.Sprintf("%s, %.1f MB", short(d.took), float64(d.sent)/mb)
}

func ratio(baseline, ours time.Duration) string {
	return fmt.Sprintf("**%.1f times as fast**", baseline.Seconds()/ours.Seconds())
}

// deploy deploys what the folder holds. The time is that of the run's step Transfer.
func (x *shop) deploy(t *testing.T) delivery {
	t.Helper()
	x.app.Commit("change")
	to, back := x.host.Link.Bytes()
	out := x.Run(t.Context(), x.app.Dir, "deploy", "-o", "json")
	var result app.Result
	if err := out.Result(&result); err != nil || out.Code != 0 {
		t.Fatalf("%v: %s", err, out)
	}
	toNow, backNow := x.host.Link.Bytes()
	return delivery{
		took: x.transferTook(t), sent: result.Transfer.SentBytes, to: toNow - to, back: backNow - back,
		outcome: result.Outcome, image: planner.ImageTag(x.site, "web", result.Release),
	}
}

// transferTook is how long the step Transfer of the newest run took, by the engine's clock.
func (x *shop) transferTook(t *testing.T) time.Duration {
	t.Helper()
	history := x.Client().GetWorkflowHistory(t.Context(), x.LastRun(x.site), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	began := map[int64]time.Time{}
	for history.HasNext() {
		event, err := history.Next()
		if err != nil {
			t.Fatal(err)
		}
		if a := event.GetActivityTaskScheduledEventAttributes(); a.GetActivityType().GetName() == "Transfer" {
			began[event.GetEventId()] = event.GetEventTime().AsTime()
		}
		if a := event.GetActivityTaskCompletedEventAttributes(); a != nil {
			if at, ok := began[a.GetScheduledEventId()]; ok {
				return event.GetEventTime().AsTime().Sub(at)
			}
		}
	}
	t.Fatal("the run has no step Transfer that has ended")
	return 0
}

// carryWhole brings an image to the other host as people do without a registry.
func (x *shop) carryWhole(t *testing.T, image string) delivery {
	t.Helper()
	if _, err := x.baseline.Exec(t.Context(), "sh", "-c", "docker images --quiet | xargs --no-run-if-empty docker rmi --force"); err != nil {
		t.Fatal(err)
	}
	script := `set -eo pipefail; docker save "$1" | gzip -1 | ssh -F "$2" "$3" docker load`
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script, "bash", image, x.baseline.SSHConfig, x.baseline.Name)
	before, _ := x.baseline.Link.Bytes()
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	took := time.Since(start)
	sent, _ := x.baseline.Link.Bytes()
	return delivery{took: took, sent: sent - before}
}

// packed is the size of a folder's content as one archive, compressed.
func packed(t *testing.T, dir string) int64 {
	t.Helper()
	var out bytes.Buffer
	compressed, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewWriter(compressed)
	if err := errors.Join(archive.AddFS(os.DirFS(dir)), archive.Close(), compressed.Close()); err != nil {
		t.Fatal(err)
	}
	return int64(out.Len())
}
