package pack

import (
	"fmt"
	"slices"
	"unsafe"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/pack/unpacker"
)

// A Payload is a packed file taken apart.
type Payload struct {
	Original *goelf.File
	Header   *unpacker.Header
	Rest     uint64 // bytes of the packed file for what is in the original and not in its memory

	data []byte
}

// Open takes the packed file f apart. It fails as Unpack does. The caller closes the payload.
func Open(f *goelf.File) (*Payload, error) {
	original, err := Unpack(f)
	if err != nil {
		return nil, err
	}
	n, err := findNote(f)
	if err != nil {
		return nil, err
	}
	data := words(f.Data[n.Header:n.End])
	return &Payload{original, unpacker.Check(data), n.RestPacked, data}, nil
}

// Close ends the use of the original.
func (p *Payload) Close() error { return p.Original.Close() }

// words returns a copy of b with the alignment that the unpacker's header has.
func words(b []byte) []byte {
	words := make([]uint64, (len(b)+7)/8)
	out := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(b))
	copy(out, b)
	return out
}

// A Sequence is one of an LZ4 block: literals, and a match after them, which the last one of a block does not have.
type Sequence struct {
	At       int // where it begins, in bytes from the first one of the image
	Literals int // their number
	Match    int // bytes of the match
	Offset   int // of the match: so many bytes before it
	Extra    int // bytes of the sequence besides the literals: token, lengths and offset
}

// Each calls visit for each sequence, in the order of the payload.
func (p *Payload) Each(visit func(Sequence)) error {
	for _, b := range p.Header.Blocks() {
		at := int(b.Start)
		err := sequences(p.data[b.Data:b.Data+b.Packed], func(s Sequence) {
			s.At = at
			visit(s)
			at += s.Literals + s.Match
		})
		if err != nil {
			return fmt.Errorf("%s: block of %#x: %w", p.Original.Name, b.Start, err)
		}
	}
	return nil
}

// Spread returns how many bytes of the payload parts of the original take. starts are the addresses in its memory where parts begin,
// ascending; each ends where the next one begins. What comes before all of them counts for none.
func (p *Payload) Spread(starts []uint64) ([]uint64, error) {
	packed := make([]uint64, len(starts))
	add := func(at int, n uint64) {
		i, found := slices.BinarySearch(starts, p.Header.Base+uint64(at))
		if !found {
			i--
		}
		if i >= 0 {
			packed[i] += n
		}
	}
	err := p.Each(func(s Sequence) {
		for i := range s.Literals {
			add(s.At+i, 1)
		}
		add(s.At+s.Literals, uint64(s.Extra))
	})
	return packed, err
}

// sequences calls f for each sequence of a block, which the unpacker has decoded. At is left to f.
func sequences(block []byte, f func(Sequence)) error {
	at := 0
	next := func() int {
		at++
		return int(block[at-1])
	}
	extend := func(n int) int {
		for more := n == longLength; more; {
			b := next()
			n += b
			more = b == 255
		}
		return n
	}
	for {
		start := at
		token := next()
		literals := extend(token >> 4)
		if at += literals; at >= len(block) {
			if at > len(block) {
				return fmt.Errorf("%d literals beyond its end", at-len(block))
			}
			f(Sequence{Literals: literals, Extra: at - start - literals})
			return nil
		}
		offset := next() | next()<<8
		if offset == 0 {
			offset = next() | next()<<8 | next()<<16
		}
		length := extend(token&longLength) + minMatch
		f(Sequence{Literals: literals, Match: length, Offset: offset, Extra: at - start - literals})
	}
}
