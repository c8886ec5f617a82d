//go:build e2e

package transfer

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
	"github.com/longshore-dev/longshore/testsuite/harness"
	"github.com/longshore-dev/longshore/testsuite/hosts"
)

// A host whose engine keeps its images in containerd's store builds, for itself and for one with the classic store.
func TestABuilderWithContainerdsStore(t *testing.T) {
	builder := hosts.Start(t, hosts.OnRelease(hosts.Trixie), hosts.SmallDisk("/var/lib/containerd", 1<<30))
	_, err := builder.Exec(t.Context(), "sh", "-c", useContainerd)
	must(t, err)
	must(t, builder.WaitDocker(t.Context()))
	classic := hosts.Start(t)
	w := harness.New(t)
	w.Trust(builder, classic)
	w.StartEngine()
	w.StartWorker("worker")
	files := harness.Files(w.Project("builder"), "builder.example", []app.Host{builder.AppHost(), classic.AppHost()})
	files["longshore.yml"] += "build_host: " + builder.Name + "\n"
	x := w.NewApp(files)
	for _, version := range []string{"1", "2"} {
		x.SetVersion(version)
		before, _ := classic.Link.Bytes()
		out := w.Run(t.Context(), x.Dir, "deploy", "-o", "json")
		var result app.Result
		must(t, out.Result(&result))
		if result.Outcome != app.Succeeded || len(result.Notes) != 0 {
			t.Fatal(out)
		}
		for _, h := range []*hosts.Host{builder, classic} {
			serves(t, h, "builder.example", version)
		}
		sent, _ := classic.Link.Bytes()
		t.Logf("version %s: %d bytes of images were sent, and %d bytes in all", version, result.Transfer.SentBytes, sent-before)
		if version != "1" && sent-before > mib {
			t.Errorf("%d bytes were sent for a change of one byte", sent-before)
		}
	}
}

// serves checks the version that answers on a host.
func serves(t *testing.T, h *hosts.Host, route, version string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.URL(), nil)
	must(t, err)
	request.Host, request.Close = route, true
	answer, err := http.DefaultClient.Do(request)
	must(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if got := strings.TrimSpace(string(body)); err != nil || answer.StatusCode != http.StatusOK || got != version {
		t.Errorf("%s answers %s %q, %v, not %s", h.Name, answer.Status, got, err, version)
	}
}
