package edgeimage

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/app"
)

func build(t *testing.T, binary, architecture string) *Image {
	t.Helper()
	image, err := New(strings.NewReader(binary), int64(len(binary)), architecture)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func TestImageIsTheSameForTheSameBinary(t *testing.T) {
	one, two := build(t, "binary", "amd64"), build(t, "binary", "amd64")
	first, err := io.ReadAll(one.Tar())
	if err != nil {
		t.Fatal(err)
	}
	second, err := io.ReadAll(two.Tar())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) || one.ID != two.ID || int64(len(first)) != one.Size {
		t.Error("two images of one binary differ")
	}
	if other := build(t, "changed", "amd64"); other.Ref == one.Ref || other.ID == one.ID {
		t.Error("a changed binary has the old name")
	}
	if other := build(t, "binary", "arm64"); other.ID == one.ID {
		t.Error("another architecture has the same image")
	}
}

func TestImageHoldsTheBinaryAndItsLabels(t *testing.T) {
	image := build(t, "binary", "amd64")
	files := unpack(t, image.Tar())
	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil || len(manifest) != 1 {
		t.Fatalf("%v %s", err, files["manifest.json"])
	}
	if manifest[0].RepoTags[0] != image.Ref || manifest[0].Config != strings.TrimPrefix(image.ID, "sha256:")+".json" {
		t.Errorf("%+v", manifest[0])
	}
	var config struct {
		Architecture, OS string
		Config           struct{ Labels map[string]string }
		Rootfs           struct {
			DiffIDs []string `json:"diff_ids"`
		}
	}
	if err := json.Unmarshal(files[manifest[0].Config], &config); err != nil {
		t.Fatal(err)
	}
	labels := config.Config.Labels
	if labels[app.LabelRole] != app.RoleEdge || labels[app.LabelVersion] != image.Version || config.Architecture != "amd64" {
		t.Errorf("%+v", config)
	}
	layer := files[manifest[0].Layers[0]]
	if sum := sha256.Sum256(layer); config.Rootfs.DiffIDs[0] != "sha256:"+hex.EncodeToString(sum[:]) {
		t.Error("the layer is not the one named")
	}
	if inside := unpack(t, bytes.NewReader(layer)); string(inside["longshore-edge"]) != "binary" {
		t.Errorf("%q", inside)
	}
}

func unpack(t *testing.T, r io.Reader) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for reader := tar.NewReader(r); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[header.Name], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
	}
}

func TestContainerFollowsTheHost(t *testing.T) {
	image := build(t, "binary", "amd64")
	c := Container(app.Host{}, image)
	if c.NetworkMode != "host" || len(c.Ports) != 0 || c.Mounts[0].Source != "/var/lib/longshore/edge" || c.Command[4] != "80" {
		t.Errorf("%+v", c)
	}
	c = Container(app.Host{StateDir: "/srv/ls", Edge: app.Edge{HTTP: 8080, Mode: app.EdgeBridge}}, image)
	if c.NetworkMode != "" || c.Ports[0].Published != "8080" || c.Ports[0].Target != 8080 || c.Mounts[0].Source != "/srv/ls/edge" {
		t.Errorf("%+v", c)
	}
	if !c.ReadOnly || c.CapDrop[0] != "ALL" || c.StopGrace <= 30e9 || c.Labels[app.LabelRole] != app.RoleEdge {
		t.Errorf("%+v", c)
	}
}
