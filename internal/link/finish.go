package link

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"fmt"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

// A finisher is the state of Finish.
type finisher struct {
	l       *linker
	f       *goelf.File
	image   []byte
	fips    goelf.Section     // .go.fipsinfo
	symbols map[string]uint64 // what the entry stub refers to
	sites   []uint64          // addresses of the words to relocate at start, ascending
}

// Finish makes a program of image, what the external linker wrote, and returns it.
// name is for messages. It changes image, and refuses one that is not what Link
// would have made in all that matters at run time: segments, order and presence of
// Go's sections, entry stub, thread-local storage, relocations, RELRO.
func (e *External) Finish(name string, image []byte) ([]byte, error) {
	f, err := goelf.Parse(name, image)
	if err != nil {
		return nil, err
	}
	x := &finisher{l: e.l, f: f, image: image, symbols: map[string]uint64{}}
	steps := []func() error{x.checkSegments, x.checkSections, x.checkTLS}
	if e.l.opt.PIE {
		steps = append(steps, x.packRelocations, x.checkRelro)
	}
	for _, step := range append(steps, x.enter, x.sumFIPS, x.identify) {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return x.image, nil
}

func (x *finisher) errorf(off uint64, format string, args ...any) error {
	return &goelf.FormatError{File: x.f.Name, Off: off, Msg: fmt.Sprintf(format, args...)}
}

// segment returns the first program header of that type, nil when there is none.
func (x *finisher) segment(typ elf.ProgType) *elf.Prog64 {
	for i := range x.f.Progs {
		if p := &x.f.Progs[i]; elf.ProgType(p.Type) == typ {
			return p
		}
	}
	return nil
}

// checkSegments checks that the kernel alone can start the file, and that memory
// is never writable and executable.
func (x *finisher) checkSegments() error {
	a := x.l.arch
	if m := elf.Machine(x.f.Header.Machine); m != a.ELF {
		return x.errorf(18, "machine %v, want %v", m, a.ELF)
	}
	want := elf.ET_EXEC
	if x.l.opt.PIE {
		want = elf.ET_DYN
	}
	if t := elf.Type(x.f.Header.Type); t != want {
		return x.errorf(16, "type %v, want %v: remove the linker flag, or the address in the linker script, that chose the type", t, want)
	}
	if p := x.segment(elf.PT_INTERP); p != nil {
		return x.errorf(p.Off, "there is a PT_INTERP segment: the program would need a dynamic loader; does the linker know --no-dynamic-linker?")
	}
	if p := x.segment(elf.PT_DYNAMIC); !x.l.opt.PIE && p != nil {
		return x.errorf(p.Off, "there is a PT_DYNAMIC segment in a program at a fixed address: is the linker capable of static links?")
	}
	stack := x.segment(elf.PT_GNU_STACK)
	if stack == nil || elf.ProgFlag(stack.Flags)&elf.PF_X != 0 {
		return x.errorf(0, "no PT_GNU_STACK segment says that the stack is not executable: does the linker script's PHDRS leave it out?")
	}
	for i, p := range x.f.Progs {
		if elf.ProgType(p.Type) == elf.PT_LOAD && elf.ProgFlag(p.Flags)&(elf.PF_W|elf.PF_X) == elf.PF_W|elf.PF_X {
			return x.errorf(p.Off, "program header [index %d] is writable and executable: the linker script must align code and data to pages of their own", i)
		}
	}
	return nil
}

// isKept reports whether section in of go.o must have its own name in the output: the runtime, Finish or readers of Go programs
// look for it.
func isKept(in *inSection) bool {
	switch in.kind {
	case goabi.Text, goabi.Info, goabi.Data, goabi.BSS:
		return true
	}
	return in.Str == goabi.PCLnTab
}

// written returns the names of the sections that the program writes to. The runtime takes all but
// .go.module to be in this order.
func (x *finisher) written() []string {
	var names []string
	for _, s := range x.l.obj.series.Sections {
		if s.Kind == goabi.Data || s.Kind == goabi.BSS {
			names = append(names, s.Name)
		}
	}
	return names
}

// checkSections checks that the sections of Go are whole, and that the writable
// ones are in the order in which Link has them.
func (x *finisher) checkSections() error {
	var last *goelf.Section
	for i := range x.l.obj.sections {
		in := &x.l.obj.sections[i]
		if in.Section == nil || in.Size == 0 || !isKept(in) {
			continue
		}
		s := x.f.Section(in.Str)
		if s == nil || s.Size < in.Size {
			return x.errorf(0, "section %s is missing, or has less than the %#x bytes of the object: the linker script must keep it under its name", in.Str, in.Size)
		}
		if in.Str == goabi.FIPSInfo {
			x.fips = *s
		}
	}
	for _, name := range x.written() {
		s := x.f.Section(name)
		if s == nil || name == goabi.ModuleInfo {
			continue
		}
		if last != nil && s.Addr < last.Addr {
			return x.errorf(s.Off, "section %s at %#x is before %s at %#x: want the order .noptrdata, .data, .bss, .noptrbss", s.Str, s.Addr, last.Str, last.Addr)
		}
		last = s
	}
	for _, s := range x.f.Sections {
		if !x.l.opt.PIE && elf.SectionType(s.Type) == elf.SHT_RELA && s.Flags&uint64(elf.SHF_ALLOC) != 0 && s.Size > 0 {
			return x.errorf(s.Off, "section %s: dynamic relocations in a program at a fixed address", s.Str)
		}
	}
	return nil
}

// checkTLS checks that thread-local storage is that of the object, at the distance
// from the thread pointer that Go's code has.
func (x *finisher) checkTLS() error {
	for i := range x.l.obj.sections {
		in := &x.l.obj.sections[i]
		if in.kind != goabi.TLS {
			continue
		}
		p := x.segment(elf.PT_TLS)
		if p == nil || p.Filesz != 0 || p.Memsz != in.Size || x.l.arch.TLSOffset(p.Memsz, p.Align) != x.l.arch.TLSOffset(in.Size,
			max(in.Addralign, 1)) {
			return x.errorf(0, "the PT_TLS segment is not section %s with %#x bytes", in.Str, in.Size)
		}
	}
	return nil
}

// A dynTable is the address and size of a table that PT_DYNAMIC names.
type dynTable struct{ addr, size uint64 }

// packRelocations reads the dynamic relocations. Those in DT_RELA form, which the
// entry stub does not read, it turns into DT_RELR form where they are, with the
// addends in place: readers of addresses, such as the FIPS 140 check and debuggers,
// find them there too.
func (x *finisher) packRelocations() error {
	p := x.segment(elf.PT_DYNAMIC)
	if p == nil {
		return x.errorf(0, "there is no PT_DYNAMIC segment: is the linker capable of -static -pie?")
	}
	raw, err := x.f.SegmentData(p)
	if err != nil {
		return err
	}
	entries, _, err := x.f.DynamicEntries(p)
	if err != nil {
		return err
	}
	values := map[elf.DynTag]uint64{}
	for _, d := range entries {
		values[elf.DynTag(d.Tag)] = d.Val
	}
	for _, tag := range []elf.DynTag{elf.DT_NEEDED, elf.DT_TEXTREL, elf.DT_REL, elf.DT_JMPREL} {
		if _, ok := values[tag]; ok {
			return x.errorf(p.Off, "PT_DYNAMIC has an entry %v: want a program that relocates itself, without a dynamic loader", tag)
		}
	}
	rela := dynTable{values[elf.DT_RELA], values[elf.DT_RELASZ]}
	relr := dynTable{values[goelf.DT_RELR], values[goelf.DT_RELRSZ]}
	if rela.size > 0 {
		if relr, err = x.relaToRelr(rela, relr); err != nil {
			return err
		}
	}
	words, err := x.f.Bytes(relr.addr, relr.size)
	if err != nil || relr.size == 0 || relr.size%8 != 0 {
		return x.errorf(p.Off, "DT_RELR at %#x with %#x bytes: want the program's relocations there", relr.addr, relr.size)
	}
	if err := x.readRelr(words); err != nil {
		return err
	}

	entries = slices.DeleteFunc(entries, func(d elf.Dyn64) bool {
		switch elf.DynTag(d.Tag) {
		case elf.DT_RELA, elf.DT_RELASZ, elf.DT_RELAENT, dtRelaCount, goelf.DT_RELR, goelf.DT_RELRSZ, goelf.DT_RELRENT:
			return true
		}
		return false
	})
	entries = append(entries,
		elf.Dyn64{Tag: int64(goelf.DT_RELR), Val: relr.addr},
		elf.Dyn64{Tag: int64(goelf.DT_RELRSZ), Val: relr.size},
		elf.Dyn64{Tag: int64(goelf.DT_RELRENT), Val: 8})
	if (len(entries)+1)*goelf.DynSize > len(raw) {
		return x.errorf(p.Off, "PT_DYNAMIC has no room for %d entries and the final DT_NULL", len(entries))
	}
	clear(raw)
	debug := slices.IndexFunc(entries, func(d elf.Dyn64) bool { return elf.DynTag(d.Tag) == elf.DT_DEBUG })
	if debug < 0 {
		return x.errorf(p.Off, "PT_DYNAMIC has no entry DT_DEBUG, which tells the program whether a dynamic loader started it")
	}
	for i, d := range entries {
		le.PutUint64(raw[i*goelf.DynSize:], uint64(d.Tag))
		le.PutUint64(raw[i*goelf.DynSize+8:], d.Val)
	}
	x.symbols["__dt_debug"] = p.Vaddr + uint64(debug)*goelf.DynSize + 8
	x.symbols["__relr_start"], x.symbols["__relr_end"] = relr.addr, relr.addr+relr.size
	return nil
}

// dtRelaCount is DT_RELACOUNT, which debug/elf lacks.
const dtRelaCount elf.DynTag = 0x6ffffff9

// relaToRelr rewrites the table rela.
func (x *finisher) relaToRelr(rela, relr dynTable) (dynTable, error) {
	table, err := x.f.Bytes(rela.addr, rela.size)
	if err != nil {
		return relr, err
	}
	var sites []uint64
	for b := table; len(b) >= goelf.RelaSize; b = b[goelf.RelaSize:] {
		r := readRela(b)
		switch {
		case r.typ != x.l.arch.Relative || r.sym != 0:
			return relr, x.errorf(0, "address %#x has dynamic relocation type %d against symbol %d, want type %d without symbol: a program can only add its load address", r.off, r.typ, r.sym, x.l.arch.Relative)
		case r.off%8 != 0 || relr.size != 0:
			return relr, x.errorf(0, "address %#x has a relocation in DT_RELA form that the linker did not put into DT_RELR: is it aligned?", r.off)
		}
		word, err := x.f.Bytes(r.off, 8)
		if err != nil {
			return relr, err
		}
		le.PutUint64(word, uint64(r.addend))
		sites = append(sites, r.off)
	}
	slices.Sort(sites)
	var e goelf.RELREncoder
	for _, s := range slices.Compact(sites) {
		e.Add(s)
	}
	words := e.Words() // at most one for each of the sites, which take three
	clear(table)
	for i, w := range words {
		le.PutUint64(table[8*i:], w)
	}
	size := uint64(8 * len(words))
	x.renameRela(rela.addr, size)
	return dynTable{rela.addr, size}, nil
}

// renameRela turns .rela.dyn at addr into .relr.dyn.
func (x *finisher) renameRela(addr, size uint64) {
	for i, s := range x.f.Sections {
		if elf.SectionType(s.Type) != elf.SHT_RELA || s.Addr != addr || s.Size == 0 || s.Flags&uint64(elf.SHF_ALLOC) == 0 {
			continue
		}
		h := x.image[x.f.Header.Shoff+uint64(i)*goelf.SectionHeaderSize:]
		le.PutUint32(h[4:], uint32(goelf.SHT_RELR))
		le.PutUint64(h[8:], uint64(elf.SHF_ALLOC))
		le.PutUint64(h[32:], size)
		le.PutUint32(h[40:], 0) // sh_link: no symbols
		le.PutUint32(h[44:], 0) // sh_info
		le.PutUint64(h[56:], 8) // sh_entsize
		const was, is = ".rela.dyn", ".relr.dyn"
		shared := slices.ContainsFunc(x.f.Sections, func(o goelf.Section) bool {
			return o.Index != s.Index && o.Name >= s.Name && o.Name <= s.Name+uint32(len(was))
		})
		if s.Str == was && !shared {
			copy(x.image[x.f.Sections[x.f.Shstrndx].Off+uint64(s.Name):], is)
		}
	}
}

// readRelr fills in sites and checks that they are aligned words in writable
// segments.
func (x *finisher) readRelr(words []byte) error {
	err := goelf.DecodeRELR(words, func(addr uint64) error {
		x.sites = append(x.sites, addr)
		return nil
	})
	if err != nil {
		return err
	}
	for i, site := range x.sites {
		writable := slices.ContainsFunc(x.f.Progs, func(p elf.Prog64) bool {
			return elf.ProgType(p.Type) == elf.PT_LOAD && elf.ProgFlag(p.Flags)&elf.PF_W != 0 &&
				site >= p.Vaddr && site-p.Vaddr < p.Filesz && p.Filesz-(site-p.Vaddr) >= 8
		})
		if !writable || site%8 != 0 || i > 0 && site <= x.sites[i-1] {
			return x.errorf(0, "DT_RELR relocates the word at %#x, want ascending addresses of aligned words in writable segments", site)
		}
	}
	return nil
}

// smallestPage is the page size of kernels that use no larger one. It matters for
// RELRO, since the entry stub protects whole pages of the running kernel.
const smallestPage = 4096

// checkRelro checks that the pages which the entry stub makes read-only are mapped
// and hold nothing that is written later, whatever the size of a page.
func (x *finisher) checkRelro() error {
	relro := x.segment(elf.PT_GNU_RELRO)
	if relro == nil || relro.Memsz == 0 {
		return x.errorf(0, "there is no PT_GNU_RELRO segment: a linker script must keep .data.rel.ro and .dynamic next to each other")
	}
	end := relro.Vaddr + relro.Memsz
	for _, name := range x.written() {
		if s := x.f.Section(name); s != nil && s.Addr < end && relro.Vaddr < s.Addr+s.Size {
			return x.errorf(s.Off, "section %s from %#x to %#x is in PT_GNU_RELRO, but the program writes to it", name, s.Addr, s.Addr+s.Size)
		}
	}
	for _, page := range []uint64{smallestPage, x.l.arch.PageSize} {
		from, to := relro.Vaddr&^(page-1), goelf.AlignUp(end, page)
		mapped := false
		for _, p := range x.f.Progs {
			if elf.ProgType(p.Type) != elf.PT_LOAD || elf.ProgFlag(p.Flags)&elf.PF_W == 0 {
				continue
			}
			if p.Vaddr <= relro.Vaddr && relro.Vaddr < p.Vaddr+p.Memsz {
				mapped = from >= p.Vaddr&^(page-1) && to <= goelf.AlignUp(p.Vaddr+p.Memsz, page)
			}
			if p.Vaddr < to && from < p.Vaddr+p.Memsz && (max(p.Vaddr, from) < relro.Vaddr || min(p.Vaddr+p.Memsz, to) > end) {
				return x.errorf(p.Off, "PT_GNU_RELRO ends at %#x, within a page of %#x bytes that holds writable data: align the end to such pages", end, page)
			}
		}
		if !mapped {
			return x.errorf(relro.Off, "PT_GNU_RELRO from %#x to %#x is not in one writable segment", relro.Vaddr, end)
		}
	}
	x.symbols["__relro_start"], x.symbols["__relro_end"] = relro.Vaddr, end
	return nil
}

// enter checks that the program begins with the entry stub, and fills in what is
// not the linker's part.
func (x *finisher) enter() error {
	stub, entry := x.l.stub, x.f.Header.Entry
	_, own := splitStub(stub.Relocs)
	code, err := x.f.Bytes(entry, uint64(len(stub.Code)))
	if err != nil || !x.l.arch.Is(stub, code) {
		return x.errorf(24, "the entry point %#x is not the symbol %s of golink's entry object: remove ENTRY from the linker script, and -e", entry, EntrySymbol)
	}
	x.symbols[EntrySymbol] = entry
	x.symbols["__ehdr_start"] = 0 // of a PIE: address 0 is where it is loaded
	err = applyStub(x.l.arch, code, entry, own, func(name string) (uint64, bool) {
		addr, ok := x.symbols[name]
		return addr, ok
	})
	if err != nil {
		return x.errorf(24, "entry stub: %v", err)
	}
	return nil
}

// sumFIPS writes the FIPS 140 sum.
func (x *finisher) sumFIPS() error {
	s := x.fips
	info, err := x.f.Bytes(s.Addr, s.Size)
	if err != nil {
		return err
	}
	return sumFIPS(fipsRecord{
		info: info,
		addr: s.Addr,
		bytes: func(start, end uint64) []byte {
			if start > end {
				return nil
			}
			b, err := x.f.Bytes(start, end-start)
			if err != nil {
				return nil
			}
			return b[:len(b):len(b)]
		},
		relocated: func(start, end uint64) bool { return anyFrom(x.sites, start, end) },
		errorf: func(off uint64, format string, args ...any) error {
			return x.errorf(s.Off+off, "section .go.fipsinfo"+format, args...)
		},
	})
}

// anyFrom reports whether one of the ascending sites is from start up to end.
func anyFrom(sites []uint64, start, end uint64) bool {
	i, _ := slices.BinarySearch(sites, start)
	return i < len(sites) && sites[i] < end
}

// BuildIDFlag returns the value of the linker's option --build-id: it leaves room
// for an id that Finish derives from the contents.
func (e *External) BuildIDFlag() string {
	if e.l.opt.NoBuildID {
		return "none"
	}
	return fmt.Sprintf("0x%x", e.l.buildID())
}

// identify writes the build IDs that derive from the contents, and checks that the build-id is there.
func (x *finisher) identify() error {
	notes, err := x.f.Notes()
	if err != nil {
		return err
	}
	var gnu, goID []byte
	for _, n := range notes {
		switch {
		case n.Name == "GNU" && n.Type == noteBuildID && bytes.Equal(n.Desc, x.l.buildID()):
			gnu = n.Desc
		case n.Name == "Go" && n.Type == noteGoBuildID && string(n.Desc) == GoBuildIDPlaceholder:
			goID = n.Desc
		}
	}
	if !x.l.opt.NoBuildID && gnu == nil {
		return x.errorf(0, "no PT_NOTE segment holds the build-id: the linker script must keep .note.gnu.build-id")
	}
	if s := x.f.Section(goBuildIDSection); s != nil && goID == nil {
		note, err := x.f.SectionData(s)
		if err != nil {
			return err
		}
		if isGoBuildIDPlaceholder(note) {
			return x.errorf(s.Off, "no PT_NOTE segment holds the Go build ID: the linker script must keep %s in one", goBuildIDSection)
		}
	}
	h := sha256.New()
	for i := range x.f.Progs {
		if p := &x.f.Progs[i]; elf.ProgType(p.Type) == elf.PT_LOAD && p.Filesz > 0 {
			h.Write(x.image[max(p.Off, goelf.HeaderSize):max(p.Off+p.Filesz, goelf.HeaderSize)])
		}
	}
	sum := h.Sum(nil)
	if !x.l.opt.NoBuildID && x.l.opt.BuildID == nil {
		copy(gnu, sum)
	}
	if goID != nil {
		copy(goID, deriveGoBuildID(sum))
	}
	return nil
}
