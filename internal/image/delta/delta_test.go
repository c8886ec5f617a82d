package delta

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/longshore-dev/longshore/internal/image/chunk"
)

func noise(seed byte, size int) []byte {
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(content) // never fails
	return content
}

func of(t testing.TB, data []byte) *chunk.Index {
	t.Helper()
	index, err := chunk.Of(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return index
}

func sources(bases ...[]byte) (all []Source) {
	for _, b := range bases {
		all = append(all, Source{bytes.NewReader(b), int64(len(b))})
	}
	return all
}

// deltaOf makes the delta of a layer, and sees its length to be what was said.
func deltaOf(t testing.TB, layer []byte, bases ...[]byte) (delta []byte, copied int64) {
	t.Helper()
	var indexes []*chunk.Index
	for _, b := range bases {
		indexes = append(indexes, of(t, b))
	}
	parts, copied := Find(of(t, layer), indexes)
	var out bytes.Buffer
	if err := Write(&out, parts, bytes.NewReader(layer)); err != nil {
		t.Fatal(err)
	}
	if int64(out.Len()) != Length(parts) {
		t.Errorf("a delta of %d bytes was said to have %d", out.Len(), Length(parts))
	}
	return out.Bytes(), copied
}

func apply(delta []byte, size int, bases ...[]byte) ([]byte, error) {
	var out bytes.Buffer
	err := Apply(&out, bytes.NewReader(delta), int64(size), sources(bases...))
	return out.Bytes(), err
}

// edited is some content after some edits, of kinds and in places that a seed chooses.
func edited(content []byte, seed uint64) []byte {
	random := rand.New(rand.NewPCG(seed, 1))
	content = bytes.Clone(content)
	for range random.IntN(20) {
		at := random.IntN(len(content) + 1)
		n := min(random.IntN(20_000), len(content)-at)
		switch random.IntN(4) {
		case 0: // change
			for i := range n {
				content[at+i] ^= byte(random.Uint32())
			}
		case 1: // insert
			content = slices.Insert(content, at, noise(byte(seed), n)...)
		case 2: // remove
			content = slices.Delete(content, at, at+n)
		case 3: // move, or say twice
			content = append(content, content[at:at+n]...)
		}
	}
	return content
}

// Whatever the old and the new content, the delta applied to the old gives the new.
func TestADeltaGivesTheNewContent(t *testing.T) {
	for seed := range uint64(24) {
		old, other := noise(byte(seed), int(seed)*9000), bytes.Repeat(noise(byte(seed)+100, 700), int(seed))
		layer := edited(append(bytes.Clone(other), old...), seed)
		delta, copied := deltaOf(t, layer, old, other)
		got, err := apply(delta, len(layer), old, other)
		if err != nil || !bytes.Equal(got, layer) {
			t.Fatalf("edit %d: %d bytes for %d, %v", seed, len(got), len(layer), err)
		}
		if copied > 0 && len(delta) >= len(layer) {
			t.Errorf("edit %d: %d bytes say %d, of which %d are copied", seed, len(delta), len(layer), copied)
		}
	}
}

func FuzzADeltaGivesTheNewContent(f *testing.F) {
	f.Add([]byte("old"), []byte("new"), uint64(1))
	f.Add(noise(1, 10_000), noise(1, 12_000), uint64(2))
	f.Fuzz(func(t *testing.T, old, more []byte, seed uint64) {
		layer := edited(append(bytes.Clone(old), more...), seed)
		delta, _ := deltaOf(t, layer, old, more)
		if got, err := apply(delta, len(layer), old, more); err != nil || !bytes.Equal(got, layer) {
			t.Errorf("%d bytes for %d, %v", len(got), len(layer), err)
		}
	})
}

// What is copied costs next to nothing, also where it is longer than one copy may be.
func TestACopyIsSmall(t *testing.T) {
	old := noise(1, 5<<20)
	for name, layer := range map[string][]byte{
		"the same": old, "moved": slices.Concat(old[3<<20:], old[:3<<20]), "twice": slices.Concat(old, old),
	} {
		delta, copied := deltaOf(t, layer, old)
		if len(delta) > 32<<10 || copied < int64(len(layer)*99/100) {
			t.Errorf("%s: %d bytes, where %d of %d are copied", name, len(delta), copied, len(layer))
		}
		if got, err := apply(delta, len(layer), old); err != nil || !bytes.Equal(got, layer) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var out bytes.Buffer
	if err := Write(&out, Whole(0, int64(len(old))), bytes.NewReader(old)); err != nil || out.Len() > 400 {
		t.Errorf("a whole layer takes %d bytes, %v", out.Len(), err)
	}
	if got, err := apply(out.Bytes(), len(old), old); err != nil || !bytes.Equal(got, old) {
		t.Errorf("a whole layer: %v", err)
	}
}

// A base that is not what it was is found out before a wrong byte is written.
func TestABaseThatIsAnother(t *testing.T) {
	old := noise(2, 3<<20)
	layer := slices.Concat([]byte("new"), old)
	delta, _ := deltaOf(t, layer, old)
	for name, base := range map[string][]byte{
		"a changed byte": slices.Concat(old[:2<<20], []byte{old[2<<20] + 1}, old[2<<20+1:]),
		"another one":    noise(3, len(old)),
	} {
		got, err := apply(delta, len(layer), base)
		if !errors.Is(err, ErrBase) || !bytes.HasPrefix(layer, got) {
			t.Errorf("%s: %v after %d bytes", name, err, len(got))
		}
	}
	if _, err := apply(delta, len(layer), old[:1<<20]); !errors.Is(err, ErrMalformed) {
		t.Errorf("a shorter one: %v", err)
	}
}

func TestWriteNeedsTheLayer(t *testing.T) {
	layer := noise(4, 10_000)
	for _, base := range []int32{0, Literal} {
		parts := []Part{{Base: base, Length: int64(len(layer))}}
		if err := Write(&bytes.Buffer{}, parts, bytes.NewReader(layer[1:])); err == nil {
			t.Error("a layer that ends early counts as whole")
		}
	}
}

// number is one as a delta has it.
func number(n uint64) string { return string(binary.AppendUvarint(nil, n)) }

func TestHostileDeltas(t *testing.T) {
	base := noise(5, 1000)
	sum := sha256.Sum256(base[10:20])
	copying := func(base, offset, length uint64) string {
		return "\x01" + number(base) + number(offset) + number(length) + string(sum[:])
	}
	if got, err := apply([]byte(copying(0, 10, 10)+"\x00\x02hi"), 12, base); err != nil || !bytes.Equal(got[:10], base[10:20]) {
		t.Fatalf("%q, %v", got, err)
	}
	const huge = 1<<64 - 1
	for name, c := range map[string]struct {
		delta string
		size  int
		err   error
	}{
		"nothing":                 {"", 1, ErrMalformed},
		"of nothing":              {"", 0, nil},
		"an unknown kind":         {"\x02", 1, ErrMalformed},
		"cut short":               {copying(0, 10, 10)[:20], 10, ErrMalformed},
		"cut in a number":         {"\x01\xff", 10, ErrMalformed},
		"a literal cut short":     {"\x00\x05hi", 5, ErrMalformed},
		"an empty literal":        {"\x00\x00", 0, ErrMalformed},
		"a literal too long":      {"\x00\x02hi", 1, ErrMalformed},
		"a huge literal":          {"\x00" + number(huge) + "hi", 1 << 40, ErrMalformed},
		"a number too long":       {"\x00" + strings.Repeat("\xff", 11), 5, ErrMalformed},
		"less than was said":      {copying(0, 10, 10), 11, ErrMalformed},
		"more than was said":      {copying(0, 10, 10) + copying(0, 10, 10), 15, ErrMalformed},
		"of a layer below 0":      {copying(0, 10, 10), -1, ErrMalformed},
		"no such base":            {copying(1, 10, 10), 10, ErrMalformed},
		"a huge base":             {copying(huge, 10, 10), 10, ErrMalformed},
		"an offset behind it":     {copying(0, 1001, 10), 10, ErrMalformed},
		"a huge offset":           {copying(0, huge, 10), 10, ErrMalformed},
		"an end behind it":        {copying(0, 991, 10), 10, ErrMalformed},
		"an offset that wraps":    {copying(0, huge-5, 10), 10, ErrMalformed},
		"a huge copy":             {copying(0, 0, huge), 1 << 40, ErrMalformed},
		"a copy longer than most": {copying(0, 0, MaxCopy+1), 2 * MaxCopy, ErrMalformed},
		"an empty copy":           {copying(0, 0, 0), 0, ErrMalformed},
		"other bytes":             {copying(0, 11, 10), 10, ErrBase},
	} {
		if _, err := apply([]byte(c.delta), c.size, base); !errors.Is(err, c.err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := apply([]byte(copying(0, 0, 1)), 1); !errors.Is(err, ErrMalformed) {
		t.Errorf("a copy without a base: %v", err)
	}
}

// Whatever comes, there are never more bytes than were said, and an end without an error means all of them.
func FuzzApply(f *testing.F) {
	base := noise(6, 3000)
	delta, _ := deltaOf(f, slices.Concat(base, []byte("new"), base), base)
	f.Add(delta, 6003)
	f.Add([]byte("\x00\x02hi"), 2)
	f.Add([]byte{}, 0)
	f.Fuzz(func(t *testing.T, delta []byte, size int) {
		got, err := apply(delta, size, base, nil)
		if len(got) > max(size, 0) || (err == nil && len(got) != size) {
			t.Errorf("%d bytes of %d, %v", len(got), size, err)
		}
	})
}
