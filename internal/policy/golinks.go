package policy

import (
	"debug/elf"
	"encoding/binary"

	"github.com/go3s/rules_go3s/internal/gobin"
)

// itabHead is the bytes of an itab up to the address of its first method.
const itabHead = 24

// checkLinks checks the tables by which the runtime finds types, itabs and
// initialisers. A release of Go with an unknown layout of them is a finding.
func checkLinks(in *Input, t *gobin.FuncTable, m *gobin.Module, segs loadTable, out *collector) {
	if _, err := in.goVersion(); err != nil {
		out.add("Go version", "it determines where the runtime finds types, itabs and initialisers, so these cannot be judged: %v", in.reason(err))
		return
	}
	l, err := gobin.ReadLinks(in.File, t)
	if err != nil {
		out.add("module data", "types, itabs and initialisers cannot be judged: %v", in.reason(err))
		return
	}
	// table returns the bytes of a table of count entries, nil when there are none.
	table := func(name string, addr, count, size uint64) []byte {
		if count == 0 {
			return nil
		}
		s, ok := segs.find(addr, 1)
		if off := addr - s0(s); !ok || off >= s.Filesz || count > (s.Filesz-off)/size {
			out.add("moduledata."+name, "its %d entries at %#x are not in the file part of one PT_LOAD segment", count, addr)
			return nil
		}
		off := addr - s.Vaddr
		return s.data[off : off+count*size]
	}
	for _, p := range []struct {
		name string
		addr uint64
	}{{"findfunctab", l.FindFuncTab}, {"gofunc", l.GoFunc}, {"rodata", l.ROData}} {
		if s, ok := segs.find(p.addr, 1); !ok || s.has(elf.PF_X) && p.name != "rodata" {
			out.add("moduledata."+p.name, "it is %#x, which is in no PT_LOAD segment of data", p.addr)
		}
	}
	if l.Types.Start > l.Types.End {
		out.add("moduledata.types", "they end at %#x, before their start %#x", l.Types.End, l.Types.Start)
		return
	}
	if s, ok := segs.find(l.Types.Start, 1); !ok || l.Types.End-s0(s) > s.Filesz {
		out.add("moduledata.types", "their addresses %#x to %#x are not in the file part of one PT_LOAD segment", l.Types.Start, l.Types.End)
		return
	}
	for b := table("typelinks", l.TypeLinks.Addr, l.TypeLinks.Len, 4); len(b) > 0 && !out.full(); b = b[4:] {
		if off := int32(binary.LittleEndian.Uint32(b)); off < 0 || uint64(off) >= l.Types.End-l.Types.Start {
			out.add("moduledata.typelinks", "one is %#x, want an offset in the %#x bytes of types", off, l.Types.End-l.Types.Start)
		}
	}
	for b := table("textsectmap", l.TextSects.Addr, l.TextSects.Len, 24); len(b) > 0 && !out.full(); b = b[24:] {
		off, end, base := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b[16:])
		// The last one may reach beyond etext, by what fills an instruction.
		if s, ok := segs.find(base, end-off); off > end || base < m.Text.Start || !ok || !s.has(elf.PF_X) {
			out.add("moduledata.textsectmap", "it has a section of %#x bytes at %#x, want one in the text, which begins at %#x", end-off, base, m.Text.Start)
		}
	}
	for b := table("inittasks", l.InitTasks.Addr, l.InitTasks.Len, 8); len(b) > 0 && !out.full(); b = b[8:] {
		addr := binary.LittleEndian.Uint64(b)
		if s, ok := segs.find(addr, 8); !ok || !s.has(elf.PF_W) {
			out.add("moduledata.inittasks", "one is at %#x, want it in a writable PT_LOAD segment", addr)
		}
	}
	for b := table("itablinks", l.ItabLinks.Addr, l.ItabLinks.Len, 8); len(b) > 0 && !out.full(); b = b[8:] {
		checkItab(binary.LittleEndian.Uint64(b), l, m, segs, out)
	}
	checkItabs(in, l, m, segs, out)
}

// checkItabs checks the itabs of Go 1.27, which follow each other. The interface type, which says how many methods there are, is
// not read: the first method and the words that say what an itab is are checked of the first one alone.
func checkItabs(in *Input, l *gobin.Links, m *gobin.Module, segs loadTable, out *collector) {
	if l.Itabs == (gobin.Range{}) {
		return
	}
	if l.Itabs.Start > l.Itabs.End {
		out.add("moduledata.itabs", "they end at %#x, before their start %#x", l.Itabs.End, l.Itabs.Start)
		return
	}
	if _, err := in.File.Bytes(l.Itabs.Start, l.Itabs.End-l.Itabs.Start); err != nil {
		out.add("moduledata.itabs", "%v", in.reason(err))
		return
	}
	if l.Itabs.Start < l.Itabs.End {
		checkItab(l.Itabs.Start, l, m, segs, out)
	}
}

// checkItab checks the itab at addr: its types are types, its first method is code.
func checkItab(addr uint64, l *gobin.Links, m *gobin.Module, segs loadTable, out *collector) {
	const size = itabHead + 8
	s, ok := segs.find(addr, size)
	if off := addr - s0(s); !ok || off > s.Filesz || s.Filesz-off < size {
		out.add("moduledata.itablinks", "an itab is at %#x, which is not in the file part of a PT_LOAD segment", addr)
		return
	}
	b := s.data[addr-s.Vaddr:]
	for i, name := range []string{"interface", "type"} {
		if t := binary.LittleEndian.Uint64(b[8*i:]); t < l.Types.Start || t >= l.Types.End {
			out.add("itab", "the itab at %#x has its %s at %#x, want it in the types %#x to %#x", addr, name, t, l.Types.Start, l.Types.End)
		}
	}
	if f := binary.LittleEndian.Uint64(b[itabHead:]); f != 0 && (f < m.Text.Start || f >= m.Text.End) {
		out.add("itab", "the itab at %#x has its first method at %#x, want it in the text %#x to %#x", addr, f, m.Text.Start, m.Text.End)
	}
}

// s0 returns the address of a segment, 0 of none.
func s0(s loadSegment) uint64 {
	if s.Prog64 == nil {
		return 0
	}
	return s.Vaddr
}
