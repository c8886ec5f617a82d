//go:build bench

package bench

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// The parts of what an image holds, in segments of 64 KiB: text such as sources and scripts, machine code, and what is
// compressed already, such as pictures and archives.
const (
	segment     = 64 << 10
	textParts   = 9
	codeParts   = 8
	packedParts = 3
)

// stock is what content is put together from: words, and instructions whose first bytes repeat and whose operands do not.
type stock struct {
	random       *rand.Rand
	often        *rand.Zipf
	words        [][]byte
	instructions [][]byte
}

const stocked = 8192

func newStock(seed uint64) *stock {
	s := &stock{random: rand.New(rand.NewPCG(seed, seed))}
	// The words and instructions are the same for every seed, as a language's are.
	common := rand.New(rand.NewPCG(1, 1))
	for range stocked {
		word := make([]byte, 2+common.IntN(9))
		for i := range word {
			word[i] = byte('a' + common.IntN(26))
		}
		s.words = append(s.words, append(word, " \n(.,"[common.IntN(5)]))
		instruction := make([]byte, 3+common.IntN(9))
		for i := range instruction {
			instruction[i] = byte(common.Uint32())
		}
		s.instructions = append(s.instructions, instruction)
	}
	s.often = rand.NewZipf(s.random, 1.1, 8, stocked-1)
	return s
}

// make is content of a size; the same seed and the same calls give the same bytes.
func (s *stock) make(size int) []byte {
	out := make([]byte, 0, size+segment)
	for len(out) < size {
		end := len(out) + segment
		switch part := s.random.IntN(textParts + codeParts + packedParts); {
		case part < textParts:
			for len(out) < end {
				out = append(out, s.words[s.often.Uint64()]...)
			}
		case part < textParts+codeParts:
			for len(out) < end {
				out = append(out, s.instructions[s.often.Uint64()]...)
				out = binary.LittleEndian.AppendUint16(out, uint16(s.random.Uint32()))
			}
		default:
			for len(out) < end {
				out = binary.LittleEndian.AppendUint64(out, s.random.Uint64())
			}
		}
	}
	return out[:size]
}

// fill puts count files of content into a folder, and takes away what was there.
func (s *stock) fill(t *testing.T, dir string, count, size int) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range count {
		if err := os.WriteFile(filepath.Join(dir, "part-"+strconv.Itoa(i)), s.make(size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
