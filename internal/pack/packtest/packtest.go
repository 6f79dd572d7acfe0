// Package packtest makes packed files that no packer makes, for tests of readers.
package packtest

import (
	"debug/elf"
	"encoding/binary"
	"testing"

	"github.com/go3s/rules_go3s/internal/arch/all"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/link"
	"github.com/go3s/rules_go3s/internal/pack/unpacker"
)

// Where in the note's descriptor the file offsets of the header and of its end are.
const (
	noteHeader = 48
	noteEnd    = noteHeader + 8
)

// Bomb returns a packed file of about size bytes that unpacks to image bytes. All in it is as in a right one, code, checksums and addresses
// among it, but what it unpacks to, zeros, is not what its note says. packed is a right one.
func Bomb(t testing.TB, packed []byte, size int, image uint64) []byte {
	t.Helper()
	le := binary.LittleEndian
	f, err := goelf.Parse("packed", packed)
	if err != nil {
		t.Fatal(err)
	}
	last := len(f.Progs) - 1
	for elf.ProgType(f.Progs[last].Type) != elf.PT_LOAD {
		last--
	}
	p := &f.Progs[last]
	block := zeros(image)
	payload := goelf.Encode(unpacker.Header{Image: image, Span: image, Room: goelf.AlignUp(image, 4096), Page: 4096, NBlocks: 1})
	start := goelf.AlignUp(uint64(len(payload))+32-8, unpacker.SumUnit) + 8 // of the data; a Block has 32 bytes
	payload = append(payload, goelf.Encode(unpacker.Block{Size: image, Data: start, Packed: uint64(len(block))})...)
	payload = append(payload, make([]byte, start-uint64(len(payload)))...)
	payload = append(payload, block...)
	payload = append(payload, make([]byte, max(0, size-len(packed)-len(payload)))...)
	payload = append(payload, make([]byte, -(len(payload)-8)&(unpacker.SumUnit-1))...)
	le.PutUint64(payload[8:], unpacker.Sum(payload[start:]))
	le.PutUint64(payload, unpacker.Sum(payload[8:start]))

	// The payload follows the file, in its last segment.
	out := append(packed[:len(packed):len(packed)], make([]byte, -len(packed)&7)...)
	header := uint64(len(out))
	out = append(out, payload...)
	end := uint64(len(out))
	entry := goelf.HeaderSize + last*goelf.ProgHeaderSize
	le.PutUint64(out[entry+32:], end-p.Off) // p_filesz, p_memsz (gABI 5, "Program Header")
	le.PutUint64(out[entry+40:], end-p.Off)
	a := all.Of(f.GOARCH())
	code, err := link.Place(a, a.Unpacker, f.Header.Entry, func(name string) (uint64, bool) {
		addr, ok := map[string]uint64{"_start": f.Header.Entry, "__pack_header": p.Vaddr + header - p.Off, "__pack_end": p.Vaddr + end - p.Off}[name]
		return addr, ok
	})
	if err != nil {
		t.Fatal(err)
	}
	copy(out[f.Section(".text").Off:], code)
	note := f.Section(".note.go3s.pack")
	desc := out[note.Off+12+8:] // after the sizes, the type and the name
	le.PutUint64(desc[noteHeader:], header)
	le.PutUint64(desc[noteEnd:], end)
	return out
}

// zeros returns an LZ4 block that decodes to n zeros: one, matches of it, and literals.
func zeros(n uint64) []byte {
	const literals = 12 // no match may be nearer to the end
	length := n - 1 - literals - 4 - 15
	block := []byte{1<<4 | 15, 0, 1, 0}
	for ; length >= 255; length -= 255 {
		block = append(block, 255)
	}
	block = append(block, byte(length), literals<<4)
	return append(block, make([]byte, literals)...)
}
