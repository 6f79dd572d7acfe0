package link

import (
	"cmp"
	"debug/elf"
	"slices"

	"github.com/go3s/rules_go3s/internal/arch"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

// A section is a section of the output.
type section struct {
	name  string
	typ   elf.SectionType
	flags elf.SectionFlag
	align uint64
	size  uint64
	in    *inSection // nil for one that the linker makes
	data  []byte     // contents that are known before relocation
	user  *Section   // what the user adds; nil for others, also for notes

	link    *section
	info    uint32
	entsize uint64

	index int // in the section header table
	addr  uint64
	off   uint64
}

// A segment is an entry of the program header table.
type segment struct {
	typ   elf.ProgType
	flags elf.ProgFlag
	align uint64

	sections []*section

	addr, off, filesz, memsz uint64
}

// The PT_LOAD segments by what they hold, in the order of their addresses.
const (
	loadHead = iota // headers and notes
	loadText
	loadReadOnly
	loadRelro
	loadData
	numLoads
)

var loadFlags = [numLoads]elf.ProgFlag{
	loadHead:     elf.PF_R,
	loadText:     elf.PF_R | elf.PF_X,
	loadReadOnly: elf.PF_R,
	loadRelro:    elf.PF_R | elf.PF_W,
	loadData:     elf.PF_R | elf.PF_W,
}

// fileOrders are orders of the segments in the file, where those of sections with a chosen address come before
// loadReadOnly. It is the last, and .gopclntab the last section in it: when elfstrip makes that
// smaller, no other segment has to move, and so the file shrinks by as many bytes and not by whole pages.
//
// The code has pages of the file to itself, as the kernel maps whole ones: of the smallest size, as 64 KiB of padding for the
// few machines with larger ones would be too much. What comes before the code decides how many bytes are left unused there; the
// order with the fewest is taken.
var fileOrders = [][numLoads]int{
	{loadHead, loadRelro, loadData, loadText, loadReadOnly},
	{loadHead, loadRelro, loadText, loadData, loadReadOnly},
	{loadHead, loadData, loadText, loadRelro, loadReadOnly},
	{loadHead, loadText, loadRelro, loadData, loadReadOnly},
}

// maxAlign is the largest section alignment: that of the smallest page.
const maxAlign = 4096

// stubAlign is the alignment of the entry stub.
const stubAlign = 16

const dynamicFlags = elf.SHF_ALLOC | elf.SHF_WRITE

// makeSections decides which sections and segments the output has and in which
// order, and what size each has but for .relr.dyn.
func (l *linker) makeSections() error {
	byKind := map[goabi.Kind][]*section{}
	for i := range l.obj.sections {
		in := &l.obj.sections[i]
		kind := in.kind
		if in.Section.Type == uint32(elf.SHT_NULL) || kind == goabi.Dropped ||
			kind == goabi.DWARF && (l.opt.StripDWARF || l.opt.StripSymbols) {
			continue
		}
		in.out = &section{name: in.Str, typ: in.kind.Type(), flags: kind.Flags(), align: max(in.Addralign, 1), size: in.Size, in: in,
			data: in.data}
		byKind[kind] = append(byKind[kind], in.out)
	}
	for _, s := range byKind {
		slices.SortFunc(s, func(a, b *section) int { return cmp.Compare(a.in.order, b.in.order) })
	}
	if len(byKind[goabi.Relro]) > 0 && !l.opt.PIE {
		return l.obj.errorf(0, "section %s: the object was made with -buildmode=pie, for a program at a fixed address", byKind[goabi.Relro][0].name)
	}
	if !l.opt.NoBuildID {
		id := &section{name: ".note.gnu.build-id", typ: elf.SHT_NOTE, flags: elf.SHF_ALLOC, align: 4, size: noteHeader + uint64(len(l.buildID()))}
		byKind[goabi.Note] = append([]*section{id}, byKind[goabi.Note]...)
	}
	byKind[goabi.Note] = append(byKind[goabi.Note], l.userNotes()...)
	free, fixed := l.userSections()

	var loads [numLoads][]*section
	// Notes are next to the headers, so that a core file, which has the first page of a program, tells its build-id.
	loads[loadHead], loads[loadText] = byKind[goabi.Note], byKind[goabi.Text]
	if l.opt.PIE {
		dynsym, dynstr, hash, relr, dynamic := makeDynamic()
		loads[loadReadOnly] = []*section{dynsym, dynstr, hash, relr}
		loads[loadRelro] = slices.Concat(byKind[goabi.Info], byKind[goabi.Relro], []*section{dynamic})
	} else {
		loads[loadData] = byKind[goabi.Info]
	}
	data := slices.DeleteFunc(slices.Clone(byKind[goabi.ReadOnly]), isTables)
	tables := slices.DeleteFunc(slices.Clone(byKind[goabi.ReadOnly]), func(s *section) bool { return !isTables(s) })
	loads[loadReadOnly] = slices.Concat(loads[loadReadOnly], data, free, tables)
	loads[loadData] = slices.Concat(loads[loadData], byKind[goabi.Data], byKind[goabi.BSS])
	if l.opt.PIE && !l.opt.NoHugePages && total(loads[loadRelro]) >= hugeRelro && total(loads[loadData]) >= arch.HugePage {
		l.stub, l.huge = l.arch.EntryPIEHuge(), true
	}
	text := byKind[goabi.Text][0]
	l.stubOff = goelf.AlignUp(text.size, stubAlign)
	text.size = l.stubOff + uint64(len(l.stub.Code))
	text.align = max(text.align, stubAlign)

	add := func(typ elf.ProgType, flags elf.ProgFlag, align uint64, sections ...*section) *segment {
		g := &segment{typ: typ, flags: flags, align: align, sections: sections}
		l.segments = append(l.segments, g)
		return g
	}
	for i, s := range loads {
		if len(s) > 0 || i == loadHead {
			l.load[i] = add(elf.PT_LOAD, loadFlags[i], l.arch.PageSize, s...)
		}
		l.sections = append(l.sections, s...)
	}
	for _, s := range fixed {
		l.fixed = append(l.fixed, add(elf.PT_LOAD, elf.PF_R, l.arch.PageSize, s))
		l.sections = append(l.sections, s)
	}
	if l.opt.PIE {
		add(elf.PT_DYNAMIC, elf.PF_R|elf.PF_W, 8, l.section(".dynamic"))
	}
	if notes := byKind[goabi.Note]; len(notes) > 0 {
		add(elf.PT_NOTE, elf.PF_R, 4, notes...)
	}
	if tls := byKind[goabi.TLS]; len(tls) > 0 {
		// A TLS section takes no room: its address is where the writable data begins.
		i := slices.Index(l.sections, l.load[loadData].sections[0])
		l.sections = slices.Insert(l.sections, i, tls...)
		add(elf.PT_TLS, elf.PF_R, tls[0].align, tls...)
	}
	if l.opt.PIE {
		add(elf.PT_GNU_RELRO, elf.PF_R, 1, loads[loadRelro]...)
	}
	add(elf.PT_GNU_STACK, elf.PF_R|elf.PF_W, 16)

	l.sections = append(l.sections, byKind[goabi.DWARF]...)
	if !l.opt.StripSymbols {
		l.sections = append(l.sections, l.makeSymtab()...)
	}
	names := &section{name: ".shstrtab", typ: elf.SHT_STRTAB, align: 1, size: 1}
	l.sections = append(l.sections, names)
	for i, s := range l.sections {
		s.index = i + 1
		names.size += uint64(len(s.name)) + 1
	}
	return l.findRelr()
}

// hugeRelro is how many bytes of data to relocate are worth a huge page: EntryHuge has the
// same limit.
const hugeRelro = arch.HugePage / 4

func total(sections []*section) (size uint64) {
	for _, s := range sections {
		size += s.size
	}
	return size
}

func isTables(s *section) bool { return s.name == goabi.PCLnTab }

// layout gives every section its address and place in the file. The size of
// .relr.dyn depends on the distances between sections, and they on it: it grows
// until it is large enough.
func (l *linker) layout() error {
	if !l.opt.PIE {
		return l.place()
	}
	relr := l.section(".relr.dyn")
	var e goelf.RELREncoder
	for {
		if err := l.place(); err != nil {
			return err
		}
		l.relr = l.encodeRelr(&e)
		need := uint64(len(l.relr)) * 8
		if need <= relr.size {
			break
		}
		relr.size = need
	}
	for uint64(len(l.relr))*8 < relr.size {
		l.relr = append(l.relr, relrNothing)
	}
	return nil
}

// place lays out with the present section sizes.
func (l *linker) place() error {
	best := slices.MinFunc(fileOrders, func(a, b [numLoads]int) int { return cmp.Compare(l.placeLoads(a), l.placeLoads(b)) })
	off := l.placeLoads(best)
	head := l.load[loadHead]
	head.filesz, head.memsz = head.filesz+head.off, head.memsz+head.off
	head.addr, head.off = 0, 0

	addr, page := l.base(), l.arch.PageSize
	for i, g := range l.load {
		if g == nil {
			continue
		}
		start := goelf.AlignUp(addr, page)
		if i == loadRelro && l.huge {
			// EntryHuge uses the huge pages that begin in RELRO: one more if the kernel loads the
			// program at a multiple of their size, as file systems may have it.
			start = goelf.AlignUp(start, arch.HugePage)
		}
		// Pages of its own in memory, each at the same offset in the page as in the file.
		g.move(start - g.addr&^(page-1))
		addr = g.addr + g.memsz
	}
	if addr > maxAddress {
		return l.obj.errorf(0, "the program ends at address %#x, want at most %#x", addr, uint64(maxAddress))
	}
	if err := l.checkFixed(addr); err != nil {
		return err
	}
	for _, s := range l.sections {
		if s.flags&elf.SHF_TLS != 0 {
			data := l.load[loadData]
			s.addr, s.off = goelf.AlignUp(data.addr, s.align), data.off
		}
	}
	for _, g := range l.segments {
		if g.typ != elf.PT_LOAD && len(g.sections) > 0 {
			g.span()
		}
		if g.typ == elf.PT_GNU_RELRO {
			// Up to the end of the page: nothing else is on it.
			g.memsz = goelf.AlignUp(g.addr+g.memsz, page) - g.addr
			l.load[loadRelro].memsz = g.memsz // it has the same sections, and must hold all of RELRO
		}
	}
	l.placeRest(off)
	return nil
}

// placeLoads puts the segments into the file in the given order and returns where they end. Addresses are as place of a segment
// makes them.
func (l *linker) placeLoads(order [numLoads]int) uint64 {
	off := uint64(goelf.HeaderSize + goelf.ProgHeaderSize*len(l.segments))
	for _, i := range order {
		if i == loadReadOnly {
			off = l.placeFixed(off)
		}
		if i == loadText {
			off = goelf.AlignUp(off, smallestPage)
		}
		if g := l.load[i]; g != nil {
			off = g.place(off)
		}
		if i == loadText {
			off = goelf.AlignUp(off, smallestPage)
		}
	}
	return off
}

// place puts the sections of g into the file, the first at off or, for its alignment, after. It returns where
// they end. Addresses are as if the file were loaded at 0 as it is.
func (g *segment) place(off uint64) uint64 {
	addr := off
	for i, s := range g.sections {
		addr = goelf.AlignUp(addr, s.align)
		if i == 0 {
			g.addr, g.off, off = addr, addr, addr
		}
		s.addr, s.off = addr, addr
		addr += s.size
		if s.typ == elf.SHT_NOBITS {
			s.off = off
		} else {
			off = addr
		}
	}
	g.filesz, g.memsz = off-g.off, addr-g.addr
	return off
}

// move adds n to the addresses of g and its sections.
func (g *segment) move(n uint64) {
	g.addr += n
	for _, s := range g.sections {
		s.addr += n
	}
}

// placeRest lays out, from the file offset off on, what is not loaded.
func (l *linker) placeRest(off uint64) {
	for _, s := range l.sections {
		if s.flags&elf.SHF_ALLOC == 0 {
			off = goelf.AlignUp(off, s.align)
			s.off = off
			off += s.size
		}
	}
	l.shoff = goelf.AlignUp(off, 8)
}

// maxAddress bounds the addresses of a program: user space has 47 bits.
const maxAddress = 1 << 46

// span makes g reach from its first to its last section.
func (g *segment) span() {
	first, last := g.sections[0], g.sections[len(g.sections)-1]
	g.addr, g.off = first.addr, first.off
	g.memsz = last.addr + last.size - first.addr
	g.filesz = g.memsz
	if first.typ == elf.SHT_NOBITS {
		g.filesz = 0
	}
}
