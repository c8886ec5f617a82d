package bundle

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/image/delta"
)

// held is a layer of the far side's that the top layer has a part of.
const held = "bottom layer"

var heldBase = delta.Base{Layer: "sha256:" + sumOf([]byte(held)), Size: int64(len(held))}

// withDelta has the top layer go as what it differs in from the held one.
func withDelta(layers []Layer) (delta.Plan, error) {
	top := layers[len(layers)-1].Digest
	parts := []delta.Part{{Base: delta.Literal, Length: 3}, {Base: 0, Offset: 6, Length: 6}}
	return delta.Plan{Bases: []delta.Base{heldBase}, Parts: map[string][]delta.Part{top: parts}}, nil
}

func rebuild(w io.Writer, data []byte, rebuilt int64) error {
	b, err := Open(bytes.NewReader(data))
	if err != nil {
		return err
	}
	o := Options{Rebuilt: rebuilt}
	for range b.Bases() {
		o.Bases = append(o.Bases, delta.Source{ReaderAt: strings.NewReader(held), Size: int64(len(held))})
	}
	return b.Copy(w, o)
}

func TestABundleWithADelta(t *testing.T) {
	from := forms(t)["layout"]
	watched := map[string]string{}
	watch := func(layer string, size int64) (io.Writer, func(bool)) {
		var seen strings.Builder
		return &seen, func(whole bool) {
			if whole && int64(seen.Len()) == size {
				watched[layer] = seen.String()
			}
		}
	}
	image := Image{Ref: "shop:1", Layers: digests()}
	whole, err := write(t, from, image)
	if err != nil {
		t.Fatal(err)
	}
	image.Plan, image.Watch = withDelta, watch
	got, err := write(t, from, image)
	if err != nil {
		t.Fatal(err)
	}
	if len(watched) != 2 || watched[digests()[0]] != contents[0] {
		t.Errorf("on its way out it was seen as %q", watched)
	}
	top := strings.TrimPrefix(digests()[2], "sha256:")
	if all := names(t, got); all[documentCount] != basesName || all[len(all)-1] != deltas+top {
		t.Errorf("it has %q", all)
	}
	b, err := Open(bytes.NewReader(got))
	if err != nil || !slices.Equal(b.Bases(), []delta.Base{heldBase}) {
		t.Fatalf("%v, %v", b.Bases(), err)
	}
	clear(watched)
	var out bytes.Buffer
	err = b.Copy(&out, Options{Bases: []delta.Source{{ReaderAt: strings.NewReader(held), Size: int64(len(held))}}, Rebuilt: 9, Watch: watch})
	if err != nil || !bytes.Equal(out.Bytes(), whole) {
		t.Errorf("it is rebuilt as %d bytes, not %d: %v", out.Len(), len(whole), err)
	}
	if len(watched) != len(contents) || watched[digests()[2]] != contents[2] {
		t.Errorf("on its way in it was seen as %q", watched)
	}
	if err := rebuild(io.Discard, got, 8); !errors.Is(err, ErrMalformed) {
		t.Errorf("more than was said: %v", err)
	}
	if err := pass(io.Discard, bytes.NewReader(got)); err == nil {
		t.Error("it is copied without its base")
	}
	failure := errors.New("no plan")
	image.Plan = func([]Layer) (delta.Plan, error) { return delta.Plan{}, failure }
	if _, err := write(t, from, image); !errors.Is(err, failure) {
		t.Errorf("without a plan: %v", err)
	}
}

func TestHostileBundlesWithDeltas(t *testing.T) {
	layers := digests()
	parts, err := documents("shop:1", []byte(configOf(layers)), []int64{int64(len(contents[0])), 0, int64(len(contents[2]))})
	if err != nil {
		t.Fatal(err)
	}
	var start []entry
	for _, p := range parts {
		start = append(start, entry{name: p.name, content: string(p.data)})
	}
	bases, err := basesDocument([]delta.Base{heldBase})
	if err != nil {
		t.Fatal(err)
	}
	list := entry{name: basesName, content: string(bases.data)}
	deltaOf := func(content string, parts ...delta.Part) entry {
		var out bytes.Buffer
		if err := delta.Write(&out, parts, strings.NewReader(content)); err != nil {
			t.Fatal(err)
		}
		return entry{name: deltas + strings.TrimPrefix(layers[2], "sha256:"), content: out.String()}
	}
	sound := deltaOf(contents[2], delta.Part{Base: delta.Literal, Length: 3}, delta.Part{Offset: 6, Length: 6})
	with := func(more ...entry) []byte { return tarOf(append(slices.Clone(start), more...)...) }
	for name, data := range map[string][]byte{"sound": with(list, sound), "without a delta": with(list)} {
		if err := rebuild(io.Discard, data, 9); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	text := func(content string) entry { return entry{name: basesName, content: content} }
	one := `{"layer":"` + heldBase.Layer + `","size":12}`
	whole := entry{name: blobs + strings.TrimPrefix(layers[2], "sha256:"), content: contents[2]}
	named := func(name string) entry { return entry{name: name, content: sound.content} }
	for name, data := range map[string][]byte{
		"no bases":                with(text("[]"), sound),
		"bases that are no list":  with(text("{"), sound),
		"spaces":                  with(text(" ["+one+"]"), sound),
		"a word too many":         with(text(`[{"layer":"`+heldBase.Layer+`","size":12,"path":"/etc"}]`), sound),
		"a base that is a path":   with(text(`[{"layer":"../../etc/passwd","size":12}]`), sound),
		"a base below 0":          with(text(strings.ReplaceAll("["+one+"]", "12", "-12")), sound),
		"a base of nothing":       with(text(strings.ReplaceAll("["+one+"]", "12", "0")), sound),
		"a base without an end":   with(text(strings.ReplaceAll("["+one+"]", "12", "9000000000000000000")), sound),
		"a base twice":            with(text("["+one+","+one+"]"), sound),
		"a huge list":             with(text("["+one+strings.Repeat(" ", basesLimit)+"]"), sound),
		"bases twice":             with(list, list, sound),
		"bases at the end":        with(sound, list),
		"a copy without bases":    with(sound),
		"a layer whole and delta": with(list, whole, sound),
		"a layer delta and whole": with(list, sound, whole),
		"a delta twice":           with(list, sound, sound),
		"a delta of no layer":     with(list, named(deltas+sumOf([]byte("x")))),
		"a path upwards":          with(list, named(deltas+"../../etc/passwd")),
		"a delta by another name": with(list, named("delta/"+strings.TrimPrefix(layers[2], "sha256:"))),
		"a delta as a layer":      with(list, named(whole.name)),
		"another layer's content": with(list, deltaOf("TOP layer", delta.Part{Base: delta.Literal, Length: 9})),
		"too short":               with(list, deltaOf("top", delta.Part{Base: delta.Literal, Length: 3})),
		"too long":                with(list, deltaOf("top layer, more", delta.Part{Base: delta.Literal, Length: 15})),
		"a delta cut short":       with(list, entry{name: sound.name, content: sound.content[:10]}),
	} {
		if err := rebuild(io.Discard, data, 1<<40); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is rebuilt is a bundle without deltas.
func FuzzRebuild(f *testing.F) {
	bundle, err := write(f, forms(f)["layout"], Image{Ref: "shop:1", Layers: digests(), Plan: withDelta})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bundle, int64(9))
	f.Add(bundle, int64(0))
	f.Fuzz(func(t *testing.T, data []byte, rebuilt int64) {
		var out bytes.Buffer
		if rebuild(&out, data, rebuilt) != nil {
			return
		}
		if err := pass(io.Discard, bytes.NewReader(out.Bytes())); err != nil {
			t.Errorf("it is no bundle: %v", err)
		}
	})
}
