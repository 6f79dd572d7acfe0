package evasion

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"slices"
	"testing"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
)

var le = binary.LittleEndian

// An image is a file to edit, with what a reader has found in it before.
type image struct {
	testing.TB
	data []byte
	f    *goelf.File
}

// edit returns a copy of file that change has changed.
func edit(t testing.TB, file []byte, change func(m *image)) []byte {
	t.Helper()
	m := &image{t, slices.Clone(file), parse(t, file)}
	change(m)
	return m.data
}

func parse(t testing.TB, data []byte) *goelf.File {
	t.Helper()
	f, err := goelf.Parse("test", data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// at returns the file offset of an address.
func (m *image) at(addr uint64) uint64 {
	m.Helper()
	for i := range m.f.Progs {
		if p := &m.f.Progs[i]; elf.ProgType(p.Type) == elf.PT_LOAD && addr >= p.Vaddr && addr-p.Vaddr < p.Filesz {
			return p.Off + addr - p.Vaddr
		}
	}
	m.Fatalf("address %#x is not in the file", addr)
	return 0
}

// section returns a section and the file offset of its header.
func (m *image) section(name string) (*goelf.Section, uint64) {
	m.Helper()
	s := m.f.Section(name)
	if s == nil {
		m.Fatalf("there is no section %s", name)
	}
	return s, m.f.Header.Shoff + uint64(s.Index)*goelf.SectionHeaderSize
}

// segment returns the n-th program header of that type and its file offset.
func (m *image) segment(t elf.ProgType, n int) (*elf.Prog64, uint64) {
	m.Helper()
	for i := range m.f.Progs {
		if p := &m.f.Progs[i]; elf.ProgType(p.Type) == t {
			if n == 0 {
				return p, m.f.Header.Phoff + uint64(i)*goelf.ProgHeaderSize
			}
			n--
		}
	}
	m.Fatalf("there is no such %v", t)
	return nil, 0
}

// text returns the segment of code.
func (m *image) text() *elf.Prog64 {
	m.Helper()
	for i := range m.f.Progs {
		if p := &m.f.Progs[i]; elf.ProgType(p.Type) == elf.PT_LOAD && elf.ProgFlag(p.Flags)&elf.PF_X != 0 {
			return p
		}
	}
	m.Fatal("there is no executable segment")
	return nil
}

// replace overwrites the first old by new, of the same length.
func (m *image) replace(old, new string) {
	m.Helper()
	i := bytes.Index(m.data, []byte(old))
	if i < 0 || len(old) != len(new) {
		m.Fatalf("%q cannot be replaced by %q", old, new)
	}
	copy(m.data[i:], new)
}

// progs writes other program headers, as many as there were at most.
func (m *image) progs(progs []elf.Prog64) {
	m.Helper()
	if len(progs) > len(m.f.Progs) {
		m.Fatalf("%d program headers do not fit", len(progs))
	}
	for i := range m.f.Progs {
		var p elf.Prog64
		if i < len(progs) {
			p = progs[i]
		}
		b, err := binary.Append(nil, le, &p)
		if err != nil {
			m.Fatal(err)
		}
		copy(m.data[m.f.Header.Phoff+uint64(i)*goelf.ProgHeaderSize:], b)
	}
}

// addSegment adds a PT_LOAD with contents, or with those at file offset alias, after all others, in the place of headers that nobody needs.
// It returns its address and file offset.
func (m *image) addSegment(flags elf.ProgFlag, contents []byte, alias uint64) (addr, off uint64) {
	m.Helper()
	var progs []elf.Prog64
	var last elf.Prog64
	for _, p := range m.f.Progs {
		switch elf.ProgType(p.Type) {
		case elf.PT_LOAD:
			last = p
			progs = append(progs, p)
		case elf.PT_GNU_STACK:
			progs = append(progs, p)
		}
	}
	addr, off = (last.Vaddr+last.Memsz+0xffff)&^0xffff, alias&^0xfff
	size := uint64(4096)
	if contents != nil {
		for len(m.data)%4096 != 0 {
			m.data = append(m.data, 0)
		}
		off, size = uint64(len(m.data)), uint64(len(contents))
		m.data = append(m.data, contents...)
	}
	i := slices.Index(progs, last) + 1
	m.progs(slices.Insert(progs, i, elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(flags), Off: off, Vaddr: addr, Paddr: addr,
		Filesz: size, Memsz: size, Align: 4096}))
	return addr, off
}

// function returns the address of a function.
func (m *image) function(name string) uint64 {
	m.Helper()
	t, err := gobin.ReadFuncTable(m.f)
	if err != nil {
		m.Fatal(err)
	}
	module, err := gobin.ReadModule(m.f, t)
	if err != nil {
		m.Fatal(err)
	}
	for i := range t.Len() {
		if fn := t.At(i); fn.Name == name {
			return module.Text.Start + fn.Entry
		}
	}
	m.Fatalf("there is no function %s", name)
	return 0
}

// fips returns the file offset of the FIPS 140 record.
func (m *image) fips() uint64 {
	m.Helper()
	info, err := gobin.ReadFIPSInfo(m.f)
	if err != nil {
		m.Fatal(err)
	}
	return m.at(info.Self)
}

// sum makes the sum of the record at file offset off right for the file as it is now.
func (m *image) sum(off uint64) {
	m.Helper()
	var ranges [][]byte
	for i := range uint64(4) {
		start, end := le.Uint64(m.data[off+56+16*i:]), le.Uint64(m.data[off+64+16*i:])
		var b []byte
		if start != end {
			b = m.data[m.at(start):][:end-start]
		}
		ranges = append(ranges, b)
	}
	sum := gobin.FIPSSum(ranges)
	copy(m.data[off+16:], sum[:])
}

// packNote returns the file offset of the description of the note that marks a packed file.
func (m *image) packNote() uint64 {
	m.Helper()
	notes, err := m.f.Notes()
	if err != nil {
		m.Fatal(err)
	}
	for _, n := range notes {
		if n.Name == "go3s" && n.Type == 0x6b636170 {
			return n.Off + 20
		}
	}
	m.Fatal("the file is not packed")
	return 0
}

// literals returns data as an LZ4 block without matches.
func literals(data []byte) []byte {
	out := []byte{0xf0}
	n := len(data) - 15
	for ; n >= 255; n -= 255 {
		out = append(out, 255)
	}
	return append(append(out, byte(n)), data...)
}

// show makes a packed file show another program than the one that it unpacks into memory: good, as bytes that are in no segment.
func (m *image) show(good []byte) {
	m.Helper()
	rest := append(make([]byte, 8), good...)
	block := literals(rest)
	note := m.packNote()
	le.PutUint64(m.data[note+8:], uint64(len(good)))
	sum := sha256.Sum256(good)
	copy(m.data[note+16:], sum[:])
	for i, v := range []uint64{uint64(len(m.data)), uint64(len(block)), uint64(len(rest))} {
		le.PutUint64(m.data[note+64+8*uint64(i):], v)
	}
	_, header := m.section(".packed.rest")
	le.PutUint64(m.data[header+24:], uint64(len(m.data)))
	le.PutUint64(m.data[header+32:], uint64(len(block)))
	m.data = append(m.data, block...)
}
