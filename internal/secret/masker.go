package secret

import (
	"container/list"
	"crypto/sha256"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	// minMasked is the shortest text that is masked, in bytes: shorter ones are in too much else.
	minMasked = 4
	// minLine is the shortest line of a longer value that is masked by itself.
	minLine = 8
	// minCut is how much of a value a text has to end with, at the least, to be taken for one that was cut.
	minCut = 12
	// maxForms bounds the forms that are kept, in bytes of text. The values that were learned longest ago go first.
	maxForms = 32 << 20
)

// Masker replaces secret values in text, in the forms that they take on their way. The zero value knows none. It is safe
// for concurrent use, and costs next to nothing while it knows none.
//
// It keeps tens of megabytes of forms at most, which is some tens of thousands of passwords. Past that it forgets the
// values that were learned longest ago; a value that is learned again counts as new.
type Masker struct {
	knows atomic.Bool

	mu sync.RWMutex
	// index are the forms by their first bytes, the longest first.
	index map[uint32][]form
	// known are the values by digest; recent has them in the order of learning, the newest first.
	known  map[[sha256.Size]byte]*list.Element
	recent list.List // of learned
	size   int
}

// form is a text to mask, and how many values have it.
type form struct {
	text string
	uses int
}

type learned struct {
	digest [sha256.Size]byte
	forms  []string
}

// Learn has a value replaced from now on. Values shorter than 4 bytes are not: too much else would be.
func (m *Masker) Learn(value String) {
	text := value.Reveal()
	if m == nil || len(text) < minMasked {
		return
	}
	digest := sha256.Sum256([]byte(text))
	m.mu.Lock()
	defer m.mu.Unlock()
	if at, ok := m.known[digest]; ok {
		m.recent.MoveToFront(at)
		return
	}
	if m.known == nil {
		m.known, m.index = map[[sha256.Size]byte]*list.Element{}, map[uint32][]form{}
	}
	l := learned{digest: digest, forms: formsOf(text)}
	for _, form := range l.forms {
		m.add(form)
	}
	m.known[digest] = m.recent.PushFront(l)
	for m.size > maxForms && m.recent.Len() > 1 {
		m.forget(m.recent.Back())
	}
	m.knows.Store(true)
}

func (m *Masker) add(text string) {
	key := keyOf(text)
	forms := m.index[key]
	i, found := find(forms, text)
	if found {
		forms[i].uses++
		return
	}
	m.index[key] = slices.Insert(forms, i, form{text, 1})
	m.size += len(text)
}

func (m *Masker) forget(at *list.Element) {
	l := m.recent.Remove(at).(learned)
	delete(m.known, l.digest)
	for _, text := range l.forms {
		key := keyOf(text)
		forms := m.index[key]
		i, found := find(forms, text)
		if !found {
			continue
		}
		if forms[i].uses--; forms[i].uses > 0 {
			continue
		}
		m.size -= len(text)
		if forms = slices.Delete(forms, i, i+1); len(forms) == 0 {
			delete(m.index, key)
		} else {
			m.index[key] = forms
		}
	}
}

// find looks for a text in forms that are sorted by length, the longest first, and then by text.
func find(forms []form, text string) (int, bool) {
	return slices.BinarySearchFunc(forms, text, func(f form, text string) int {
		if len(f.text) != len(text) {
			return len(text) - len(f.text)
		}
		return strings.Compare(f.text, text)
	})
}

func keyOf(text string) uint32 {
	return uint32(text[0]) | uint32(text[1])<<8 | uint32(text[2])<<16 | uint32(text[3])<<24
}

// Mask puts three stars in the place of every known value, and one three for values that touch or overlap. A nil Masker
// knows none. A text that ends within a value, as one that was cut does, loses what it has of it.
func (m *Masker) Mask(text string) string {
	if m == nil || !m.knows.Load() || len(text) < minMasked {
		return text
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	var out strings.Builder
	written, from, to := 0, -1, -1 // text[from:to] is to be masked
	for i := 0; i+minMasked <= len(text); i++ {
		n := m.longest(text[i:])
		if n == 0 {
			continue
		}
		if i > to {
			if from >= 0 {
				out.WriteString(text[written:from] + shown)
				written = to
			}
			from = i
		}
		to = max(to, i+n)
	}
	if from < 0 {
		return text
	}
	out.WriteString(text[written:from] + shown + text[to:])
	return out.String()
}

// longest is the length of the longest form that text begins with. All of the text counts where it is the beginning of one.
func (m *Masker) longest(text string) int {
	for _, form := range m.index[keyOf(text)] {
		if strings.HasPrefix(text, form.text) || len(text) >= minCut && strings.HasPrefix(form.text, text) {
			return min(len(form.text), len(text))
		}
	}
	return 0
}
