package syscalls

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// # Addresses of code in data
//
// Data that holds the address of a function lets code that nobody can name call it. Such addresses are
// whole words, whoever they are for; in a PIE, those that are relocated at start: others are numbers, which equal the low
// addresses of a PIE by chance. Words of Go's function table are offsets and never addresses, though some have the value of one, in
// large programs and at the low addresses of arm64. The type descriptors of Go have 32-bit offsets of methods, by
// which package reflect calls them.

// scanData finds the addresses of code in data. It fails when relocations cannot be read.
func (a *Analysis) scanData(g *graph) error {
	p := a.program
	if len(p.Funcs) == 0 {
		return nil
	}
	low, high := p.Funcs[0].Addr, p.Funcs[len(p.Funcs)-1].End()
	pie := elf.Type(p.File.Header.Type) == elf.ET_DYN
	tables := a.functionTable()
	word := func(at, word uint64) {
		if m := p.Module; word < low || word >= high || m != nil && at-m.Addr < gobin.ModuleSize { // where the text begins and ends
			return
		}
		if f, ok := g.index[word]; ok {
			g.inData[f] = true
		} else if fn := p.Find(word); fn != nil {
			f := g.index[fn.Addr]
			g.words[f] = append(g.words[f], word)
		}
	}
	for i := range p.File.Progs {
		seg := &p.File.Progs[i]
		if elf.ProgType(seg.Type) != elf.PT_LOAD || pie {
			continue
		}
		data, err := p.File.SegmentData(seg)
		if err != nil {
			return err
		}
		for off := int(-seg.Vaddr & 7); off+8 <= len(data); off += 8 {
			if at := seg.Vaddr + uint64(off); at < tables.Start || at >= tables.End {
				word(at, binary.LittleEndian.Uint64(data[off:]))
			}
		}
	}
	for _, r := range a.relocs {
		word(r.Site, r.Addend)
	}
	a.scanMethods(g)
	return nil
}

// functionTable returns the addresses of Go's function table, which ends with the table by which the runtime finds functions.
// There are none where the module data does not tell that, or the memory is written.
func (a *Analysis) functionTable() gobin.Range {
	t, err := gobin.ReadFuncTable(a.program.File)
	if err != nil {
		return gobin.Range{}
	}
	l, err := gobin.ReadLinks(a.program.File, t)
	if err != nil || l.FindFuncTab < t.Addr {
		return gobin.Range{}
	}
	first, end := t.Span()
	r := gobin.Range{Start: t.Addr, End: l.FindFuncTab + goabi.FindFuncTabSize(end-first)}
	if r.End < r.Start || a.readOnly(r.Start, r.End-r.Start) == nil {
		return gobin.Range{}
	}
	return r
}

// typesName is the name of the type descriptors where a report names functions.
const typesName = "(type descriptors)"

// scanMethods finds the methods in Go's type descriptors. Where they are is not worked out:
// anything counts that looks like a method. The linker keeps both functions of a method or none.
func (a *Analysis) scanMethods(g *graph) {
	m := a.program.Module
	if m == nil {
		return
	}
	if m.TypesErr != nil {
		a.addOther(typesName, m.Addr, "they cannot be read, so methods that reflection calls may make any call: "+goelf.Reason(a.program.File, m.TypesErr))
		return
	}
	b, err := a.program.File.Bytes(m.Types.Start, m.Types.End-m.Types.Start)
	if err != nil { // ReadModule has checked it
		a.addOther(typesName, m.Types.Start, "they cannot be read, so methods that reflection calls may make any call")
		return
	}
	for i := 0; i+methodSize <= len(b); i += 4 {
		f1, ok1 := g.index[m.Text.Start+uint64(binary.LittleEndian.Uint32(b[i+8:]))]
		f2, ok2 := g.index[m.Text.Start+uint64(binary.LittleEndian.Uint32(b[i+12:]))]
		if ok1 && ok2 && isMethod(b, i) {
			g.inData[f1], g.inData[f2] = true, true
		}
	}
}

// methodSize is that of internal/abi.Method in bytes: 32-bit offsets of name and type in the descriptors, then of two functions
// in the text.
const methodSize = 16

// isMethod reports whether at off in the type descriptors b there is something that looks like a method, functions apart: a
// name and the type of a function. The counts of methods before the first method, and the offset of its name, would look like one
// without a test of the type.
func isMethod(b []byte, off int) bool {
	name, typ := uint64(binary.LittleEndian.Uint32(b[off:])), uint64(binary.LittleEndian.Uint32(b[off+4:]))
	return isName(b, name) && typ+goabi.TypeKind < uint64(len(b)) && b[typ+goabi.TypeKind]&goabi.TypeKindMask == goabi.KindFunc
}

// isName reports whether at off in the type descriptors b there is something that looks like a
// name (internal/abi/type.go, Name): a byte of four flags, the length, which
// is not 0, and the text.
func isName(b []byte, off uint64) bool {
	if off >= uint64(len(b)) || b[off] >= 16 {
		return false
	}
	length, n := binary.Uvarint(b[off+1:])
	text := b[off+1+uint64(max(n, 0)):]
	return n > 0 && length > 0 && length <= uint64(len(text)) && (text[0] == '_' || text[0] >= 'A')
}

// constantWord returns the 8 bytes at addr if they are in memory that is not written after the start:
// in a segment that is not writable, or in what PT_GNU_RELRO says. The latter is taken for granted only where that
// makes the list longer.
func (a *Analysis) constantWord(addr uint64) (uint64, bool) {
	f := a.program.File
	b := a.readOnly(addr, 8)
	for i := 0; b == nil && i < len(f.Progs); i++ {
		if p := &f.Progs[i]; elf.ProgType(p.Type) == elf.PT_GNU_RELRO && addr >= p.Vaddr && addr-p.Vaddr < p.Memsz {
			b, _ = f.Bytes(addr, 8)
		}
	}
	if b == nil {
		return 0, false
	}
	if i, ok := slices.BinarySearchFunc(a.relocs, addr, func(r goelf.Relocation, addr uint64) int { return cmp.Compare(r.Site, addr) }); ok {
		return a.relocs[i].Addend, true
	}
	return binary.LittleEndian.Uint64(b), true
}

// readOnly returns the size bytes that the file has for addr, nil if they are not all
// in one segment that is not writable.
func (a *Analysis) readOnly(addr, size uint64) []byte {
	seg := a.segment(addr)
	if seg == nil || elf.ProgFlag(seg.Flags)&elf.PF_W != 0 {
		return nil
	}
	b, err := a.program.File.Bytes(addr, size)
	if err != nil {
		return nil
	}
	return b
}

func (a *Analysis) isWritable(addr uint64) bool {
	seg := a.segment(addr)
	return seg != nil && elf.ProgFlag(seg.Flags)&elf.PF_W != 0
}

func (a *Analysis) segment(addr uint64) *elf.Prog64 {
	for i := range a.program.File.Progs {
		if p := &a.program.File.Progs[i]; elf.ProgType(p.Type) == elf.PT_LOAD && addr >= p.Vaddr && addr-p.Vaddr < p.Memsz {
			return p
		}
	}
	return nil
}

// mentions reports whether a string of the program's read-only data holds text.
func (a *Analysis) mentions(text string) bool {
	for i := range a.program.File.Progs {
		p := &a.program.File.Progs[i]
		if elf.ProgType(p.Type) != elf.PT_LOAD {
			continue
		}
		if data, err := a.program.File.SegmentData(p); err == nil && bytes.Contains(data, []byte(text)) {
			return true
		}
	}
	return false
}
