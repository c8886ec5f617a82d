package chunk

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func noise(seed byte, size int) []byte {
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(content) // never fails
	return content
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func of(t testing.TB, data []byte) *Index {
	t.Helper()
	index, err := Of(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return index
}

// The chunks are all of the content, and their sums its SHA-256.
func TestAnIndexIsOfTheContent(t *testing.T) {
	for name, data := range map[string][]byte{
		"nothing": nil, "a byte": {1}, "small": noise(1, 511), "noise": noise(2, 1<<20+7),
		"zeroes": make([]byte, 1<<20), "text": bytes.Repeat([]byte("the same again and again\n"), 20_000),
	} {
		index := of(t, data)
		rest := data
		for _, c := range index.Chunks {
			sum := sha256.Sum256(rest[:c.Length])
			if c.Length == 0 || c.Sum != Sum(sum[:SumSize]) {
				t.Fatalf("%s: a chunk of %d bytes is not what is there", name, c.Length)
			}
			rest = rest[c.Length:]
		}
		if len(rest) > 0 || index.Size != int64(len(data)) {
			t.Errorf("%s: %d bytes are in no chunk", name, len(rest))
		}
		w := NewWriter(int64(len(data)))
		for piece := range slices.Chunk(data, 1000) {
			if _, err := w.Write(piece); err != nil {
				t.Fatal(err)
			}
		}
		if written, err := w.Close(); err != nil || !reflect.DeepEqual(written.Chunks, index.Chunks) && len(data) > 0 {
			t.Errorf("%s: written piece by piece it has other chunks, %v", name, err)
		}
	}
}

// Indexes that were kept stay of use as long as the cuts are the same.
func TestTheCutsStay(t *testing.T) {
	data, err := of(t, noise(3, 1<<20)).Encode(digest(nil))
	if err != nil {
		t.Fatal(err)
	}
	const want = "sha256:156ad2c02e9750268df01babb99c31fa5bdfbd126644686d8b3ff37b2a567b66"
	if got := digest(data); got != want {
		t.Errorf("the index of the same bytes is %s, and was %s: indexes on hosts are of no use any more", got, want)
	}
}

// What is put in moves no cut far from it.
func TestAChangeStaysWhereItIs(t *testing.T) {
	old := noise(4, 4<<20)
	known := map[Chunk]bool{}
	for _, c := range of(t, old).Chunks {
		known[c] = true
	}
	if usual := len(old) / len(known); usual < smallest/2 || usual > smallest*2 {
		t.Errorf("a chunk has %d bytes", usual)
	}
	for name, changed := range map[string][]byte{
		"one byte": slices.Concat(old[:1<<20], []byte{old[1<<20] + 1}, old[1<<20+1:]),
		"inserted": slices.Concat(old[:1<<20], []byte("something new"), old[1<<20:]),
		"removed":  slices.Concat(old[:1<<20], old[1<<20+5000:]),
		"in front": slices.Concat([]byte{0}, old),
	} {
		more := 0
		for _, c := range of(t, changed).Chunks {
			if !known[c] {
				more += int(c.Length)
			}
		}
		if more == 0 || more > 8*smallest {
			t.Errorf("%s: %d bytes are in new chunks", name, more)
		}
	}
}

func TestLargeLayersHaveLargerChunks(t *testing.T) {
	last := 0
	for _, size := range []int64{1, 512 << 20, 512<<20 + 1, 4 << 30, 4<<30 + 1, 256 << 30} {
		how, err := options(size)
		if err != nil || how.NormalSize < last || size/int64(how.NormalSize) > perClass {
			t.Errorf("%d bytes: %+v, %v", size, how, err)
			continue
		}
		last = how.NormalSize
	}
	if _, err := Of(broken{}, 256<<30+1); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a layer that is too large: %v", err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("it is read") }

func TestWhatIsNotWhole(t *testing.T) {
	data := noise(5, 300_000)
	for _, said := range []int64{int64(len(data)) - 1, int64(len(data)) + 1} {
		if _, err := Of(bytes.NewReader(data), said); err == nil {
			t.Errorf("%d bytes count as %d", len(data), said)
		}
		w := NewWriter(said)
		if _, err := w.Write(data); err != nil {
			t.Errorf("whoever writes fails: %v", err)
		}
		if _, err := w.Close(); err == nil {
			t.Errorf("%d written bytes count as %d", len(data), said)
		}
	}
	if _, err := Of(broken{}, 10); err == nil || !strings.Contains(err.Error(), "it is read") {
		t.Errorf("a layer that cannot be read: %v", err)
	}
}

func TestAnIndexAsAFile(t *testing.T) {
	content := noise(6, 400_000)
	layer := digest(content)
	index := of(t, content)
	file, err := index.Encode(layer)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Decode(file, layer); err != nil || !reflect.DeepEqual(got, index) {
		t.Fatalf("%+v, %v", got, err)
	}
	if len(file) > len(content)/80 {
		t.Errorf("it takes %d bytes of %d", len(file), len(content))
	}
	if _, err := Decode(file, digest([]byte("x"))); !errors.Is(err, ErrMalformed) {
		t.Errorf("it counts as another layer's: %v", err)
	}
	for _, name := range []string{"", "sha256:", "sha256:../../etc/passwd", layer[7:], strings.ToUpper(layer), layer + "0"} {
		if _, err := index.Encode(name); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q counts as a digest: %v", name, err)
		}
	}
	for at := range file {
		spoilt := bytes.Clone(file)
		spoilt[at] ^= 1
		if _, err := Decode(spoilt, layer); !errors.Is(err, ErrMalformed) {
			t.Fatalf("it is damaged at %d: %v", at, err)
		}
	}
	for cut := range file {
		if _, err := Decode(file[:cut], layer); !errors.Is(err, ErrMalformed) {
			t.Fatalf("%d bytes of it: %v", cut, err)
		}
	}
}

// sealed adds the SHA-256 that a file ends with.
func sealed(data []byte) []byte {
	sum := sha256.Sum256(data)
	return append(bytes.Clone(data), sum[:]...)
}

func TestFilesThatAreNoIndex(t *testing.T) {
	layer := digest([]byte("x"))
	raw, err := digestOf(layer)
	if err != nil {
		t.Fatal(err)
	}
	start := head + string(raw)
	sum := strings.Repeat("s", SumSize)
	if _, err := Decode(sealed([]byte(start+"\x05\x01\x05"+sum)), layer); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{
		"nothing":           "",
		"another kind":      "longshore chunks 2\n" + string(raw) + "\x00\x00",
		"no numbers":        start,
		"one number":        start + "\x05",
		"a huge count":      start + "\x05\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x05" + sum,
		"a number too long": start + strings.Repeat("\xff", 11),
		"an empty chunk":    start + "\x05\x01\x00" + sum,
		"a huge chunk":      start + "\x05\x01\xff\xff\xff\xff\x0f" + sum,
		"another size":      start + "\x06\x01\x05" + sum,
		"too few sums":      start + "\x05\x01\x05" + sum[1:],
		"too many sums":     start + "\x05\x01\x05" + sum + "s",
	} {
		if _, err := Decode(sealed([]byte(file)), layer); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever counts as an index fits together, and is the same when it is written again.
func FuzzDecode(f *testing.F) {
	layer := digest([]byte("x"))
	for _, data := range [][]byte{nil, noise(7, 3000), noise(8, 50_000)} {
		file, err := of(f, data).Encode(layer)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file[:len(file)-sha256.Size])
	}
	f.Add([]byte(head))
	f.Fuzz(func(t *testing.T, data []byte) {
		index, err := Decode(sealed(data), layer)
		if err != nil {
			return
		}
		size := int64(0)
		for _, c := range index.Chunks {
			size += int64(c.Length)
		}
		file, err := index.Encode(layer)
		again, wrong := Decode(file, layer)
		if err != nil || wrong != nil || size != index.Size || !reflect.DeepEqual(again, index) {
			t.Errorf("%v, %v: it says %d bytes and has %d", err, wrong, index.Size, size)
		}
	})
}

func TestAStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	s := NewStore(dir)
	if err := s.Prune(); err != nil {
		t.Errorf("without a folder: %v", err)
	}
	content := noise(9, Least)
	layer := digest(content)
	if _, err := s.Get(layer); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not there: %v", err)
	}
	for _, whole := range []bool{false, true} {
		w, done := s.Watch(layer, Least)
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
		done(whole)
		if index, err := s.Get(layer); (err == nil) != whole || (whole && !reflect.DeepEqual(index, of(t, content))) {
			t.Errorf("seen whole %v: %v, %v", whole, index, err)
		}
	}
	for name, size := range map[string]int64{"known": Least, "small": Least - 1} {
		w, done := s.Watch(layer, size)
		if done(true); w != nil {
			t.Errorf("a layer that is %s is looked at", name)
		}
	}
	path := filepath.Join(dir, Name(layer))
	if err := os.Truncate(path, 100); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(layer); !errors.Is(err, fs.ErrNotExist) || !errors.Is(err, ErrMalformed) {
		t.Errorf("a damaged one: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	if err := errors.Join(s.Put(layer, of(t, content)), s.Drop(layer), s.Drop(layer)); err != nil {
		t.Error(err)
	}
	if _, err := s.Get("sha256:../../../etc/passwd"); !errors.Is(err, ErrMalformed) {
		t.Errorf("a path: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}

func TestPrune(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		age  time.Duration
		size int64
	}{
		"used": {time.Hour, 100}, "unused": {Kept + time.Hour, 100}, "new-crashed": {Kept + time.Hour, 1},
		"large": {2 * time.Hour, keptBytes - 100}, "too much": {3 * time.Hour, 1},
	} {
		path := filepath.Join(dir, name)
		at := time.Now().Add(-c.age)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, c.size), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	if err := NewStore(dir).Prune(); err != nil {
		t.Fatal(err)
	}
	var left []string
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if err != nil || !slices.Equal(left, []string{"large", "used"}) {
		t.Errorf("left: %q, %v", left, err)
	}
}
