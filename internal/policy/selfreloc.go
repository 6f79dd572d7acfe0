package policy

// # A program that relocates itself
//
// Whether a static PIE starts depends on its first instructions: they must find the
// load address and the table of relocations, and go through the table before any
// code uses an address from the data. golink's entry code does that. It is
// recognised byte by byte (entrystub.go); here each place that the linker filled in
// is checked against what PT_DYNAMIC and PT_GNU_RELRO say, by filling it in again.
//
// Other linkers take the code from a C library. There the proof is weaker: the
// instructions that are reached from the entry point by direct jumps and calls are
// decoded until one refers to PT_DYNAMIC, to a relocation table or to the ELF header.
// A program that never does so cannot relocate itself; the file that `go build
// -buildmode=pie -ldflags=-d` makes is one.

import (
	"bytes"
	"cmp"
	"debug/elf"
	"slices"

	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/arch/all"
	"github.com/go3s/rules_go3s/internal/disasm"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
)

var selfRelocation = Rule{
	ID:       "self-relocation",
	What:     "The program begins with code that applies its relocations.",
	Why:      "The kernel loads a PIE at a random address and changes nothing in it. Without a loader, and without code of its own, the program follows addresses of link time and crashes at start, while other checkers call it PIE.",
	Evidence: "The code at the entry point: golink's entry code byte by byte, with what the linker filled in (load address, DT_RELR table, PT_GNU_RELRO, DT_DEBUG, Go's entry function) compared with the headers; in programs of other linkers an instruction, reached from the entry point by direct jumps and calls, that refers to PT_DYNAMIC, a relocation table or the ELF header.",
	Remedy:   "Link with golink.",
	Ref:      "internal/arch/*/entry_pie.s; golang/go#80464",
	Severity: Error,
	NotApplicable: func(in *Input) string {
		if elf.Type(in.File.Header.Type) != elf.ET_DYN {
			return "the file is at fixed addresses"
		}
		if len(segments(in.File, elf.PT_INTERP)) > 0 {
			return "the file names a loader, which relocates it"
		}
		return ""
	},
	Check: checkSelfRelocation,
}

func checkSelfRelocation(in *Input) []Finding {
	f := in.File
	if code := entryStub(f); code.Start < code.End {
		return checkStub(in, code)
	}
	var places rangeSet
	add := func(addr, size uint64) { places = append(places, gobin.Range{Start: addr, End: addr + size}) }
	for _, p := range segments(f, elf.PT_DYNAMIC) {
		add(p.Vaddr, p.Memsz)
	}
	entries, _, _ := dynamicEntries(f)
	for _, tags := range [][2]elf.DynTag{{elf.DT_RELA, elf.DT_RELASZ}, {goelf.DT_RELR, goelf.DT_RELRSZ}} {
		if addr, ok := dynamicValue(entries, tags[0]); ok {
			size, _ := dynamicValue(entries, tags[1])
			if addr+size >= addr {
				add(addr, size)
			}
		}
	}
	for _, s := range loads(f) {
		if s.Off == 0 {
			add(s.Vaddr, goelf.HeaderSize)
		}
	}
	if !refersTo(f, newRangeSet(places)) {
		return one("e_entry", "the code at the entry point %#x is not golink's, and none that is reached from it refers to PT_DYNAMIC, to a relocation table or to the ELF header: nothing relocates the program", f.Header.Entry)
	}
	return nil
}

// checkStub checks what the linker filled in in golink's entry code.
func checkStub(in *Input, at gobin.Range) []Finding {
	f := in.File
	a := all.Of(f.GOARCH())
	stub := entryStubOf(f)
	entries, _, ok := dynamicEntries(f)
	if !ok {
		return one("PT_DYNAMIC", "the file has none, but golink's entry code takes its relocations from there")
	}
	var out collector
	relr, _ := dynamicValue(entries, goelf.DT_RELR)
	size, _ := dynamicValue(entries, goelf.DT_RELRSZ)
	symbols := map[string]uint64{
		"_start": at.Start, "__ehdr_start": 0, "__relr_start": relr, "__relr_end": relr + size,
	}
	if s, ok := loads(f).find(0, goelf.HeaderSize); !ok || s.Vaddr != 0 || s.Off != 0 {
		out.add("__ehdr_start", "golink's entry code takes the address of the ELF header for the load address, but no PT_LOAD segment puts the header at address 0")
	}
	if n, _ := dynamicValue(entries, elf.DT_RELASZ); n > 0 {
		out.add("DT_RELA", "PT_DYNAMIC has a DT_RELA table of %d bytes, which golink's entry code does not apply", n)
	}
	if p := segments(f, elf.PT_GNU_RELRO); len(p) == 1 {
		symbols["__relro_start"], symbols["__relro_end"] = p[0].Vaddr, p[0].Vaddr+p[0].Memsz
	} else {
		out.add("PT_GNU_RELRO", "the file has %d such headers, want one: golink's entry code protects its addresses", len(p))
	}
	if a.Is(a.EntryPIEHuge(), stub.Code) {
		checkHuge(in, a, symbols, &out)
	}
	if i := slices.IndexFunc(entries, func(d elf.Dyn64) bool { return elf.DynTag(d.Tag) == elf.DT_DEBUG }); i >= 0 {
		symbols["__dt_debug"] = segments(f, elf.PT_DYNAMIC)[0].Vaddr + uint64(i)*goelf.DynSize + 8
	} else {
		out.add("DT_DEBUG", "PT_DYNAMIC has no such entry, which tells golink's entry code whether a loader started the program")
	}
	// The entry code rounds the end of what it protects up to a page, so golink may give
	// it the end of the segment where the header gives the end of the page.
	relroEnd := symbols["__relro_end"]
	if s, ok := loads(f).find(symbols["__relro_start"], 1); ok {
		if end := s.Vaddr + s.Memsz; (end+a.PageSize-1)&^(a.PageSize-1) == relroEnd {
			relroEnd = end
		}
	}
	code, err := f.Bytes(at.Start, at.End-at.Start)
	if err != nil {
		return one("e_entry", "%v", in.reason(err))
	}
	var last arch.StubReloc // that a Low one completes
	for i, r := range stub.Relocs {
		k := a.Relocs[r.Type]
		place, name := at.Start+r.Off, r.Symbol
		add := r.Add
		if k.Class == arch.Low {
			name, place, add = last.Symbol, at.Start+last.Off, last.Add
		} else {
			last = r
		}
		if name == "main" {
			if i+1 == len(stub.Relocs) || stub.Relocs[i+1].Symbol != "" { // the last one for main
				checkMain(in, a, at, code, r.Off, &out)
			}
			continue
		}
		value, ok := symbols[name]
		if !ok {
			continue // reported above
		}
		refersTo := func(value uint64) bool {
			got := code[r.Off-k.Back : r.Off+k.Size]
			want := slices.Clone(got)
			return k.Apply(want, place, value+uint64(add)) == nil && bytes.Equal(got, want)
		}
		if !refersTo(value) && (name != "__relro_end" || !refersTo(relroEnd)) {
			out.add(name, "the instruction at %#x of golink's entry code does not refer to %#x, which the headers give for %s", at.Start+r.Off, value, name)
		}
	}
	return out
}

// checkHuge adds the symbols of the entry code for huge pages, and checks that a huge page
// that begins in relocated data takes nothing away: there must be writable memory after.
func checkHuge(in *Input, a *arch.Arch, symbols map[string]uint64, out *collector) {
	const room = arch.HugePage - 4096
	end := symbols["__relro_end"]
	for _, s := range loads(in.File) {
		if s.Vaddr < end || symbols["__data_start"] != 0 {
			continue
		}
		symbols["__data_start"], symbols["__data_end"] = s.Vaddr, s.Vaddr+s.Filesz
		if !s.has(elf.PF_W) || s.Vaddr-end >= a.PageSize || s.Vaddr+s.Memsz-end < room {
			out.add("PT_GNU_RELRO", "golink's entry code may put a huge page over what follows %#x: want a writable segment there of %#x bytes", end, uint64(room))
		}
	}
	if symbols["__data_start"] == 0 {
		out.add("PT_GNU_RELRO", "golink's entry code may put a huge page over what follows %#x, but no segment does", end)
	}
}

// checkMain checks that the entry code continues to a function of Go. off is the offset
// of the instruction that names it.
func checkMain(in *Input, a *arch.Arch, at gobin.Range, code []byte, off uint64, out *collector) {
	p := disasm.Program{File: in.File, Arch: disasm.Arches[a.GOARCH]}
	var target uint64
	for inst := range p.Insts(&disasm.Func{Addr: at.Start, Code: code}) {
		if pc := inst.PC - at.Start; off >= pc && off < pc+uint64(inst.Len) {
			target = max(inst.Target, inst.Ref)
		}
	}
	t, err := in.funcs()
	m, err2 := in.module()
	if err := cmp.Or(err, err2); err != nil {
		out.add("main", "golink's entry code continues at %#x, and whether a function of Go begins there cannot be read: %v", target, in.reason(err))
		return
	}
	if i, ok := t.Find(target - m.Text.Start); !ok || t.At(i).Entry != target-m.Text.Start {
		out.add("main", "golink's entry code continues at %#x, where no function of Go begins", target)
	}
}

// maxReach is how many instructions refersTo decodes. glibc's start code, the largest
// known, takes a thousand.
const maxReach = 50000

// refersTo reports whether an instruction that is reached from the entry point refers
// to an address in places.
func refersTo(f *goelf.File, places rangeSet) bool {
	a := disasm.Arches[f.GOARCH()]
	p := disasm.Program{File: f, Arch: a}
	segs := loads(f)
	seen := map[uint64]bool{}
	queue := []uint64{f.Header.Entry}
	for left := maxReach; len(queue) > 0; queue = queue[1:] {
		pc := queue[0]
		s, ok := segs.find(pc, 1)
		if seen[pc] || !ok || !s.has(elf.PF_X) || pc-s.Vaddr >= s.Filesz {
			continue
		}
		code := s.data[pc-s.Vaddr:]
		for inst := range p.Insts(&disasm.Func{Addr: pc, Code: code[:min(len(code), 1<<16)]}) {
			if left--; left < 0 {
				return false
			}
			if inst.Ref != 0 && len(places.without(gobin.Range{Start: inst.Ref, End: inst.Ref + 1})) == 0 {
				return true
			}
			if seen[inst.PC] {
				break
			}
			seen[inst.PC] = true
			switch inst.Flow {
			case disasm.Call, disasm.Jump, disasm.Branch:
				queue = append(queue, inst.Target)
			}
			if inst.Flow == disasm.Jump || inst.Flow == disasm.JumpIndirect || inst.Flow == disasm.Return || inst.Flow == disasm.Stop {
				break
			}
		}
	}
	return false
}
