package golink

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"sort"
	"strings"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/parallel"
)

// A section of the program.
type section struct {
	name  string
	addr  uint64 // while symbols are laid out, the offset from the start of the segment
	size  uint64
	off   uint64 // in the file
	align uint64
	seg   int
	laid  bool // the program has it
	relro bool // it has addresses, in a position-independent program
}

// Sections, in the order of their addresses but for those of data that is only read.
const (
	secNone = iota
	secText
	secROData
	secPCLnTab
	secNote  // of the Go build ID, in an object
	secRelro // what has addresses, in a position-independent program
	secTypes // since Go 1.27
	secFuncs
	secTypeLink // before
	secItabLink
	secBuildInfo
	secFIPSInfo
	secModule
	secNoPtrData
	secData
	secBSS
	secNoPtrBSS
	secTBSS // in an object
	numSections
)

var sectionNames = [numSections]string{
	"", ".text", ".rodata", ".gopclntab", ".note.go.buildid", "", ".go.type", ".go.func", ".typelink", ".itablink",
	".go.buildinfo", ".go.fipsinfo", ".go.module", ".noptrdata", ".data", ".bss", ".noptrbss", ".tbss",
}

// Segments, in the order of their addresses.
const (
	segText = iota
	segROData
	segData
	numSegments
)

type segment struct {
	addr, size, fileSize, off uint64
}

const (
	maxAlign   = 1 << 16
	maxData    = 2_000_000_000 // what cmd/link lets a segment of data have, in bytes
	maxDefault = 32            // largest alignment of a symbol that has none of its own
	minFunc    = 16            // bytes that a function has at least (internal/abi, MINFUNC)
)

// alignLog returns what linker.aligns has for alignment a.
func alignLog(a uint32) uint8 { return uint8(bits.Len32(a)) }

// align returns the alignment of symbol s. One that has none gets one by its size.
func (l *linker) align(s sym) uint64 {
	if a := l.aligns[s]; a != 0 {
		return 1 << (a - 1)
	}
	a, size := uint32(maxDefault), l.size(s)
	for a > 1 && uint64(a) > size {
		a /= 2
	}
	l.aligns[s] = alignLog(a)
	return uint64(a)
}

// setGroup makes s the symbol of the group that symbols of kind k are of.
func (l *linker) setGroup(k kind, s sym) {
	l.groups[k] = s
	l.attrs[s] |= attrGroup
}

// makeGroups gives read-only data that is alike a kind of its own, by the names of the symbols, so that it is laid out together.
func (l *linker) makeGroups() {
	for _, m := range []struct {
		name string
		kind kind
	}{
		{"runtime.rodata", kindROData}, {"runtime.erodata", kindROData}, {"runtime.types", kindROData}, {"runtime.etypes", kindROData},
		{"runtime.noptrdata", kindNoPtrData}, {"runtime.enoptrdata", kindNoPtrData},
		{"runtime.data", kindData}, {"runtime.edata", kindData},
		{"runtime.bss", kindBSS}, {"runtime.ebss", kindBSS}, {"runtime.noptrbss", kindNoPtrBSS}, {"runtime.enoptrbss", kindNoPtrBSS},
		{gcMasks, kindGCMask}, {"runtime.covctrs", kindNoPtrBSS}, {"runtime.ecovctrs", kindNoPtrBSS},
		{"runtime.end", kindBSS}, {"runtime.epclntab", kindROData},
	} {
		if m.kind != kindGCMask {
			l.mark(m.name, m.kind, 0)
		} else if l.release.typeSections {
			l.setGroup(kindGCMask, l.mark(m.name, m.kind, 0))
		}
	}
	l.define("runtime.gcdata", kindROData)
	l.mark("runtime.egcdata", kindROData, 0)
	l.define("runtime.gcbss", kindROData)
	l.mark("runtime.egcbss", kindROData, 0)
	relro := l.cfg.PIE && !l.release.typeSections // types and function values are not among other read-only data
	for _, g := range []struct {
		name  string
		kind  kind
		relro bool
	}{
		{typeGroup, kindType, false}, {"typerel.*", kindTypeRel, true}, {"go:string.*", kindGoString, false},
		{"go:funcdesc", kindGoFunc, false}, {"runtime.gcbits.*", kindGCBits, false}, {"go:funcdescrel", kindGoFuncRel, true},
	} {
		if g.relro && !relro {
			continue
		}
		s, o := l.define(g.name, g.kind)
		o.size = 0
		l.aligns[s] = alignLog(8)
		l.setGroup(g.kind, s)
	}
	typeKind, funcKind := kindType, kindGoFunc
	if relro {
		typeKind, funcKind = kindTypeRel, kindGoFuncRel
	}
	parallel.Ranges(len(l.defs), symsOfJob, func(from, to int) error {
		for s := sym(from); int(s) < to; s++ {
			l.groupByName(s, typeKind, funcKind)
		}
		return nil
	})
}

// symsOfJob is how many symbols a job looks at.
const symsOfJob = 1 << 14

// groupByName gives s the kind of the group that its name says, if any. Types and function values are of the given kinds.
func (l *linker) groupByName(s sym, typeKind, funcKind kind) {
	k := l.kinds[s]
	if k != kindROData && k != kindNoPtrBSS || l.attrs[s]&(attrReachable|attrSpecial|attrUnnamed) != attrReachable {
		return
	}
	switch name := l.name(s); {
	case k == kindNoPtrBSS:
		if l.release.typeSections && strings.HasPrefix(name, "type:.gcmask.") {
			l.kinds[s] = kindGCMask
		}
	case strings.HasPrefix(name, "go:string."):
		l.kinds[s] = kindGoString
	case strings.HasPrefix(name, "runtime.gcbits."), !l.release.typeSections && strings.HasPrefix(name, "type:.gcprog."):
		l.kinds[s] = kindGCBits
	case strings.HasSuffix(name, "·f"):
		l.kinds[s] = funcKind
	case strings.HasPrefix(name, "type:"), l.release.typeSections && l.flags(s)&goobj.SymItab != 0:
		l.kinds[s] = typeKind
	}
}

// A bucketPart are symbols that are laid out, of some of all symbols.
type bucketPart struct {
	keys []uint64      // size and number
	next [numKinds]int // by kind, how many there are, then where the next one goes
}

// fillBuckets sorts the symbols that are laid out by kind, and within a kind by size and number.
func (l *linker) fillBuckets() {
	parts := make([]bucketPart, (len(l.defs)+symsOfJob-1)/symsOfJob)
	parallel.Ranges(len(l.defs), symsOfJob, func(from, to int) error {
		p := &parts[from/symsOfJob]
		p.keys = array[uint64](&l.pool, to-from)[:0]
		for s := sym(from); int(s) < to; s++ {
			if size, ok := l.laidOutSize(s); ok {
				p.keys = append(p.keys, size<<32|uint64(s))
				p.next[l.kinds[s]]++
			}
		}
		p.keys = shorten(&l.pool, p.keys)
		return nil
	})
	var lists [numKinds][]uint64
	for k := range lists {
		n := 0
		for i := range parts {
			next := &parts[i].next[k]
			*next, n = n, n+*next
		}
		lists[k] = array[uint64](&l.pool, n)
	}
	zerobase := l.lookup("runtime.zerobase", abi0)
	parallel.Each(len(parts), func(i int) {
		p := &parts[i]
		for _, key := range p.keys {
			s := sym(uint32(key))
			if s == zerobase { // after all symbols without size, which get its address
				key = 1<<32 - 1
			}
			next := &p.next[l.kinds[s]]
			lists[l.kinds[s]][*next] = key
			*next++
		}
		giveBack(&l.pool, p.keys)
	})
	var jobs []func()
	for k, list := range lists {
		jobs = append(jobs, func() {
			if k != int(kindPCLnTab) {
				slices.Sort(list)
			} else {
				slices.SortFunc(list, func(a, b uint64) int { return int(int64(uint32(a)) - int64(uint32(b))) })
			}
			syms := array[sym](&l.pool, len(list))
			for i, key := range list {
				syms[i] = sym(uint32(key))
				if uint32(key) == 1<<32-1 {
					syms[i] = zerobase
				}
				l.align(syms[i]) // by the size that it has now
			}
			giveBack(&l.pool, list)
			l.buckets[k] = syms
		})
	}
	parallel.Do(jobs)
	if l.release.typeSections {
		l.sortTypes()
	}
}

// laidOutSize returns the size in bytes of s, and whether it is laid out with others of its kind, which is final then.
func (l *linker) laidOutSize(s sym) (size uint64, ok bool) {
	k := l.kinds[s]
	if k <= kindTextEnd || k >= kindUnloaded || l.attrs[s]&(attrReachable|attrSpecial) != attrReachable {
		return 0, false
	}
	d := l.defs[s]
	if d.obj == 0 {
		o := l.owns[d.idx]
		if o.name == "" {
			return 0, false
		}
		size = o.size
	} else {
		if l.attrs[s]&attrUnnamed != 0 {
			return 0, false // part of another symbol
		}
		size = uint64(l.sizes[s])
	}
	if size > maxData {
		l.errorf("symbol %s: %d bytes, want at most %d", l.name(s), size, maxData)
		return 0, false
	}
	switch {
	case !l.cfg.PIE:
	case k == kindType && !l.release.typeSections:
		l.kinds[s] = kindTypeRel
	case k == kindROData && l.attrs[s]&attrLeaf == 0 && l.countRelocs(s) > 0:
		l.kinds[s] = kindRODataRel
	}
	if k == kindCounter {
		l.errorf("symbol %s: a counter of coverage or fuzzing: %w", l.name(s), ErrUnsupported)
	}
	return size, true
}

// sortTypes sorts types for the runtime since Go 1.27, which takes them in the order of their section: first those that reflection finds by
// name, by how they are spelled, then others, then interface tables. The module data says where each part ends.
func (l *linker) sortTypes() {
	type entry struct {
		key   uint64 // size and number
		sym   sym
		class int // 0 for the group's symbol, then the parts
		str   string
	}
	list := make([]entry, len(l.buckets[kindType]))
	slices.Sort(l.buckets[kindType])
	group := l.lookup(typeGroup, abi0)
	for i, s := range l.buckets[kindType] {
		e := entry{key: l.size(s)<<32 | uint64(s), sym: s, class: 2}
		switch f := l.flags(s); {
		case s == group:
			e.class = 0
		case f&goobj.SymItab != 0:
			e.class = 3
		case f&goobj.SymTypelink != 0:
			t, ok := l.typeDesc(s)
			if !ok {
				l.errorf("type %s: no well-formed descriptor", l.name(s))
				continue
			}
			e.class, e.str = 1, l.typeString(&t)
		}
		list[i] = e
	}
	// Types can be spelled alike. Their order is then that of this algorithm: cmd/link sorts by it.
	sort.Slice(list, func(i, j int) bool {
		a, b := &list[i], &list[j]
		switch {
		case a.class != b.class:
			return a.class < b.class
		case a.class == 1:
			return a.str < b.str
		}
		return a.key < b.key
	})
	end := uint64(typesStart) // of the part so far
	var named, tables, tablesEnd uint64
	named = end
	for i, e := range list {
		l.buckets[kindType][i] = e.sym
		end = goelf.AlignUp(end, l.align(e.sym))
		if e.class == 3 && tables == 0 {
			tables = end
		}
		end += l.size(e.sym)
		if e.class <= 1 {
			named = end
		}
	}
	if tables == 0 {
		tables = end
	}
	tablesEnd = end
	m := l.change(l.module)
	binary.LittleEndian.PutUint64(m.data[l.typeWords[0]:], named)
	binary.LittleEndian.PutUint64(m.data[l.typeWords[1]:], tables)
	binary.LittleEndian.PutUint64(m.data[l.typeWords[2]:], tablesEnd-tables)
}

// Symbols of groups.
const (
	typeGroup = "type:*"
	gcMasks   = "runtime.gcmask.*"
)

// typesStart is where types begin in their section, since Go 1.27: offset 0 is for no type.
const typesStart = 8

// A placer lays out the sections of one segment.
type placer struct {
	*linker
	off uint64
	seg int
}

// open begins a section with the alignment of kinds.
func (p *placer) open(id int, kinds ...kind) *section {
	s := &p.sect[id]
	s.name, s.seg, s.laid, s.align = sectionNames[id], p.seg, true, 1
	for _, k := range kinds {
		for _, sy := range p.buckets[k] {
			s.align = max(s.align, p.align(sy))
		}
	}
	p.off = goelf.AlignUp(p.off, s.align)
	s.addr = p.off
	return s
}

// place lays out the symbols of kind k in section id.
func (p *placer) place(id int, k kind) {
	s := &p.sect[id]
	for _, sy := range p.buckets[k] {
		p.off = goelf.AlignUp(p.off, p.align(sy))
		p.sections[sy] = uint8(id)
		p.values[sy] = p.off - s.addr
		p.off += p.size(sy)
	}
	s.size = p.off - s.addr
	if p.off > maxData {
		p.errorf("too much data: section %s ends at %d, want at most %d bytes", s.name, p.off, maxData)
	}
}

// layoutData lays out all symbols but functions in their sections, writable data first: the garbage collector's description of it
// is read-only data.
func (l *linker) layoutData() {
	l.fillBuckets()
	p := &placer{linker: l, seg: segData}
	for _, s := range []struct {
		id   int
		kind kind
	}{{secBuildInfo, kindBuildInfo}, {secFIPSInfo, kindFIPSInfo}, {secModule, kindModuleData}} {
		if len(l.buckets[s.kind]) > 0 {
			p.open(s.id, s.kind)
			p.place(s.id, s.kind)
		}
	}
	p.open(secNoPtrData, kindNoPtrData)
	for k := kindNoPtrData; k <= kindNoPtrDataFIPSEnd; k++ {
		p.place(secNoPtrData, k)
	}
	p.open(secData, kindData)
	for k := kindData; k <= kindDataFIPSEnd; k++ {
		p.place(secData, k)
	}
	p.open(secBSS, kindBSS)
	p.place(secBSS, kindBSS)
	l.gcProgram("runtime.gcdata", kindData, l.sect[secData].size)
	l.gcProgram("runtime.gcbss", kindBSS, l.sect[secBSS].size)
	p.open(secNoPtrBSS, kindNoPtrBSS)
	p.place(secNoPtrBSS, kindNoPtrBSS)
	if l.release.typeSections {
		l.values[l.lookup(gcMasks, abi0)] = l.sect[secNoPtrBSS].size
		p.place(secNoPtrBSS, kindGCMask)
	}

	l.layoutReadOnly()
	if l.object {
		l.layoutObject()
	}
}

// layoutReadOnly lays out read-only data.
func (l *linker) layoutReadOnly() {
	p := &placer{linker: l, seg: segROData}
	rodata := []kind{kindType, kindGoString, kindGoFunc, kindGCBits, kindROData, kindRODataFIPSStart, kindRODataFIPS, kindRODataFIPSEnd}
	if l.release.typeSections {
		rodata = slices.DeleteFunc(rodata, func(k kind) bool { return k == kindType || k == kindGoFunc })
	}
	p.open(secROData, rodata...)
	for _, k := range rodata {
		p.place(secROData, k)
	}
	p.open(secPCLnTab, kindPCLnTab)
	p.place(secPCLnTab, kindPCLnTab)
	if l.object && l.cfg.BuildID != "" {
		note := p.open(secNote)
		note.align = 4
		p.off = goelf.AlignUp(p.off, note.align)
		note.addr, note.size = p.off, uint64(len(l.buildIDNote()))
		p.off += note.size
	}
	relro := []kind{kindTypeRel, kindGoFuncRel, kindRODataRel}
	if l.cfg.PIE && (!l.release.typeSections || len(l.buckets[kindRODataRel]) > 0) {
		p.open(secRelro, relro...)
		if !l.release.typeSections {
			p.off++ // offset 0 is for no type
		}
		for _, k := range relro {
			p.place(secRelro, k)
		}
	}
	links := []struct {
		id    int
		kind  kind
		start uint64
	}{{secTypeLink, kindTypeLink, 0}, {secItabLink, kindItabLink, 0}}
	if l.release.typeSections {
		links[0].id, links[0].kind, links[0].start = secTypes, kindType, typesStart
		links[1].id, links[1].kind = secFuncs, kindGoFunc
	}
	for _, s := range links {
		p.open(s.id, s.kind)
		p.off += s.start
		p.place(s.id, s.kind)
	}
	if l.cfg.PIE {
		for id := secRelro; id <= secItabLink; id++ {
			s := &l.sect[id]
			s.relro, s.name = true, relroPrefix+sectionNames[id]
		}
	}
}

// relroPrefix begins the names of sections with addresses in a position-independent program.
const relroPrefix = ".data.rel.ro"

// assignAddresses gives segments, sections and symbols their addresses, and sections their places in the file.
func (l *linker) assignAddresses() {
	a := l.arch
	text := &l.sect[secText]
	end := text.addr + text.size
	l.segs[segText] = segment{addr: text.addr - headerReserve, off: 0, size: text.size + headerReserve, fileSize: text.size + headerReserve}

	ro := &l.segs[segROData]
	if !l.object { // in an object, code and read-only data are one segment
		end = goelf.AlignUp(end, a.round)
	}
	ro.addr = end
	for id := secROData; id <= secItabLink; id++ {
		if s := &l.sect[id]; s.laid {
			end = goelf.AlignUp(end, s.align)
			s.addr = end
			end += s.size
		}
	}
	ro.size = end - ro.addr
	ro.fileSize = ro.size

	data := &l.segs[segData]
	data.addr = goelf.AlignUp(end, a.round)
	for id := secBuildInfo; id <= secNoPtrBSS; id++ {
		if s := &l.sect[id]; s.laid {
			s.addr += data.addr
			data.size = s.addr + s.size - data.addr
		}
	}
	data.fileSize = l.sect[secBSS].addr - data.addr
	ro.off = goelf.AlignUp(l.segs[segText].fileSize, a.round)
	data.off = goelf.AlignUp(ro.off+ro.fileSize, a.round)
	if l.object {
		l.placeObject()
	}

	for id := range l.sect {
		if s := &l.sect[id]; s.laid && id != secTBSS {
			s.off = l.segs[s.seg].off + s.addr - l.segs[s.seg].addr
		}
	}
	l.placeSymbols()
}

// placeSymbols gives symbols other than functions their addresses, which have been offsets in their sections.
func (l *linker) placeSymbols() {
	for k := kindType; k < kindTLSBSS; k++ {
		for _, s := range l.buckets[k] {
			if id := l.sections[s]; id != secNone {
				l.values[s] += l.sect[id].addr
			}
		}
	}
	types := secROData
	if l.cfg.PIE {
		types = secRelro
	}
	if l.release.typeSections {
		types = secTypes
		l.setMark(gcMasks, secNoPtrBSS, l.sect[secNoPtrBSS].addr+l.values[l.lookup(gcMasks, abi0)])
	}
	for _, m := range []struct {
		start, end string
		sec        int
	}{
		{"runtime.rodata", "runtime.erodata", secROData}, {"runtime.types", "runtime.etypes", types},
		{"runtime.pclntab", "runtime.epclntab", secPCLnTab}, {"runtime.noptrdata", "runtime.enoptrdata", secNoPtrData},
		{"runtime.bss", "runtime.ebss", secBSS}, {"runtime.data", "runtime.edata", secData},
		{"runtime.noptrbss", "runtime.enoptrbss", secNoPtrBSS},
	} {
		s := l.sect[m.sec]
		l.setMark(m.start, m.sec, s.addr)
		l.setMark(m.end, m.sec, s.addr+s.size)
	}
	for _, name := range []string{"runtime.covctrs", "runtime.ecovctrs"} {
		s := l.sect[secNoPtrBSS]
		l.setMark(name, secNoPtrBSS, s.addr+s.size)
	}
	last := l.sect[secNoPtrBSS]
	l.setMark("runtime.end", secNoPtrBSS, last.addr+last.size)
	for _, g := range []string{"data", "bss"} {
		s := l.lookup("runtime.gc"+g, abi0)
		l.setMark("runtime.egc"+g, secROData, l.values[s]+l.size(s))
	}
}

func (l *linker) setMark(name string, sec int, addr uint64) {
	s := l.lookup(name, abi0)
	l.values[s], l.sections[s] = addr, uint8(sec)
}
