package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// blockSize is what the parts of a tar archive are rounded up to.
const blockSize = 512

type entry struct {
	name, link, content string
	kind                byte // 0 means a plain file
}

func tarOf(entries ...entry) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		_ = w.WriteHeader(&tar.Header{Name: e.name, Typeflag: e.kind, Linkname: e.link, Mode: 0o600, Size: int64(len(e.content)), Uid: len(e.content)})
		_, _ = io.WriteString(w, e.content)
	}
	_ = w.Close()
	return out.Bytes()
}

func textOf(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

var contents = []string{"base layer", "", "top layer"}

func digests() (all []string) {
	for _, content := range contents {
		all = append(all, "sha256:"+sumOf([]byte(content)))
	}
	return all
}

func configOf(layers []string) string {
	return textOf(map[string]any{"os": "linux", "rootfs": map[string]any{"type": "layers", "diff_ids": layers}})
}

// legacy is the form of Docker 20.10, with a link where a layer is there twice; layout that of 25 and later; packed that
// of the containerd image store.
func forms(t testing.TB) map[string][]byte {
	t.Helper()
	config := configOf(digests())
	id := sumOf([]byte(config))
	var legacy, layout, packed []entry
	var legacyNames, layoutNames, packedNames []string
	for i, content := range contents {
		sum := sumOf([]byte(content))
		dir := string(rune('a' + i))
		legacy = append(legacy, entry{name: dir + "/", kind: tar.TypeDir}, entry{name: dir + "/VERSION", content: "1.0"})
		if content == "" {
			legacy = append(legacy, entry{name: "shared/layer.tar"}, entry{name: dir + "/layer.tar", kind: tar.TypeSymlink, link: "../shared/layer.tar"})
		} else {
			legacy = append(legacy, entry{name: dir + "/layer.tar", content: content})
		}
		legacyNames = append(legacyNames, dir+"/layer.tar")
		layout = append(layout, entry{name: "blobs/sha256/" + sum, content: content})
		layoutNames = append(layoutNames, "blobs/sha256/"+sum)
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		_, _ = io.WriteString(w, content)
		_ = w.Close()
		packed = append(packed, entry{name: "blobs/sha256/" + sumOf(z.Bytes()), content: z.String()})
		packedNames = append(packedNames, "blobs/sha256/"+sumOf(z.Bytes()))
	}
	list := func(config string, names []string) entry {
		return entry{name: "manifest.json", content: textOf([]manifest{{Config: config, RepoTags: []string{"saved:1"}, Layers: names}})}
	}
	blob := entry{name: "blobs/sha256/" + id, content: config}
	return map[string][]byte{
		"legacy": tarOf(append(legacy, entry{name: id + ".json", content: config}, list(id+".json", legacyNames))...),
		"layout": tarOf(append(layout, blob, entry{name: "oci-layout", content: "{}"}, list(blob.name, layoutNames))...),
		"packed": tarOf(append(packed, blob, list(blob.name, packedNames))...),
	}
}

func write(t testing.TB, from []byte, image Image) ([]byte, error) {
	t.Helper()
	scratch, err := os.Create(filepath.Join(t.TempDir(), "scratch"))
	if err != nil {
		t.Fatal(err)
	}
	defer scratch.Close()
	var out bytes.Buffer
	err = Write(&out, bytes.NewReader(from), scratch, image)
	return out.Bytes(), err
}

func names(t *testing.T, archive []byte) (all []string) {
	t.Helper()
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e.Name)
	}
}

// pass reads a bundle and writes it again.
func pass(w io.Writer, r io.Reader) error {
	b, err := Open(r)
	if err != nil {
		return err
	}
	return b.Copy(w, Options{})
}

func TestEveryFormGivesTheSameBundle(t *testing.T) {
	for held := range len(contents) + 1 {
		var first []byte
		for form, from := range forms(t) {
			got, err := write(t, from, Image{Ref: "shop:1", Layers: digests(), Held: held})
			if err != nil {
				t.Fatalf("%s without %d layers: %v", form, held, err)
			}
			if first == nil {
				first = got
			}
			if !bytes.Equal(got, first) {
				t.Errorf("%s without %d layers gives other bytes", form, held)
			}
		}
		if all := names(t, first); len(all) != documentCount+len(contents)-held || all[0] != "manifest.json" {
			t.Errorf("without %d layers it has %q", held, all)
		}
		var copied bytes.Buffer
		if err := pass(&copied, bytes.NewReader(first)); err != nil || !bytes.Equal(copied.Bytes(), first) {
			t.Errorf("its copy has %d bytes of %d, %v", copied.Len(), len(first), err)
		}
	}
}

func TestWhatIsNoImageIsRefused(t *testing.T) {
	layers := digests()
	config := configOf(layers)
	id := sumOf([]byte(config)) + ".json"
	sound := Image{Ref: "shop:1", Layers: layers}
	list := func(config string, names ...string) entry {
		return entry{name: "manifest.json", content: textOf([]manifest{{Config: config, Layers: names}})}
	}
	for name, entries := range map[string][]entry{
		"empty":                 {},
		"no manifest":           {{name: id, content: config}},
		"manifest is no JSON":   {{name: "manifest.json", content: "{"}},
		"no configuration":      {list(id, "a", "b", "c")},
		"configuration no JSON": {list("c"), {name: "c", content: "["}},
		"another image":         {list("c", "a"), {name: "c", content: configOf(layers[:1])}, {name: "a", content: contents[0]}},
		"digest of a layer":     {list("c"), {name: "c", content: configOf([]string{"../../etc"})}},
		"too few layers":        {list(id, "a"), {name: id, content: config}, {name: "a", content: contents[0]}},
		"a layer is missing":    {list(id, "a", "b", "c"), {name: id, content: config}, {name: "a", content: contents[0]}},
		"a layer is another":    {list(id, "a", "a", "a"), {name: id, content: config}, {name: "a", content: contents[0]}},
		"a link to itself":      {list(id, "a", "a", "a"), {name: id, content: config}, {name: "a", kind: tar.TypeSymlink, link: "a"}},
		"a broken gzip":         {list(id, "a", "a", "a"), {name: id, content: config}, {name: "a", content: "\x1f\x8b"}},
	} {
		if _, err := write(t, tarOf(entries...), sound); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	whole := forms(t)["layout"]
	if _, err := write(t, whole[:len(whole)/2], sound); err == nil {
		t.Error("half an archive counts as whole")
	}
	if _, err := write(t, whole, Image{Ref: "shop:1", Layers: layers, Held: len(layers) + 1}); err == nil {
		t.Error("more layers are left out than there are")
	}
}

func TestACopyRefusesWhatIsNoBundle(t *testing.T) {
	layers := digests()
	config := configOf(layers)
	sizes := []int64{int64(len(contents[0])), 0, int64(len(contents[2]))}
	written := func(ref, config string, sizes []int64) (all []entry) {
		parts, err := documents(ref, []byte(config), sizes)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range parts {
			all = append(all, entry{name: part.name, content: string(part.data)})
		}
		return all
	}
	blob := func(content string) entry { return entry{name: blobs + sumOf([]byte(content)), content: content} }
	sound := append(written("shop:1", config, sizes), blob(contents[0]), blob(contents[2]))
	for name, entries := range map[string][]entry{
		"whole": sound, "without layers": sound[:documentCount], "without a name": written("", config, sizes),
	} {
		if err := pass(io.Discard, bytes.NewReader(tarOf(entries...))); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	with := func(at int, e entry) []entry {
		changed := slices.Clone(sound)
		changed[at] = e
		return changed
	}
	more := func(e entry) []entry { return append(slices.Clone(sound), e) }
	last := len(sound) - 1
	listed := func(m ...manifest) entry { return entry{name: manifestName, content: textOf(m)} }
	list := manifest{Config: sound[1].name, RepoTags: []string{"shop:1"}}
	other := written("other:1", config, sizes)
	for name, entries := range map[string][]entry{
		"nothing":               {},
		"some documents":        sound[:2],
		"another order":         {sound[1], sound[0], sound[2], sound[3], sound[4]},
		"path upwards":          more(entry{name: "../../etc/cron.d/x", content: "x"}),
		"absolute path":         more(entry{name: "/etc/passwd", content: "x"}),
		"a layer twice":         more(sound[last]),
		"a layer of no image":   more(blob("x")),
		"a link":                with(last, entry{name: sound[last].name, kind: tar.TypeSymlink, link: "/etc/passwd"}),
		"a hard link":           with(last, entry{name: sound[last].name, kind: tar.TypeLink, link: sound[5].name}),
		"a folder":              with(last, entry{name: sound[last].name, kind: tar.TypeDir}),
		"a device":              with(last, entry{name: sound[last].name, kind: tar.TypeBlock}),
		"another layer's bytes": with(last, entry{name: sound[last].name, content: "TOP LAYER"}),
		"another size":          with(last, entry{name: sound[last].name, content: "top layer, and more"}),
		"another configuration": with(1, entry{name: sound[1].name, content: "{}"}),
		"configuration's path":  with(1, entry{name: "../x.json", content: config}),
		"another manifest":      with(2, entry{name: sound[2].name, content: "{}"}),
		"another index":         with(4, other[4]),
		"another layout":        with(3, entry{name: sound[3].name, content: `{"imageLayoutVersion":"2.0.0"}`}),
		"two images":            with(0, listed(list, list)),
		"two names":             with(0, listed(manifest{Config: list.Config, RepoTags: []string{"a:1", "b:1"}})),
		"no name of an image":   with(0, listed(manifest{Config: list.Config, RepoTags: []string{"../A"}})),
		"layers' paths":         with(0, listed(manifest{Config: list.Config, RepoTags: list.RepoTags, Layers: []string{"../a", "../b", "../c"}})),
		"wrong sizes":           append(written("shop:1", config, []int64{1, 2, 3}), sound[last]),
		"a huge document":       with(0, entry{name: manifestName, content: strings.Repeat(" ", documentLimit+1)}),
	} {
		if err := pass(io.Discard, bytes.NewReader(tarOf(entries...))); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	whole := tarOf(sound...)
	if err := pass(io.Discard, strings.NewReader(string(whole)+"more")); !errors.Is(err, ErrMalformed) {
		t.Errorf("bytes after the end: %v", err)
	}
	for cut := 100; cut < len(tarOf(sound[:documentCount-1]...))-2*blockSize; cut += 300 {
		if err := pass(io.Discard, bytes.NewReader(whole[:cut])); err == nil {
			t.Errorf("its first %d bytes count as whole", cut)
		}
	}
}

// What passes is a bundle again, and the same one.
func FuzzCopy(f *testing.F) {
	layers := digests()
	saved := tarOf(
		entry{name: "manifest.json", content: textOf([]manifest{{Config: "c", Layers: []string{"0", "1", "2"}}})},
		entry{name: "c", content: configOf(layers)},
		entry{name: "0", content: contents[0]}, entry{name: "1", content: contents[1]}, entry{name: "2", content: contents[2]},
	)
	for held := range len(layers) + 1 {
		bundle, err := write(f, saved, Image{Ref: "shop:1", Layers: layers, Held: held})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bundle)
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		var once, twice bytes.Buffer
		if pass(&once, bytes.NewReader(data)) != nil {
			return
		}
		if err := pass(&twice, bytes.NewReader(once.Bytes())); err != nil || !bytes.Equal(once.Bytes(), twice.Bytes()) {
			t.Errorf("a copy does not pass: %v", err)
		}
	})
}

// Whatever an engine saves, what comes of it is a bundle or an error.
func FuzzWrite(f *testing.F) {
	layers := digests()
	config := configOf(layers)
	f.Add(tarOf(
		entry{name: "manifest.json", content: textOf([]manifest{{Config: "c", Layers: []string{"0", "1", "2"}}})},
		entry{name: "c", content: config},
		entry{name: "0", content: contents[0]}, entry{name: "1", content: contents[1]}, entry{name: "2", content: contents[2]},
	))
	f.Fuzz(func(t *testing.T, data []byte) {
		bundle, err := write(t, data, Image{Ref: "shop:1", Layers: layers, Held: 1})
		if err != nil {
			return
		}
		if err := pass(io.Discard, bytes.NewReader(bundle)); err != nil {
			t.Errorf("it is no bundle: %v", err)
		}
	})
}

func TestHeldLayers(t *testing.T) {
	layers := digests()
	chains := Chains(layers)
	if chains[0] != layers[0] || len(chains) != len(layers) || chains[1] == layers[1] {
		t.Fatalf("%q", chains)
	}
	// As Docker computes it.
	if got := Chains([]string{"sha256:a", "sha256:b"})[1]; got != "sha256:"+sumOf([]byte("sha256:a sha256:b")) {
		t.Errorf("the chain is %s", got)
	}
	for _, c := range []struct {
		held []string
		want int
	}{{nil, 0}, {chains[:1], 1}, {chains[:2], 2}, {chains, 3}, {chains[1:], 0}, {layers, 1}} {
		set := map[string]bool{}
		for _, chain := range c.held {
			set[chain] = true
		}
		if got := Held(layers, set); got != c.want {
			t.Errorf("with %d chains, %d layers are held, not %d", len(c.held), got, c.want)
		}
	}
}
