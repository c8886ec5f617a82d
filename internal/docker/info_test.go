package docker

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longshore-dev/longshore/internal/app"
)

func TestInfo(t *testing.T) {
	e := startFake(t, &fakeEngine{version: "1.51", answers: map[string]http.HandlerFunc{
		"GET /version": answer(200, map[string]string{"Version": "29.0.1", "ApiVersion": "1.52", "Os": "linux", "Arch": "amd64"}),
		"GET /info": answer(200, map[string]any{
			"Architecture": "x86_64", "Driver": "overlayfs", "DockerRootDir": "/var/lib/docker", "NCPU": 2, "MemTotal": 1024,
			"Name": "web-1", "DriverStatus": [][2]string{{"driver-type", "io.containerd.snapshotter.v1"}},
		}),
	}})
	got, err := e.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := app.EngineInfo{
		Version: "29.0.1", APIVersion: "1.52", OS: "linux", Architecture: "amd64", StorageDriver: "overlayfs", Containerd: true,
		RootDir: "/var/lib/docker", CPUs: 2, Memory: 1024, Name: "web-1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("info (-want +got):\n%s", diff)
	}
}
