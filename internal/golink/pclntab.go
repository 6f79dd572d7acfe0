package golink

import (
	"encoding/binary"
	"strings"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/link"
)

// # Function table
//
// Section .gopclntab is made of parts, each the contents of a symbol, in the order in which cmd/link makes them: header, names of
// functions, for each compilation unit the offsets of its file names, file names, tables by program counter, records of functions,
// data of functions, and the table that finds a function by its address.
//
// Offsets in a part are given out in the order in which functions, by address, first need something. A table is stored
// once for all functions that refer to the same symbol, and tables with the same contents are one symbol. Data of functions
// is sorted by alignment, largest first.

// A fn is a function of the table.
type fn struct {
	sym     sym
	info    def    // what the compiler says about it; obj 0 for nothing
	args    uint32 // of this, as the table has it
	line    uint32
	id      uint8
	flag    uint8
	calls   uint32
	pcsp    sym // tables by program counter, 0 for none
	pcfile  sym
	pcline  sym
	inline  sym    // table of inlined calls
	start   uint32 // of its record
	tree    uint32 // offset of the tree of inlined calls in the data of functions
	lists   uint32 // where its numbered data is in funcTable.lists of its chunk, followed by its numbered tables
	numData uint32
	numPC   uint32
}

// funcInfo is what the compiler says about a function (cmd/internal/goobj, FuncInfo); nil for none.
type funcInfo struct {
	obj  *object
	def  def
	data []byte
}

func (f funcInfo) valid() bool      { return f.obj != nil }
func (f funcInfo) u32(i int) uint32 { return binary.LittleEndian.Uint32(f.data[i:]) }
func (f funcInfo) args() uint32     { return f.u32(0) }
func (f funcInfo) id() byte         { return f.data[8] }
func (f funcInfo) flag() byte       { return f.data[9] }
func (f funcInfo) line() uint32     { return f.u32(12) }
func (f funcInfo) numFiles() int    { return int(f.u32(16)) }
func (f funcInfo) file(i int) uint32 {
	return f.u32(20 + 4*i)
}
func (f funcInfo) numCalls() int {
	if f.obj == nil {
		return 0
	}
	return int(f.u32(20 + 4*f.numFiles()))
}

const (
	funcInfoSize = 24 // with empty lists
	inlineNode   = 24
)

// call returns the fields of inlined call i.
func (f funcInfo) call(i int) (file uint32, callee goobj.Ref, parentPC uint32) {
	at := funcInfoSize + 4*f.numFiles() + i*inlineNode
	return f.u32(at + 4), goobj.Ref{Pkg: f.u32(at + 12), Sym: f.u32(at + 16)}, f.u32(at + 20)
}

// wellFormed reports whether the lists of f are in its data, and its files are files of the object.
func (f funcInfo) wellFormed() bool {
	n := uint64(len(f.data))
	files := uint64(f.u32(16))
	if funcInfoSize+4*files > n {
		return false
	}
	calls := uint64(f.u32(int(20 + 4*files)))
	if funcInfoSize+4*files+inlineNode*calls > n {
		return false
	}
	for i := range int(files) {
		if int64(f.file(i)) >= int64(len(f.obj.files)) {
			return false
		}
	}
	for i := range int(calls) {
		if file, _, _ := f.call(i); int64(file) >= int64(len(f.obj.files)) {
			return false
		}
	}
	return true
}

// funcTable is the function table while it is made.
type funcTable struct {
	header, names, units, files, pctab, funcs, data, find sym

	fns       []fn
	lists     [][]sym  // of each chunkSize functions
	offs      []uint32 // by symbol: offset of a function's name, with isName, or of a table by program counter
	named     []sym
	nameBytes uint32
	fileOffs  map[string]uint32
	fileList  []string
	fileBytes uint32
	unitList  []*object
	unitFiles [][]bool // files of each that the table has
	unitMax   []uint32
	unitStart []uint32
	pcSyms    []sym
	pcBytes   uint64
	funcData  []sized
}

// isName marks offsets of names.
const isName = 1 << 31

// sized is something with its size in bytes: a symbol, or, with isTree, the tree of inlined calls of the function with that number.
type sized struct {
	sym  sym
	size uint32
}

// isTree marks trees of inlined calls.
const isTree = 1 << 31

// funcInfo returns what the compiler says about f.
func (l *linker) funcInfo(f *fn) funcInfo {
	if f.info.obj == 0 {
		return funcInfo{}
	}
	o := l.objs[f.info.obj]
	return funcInfo{o, f.info, o.Data(f.info.idx)}
}

// dataOf returns the numbered data of function i.
func (t *funcTable) dataOf(i int) []sym {
	f := &t.fns[i]
	return t.lists[i/chunkSize][f.lists:][:f.numData]
}

// tablesOf returns the numbered tables by program counter of function i.
func (t *funcTable) tablesOf(i int) []sym {
	f := &t.fns[i]
	return t.lists[i/chunkSize][f.lists+f.numData:][:f.numPC]
}

// funcInfoOf returns what the compiler says about function s. Its lists are not checked (wellFormed).
func (l *linker) funcInfoOf(s sym) funcInfo {
	d := l.origin(s)
	if d.obj == 0 {
		return funcInfo{}
	}
	o := l.objs[d.obj]
	from, to := o.Auxs(d.idx)
	for n := from; n < to; n++ {
		typ, r := o.Aux(n)
		if typ != goobj.AuxFuncInfo {
			continue
		}
		if int64(r.Sym) >= int64(o.Defs()) {
			l.errorf("%s: function %s: no symbol %d for its description", o.Name, l.name(s), r.Sym)
			return funcInfo{}
		}
		f := funcInfo{o, def{d.obj, r.Sym}, o.Data(r.Sym)}
		if len(f.data) < funcInfoSize {
			l.errorf("%s: function %s: %d bytes that describe it, want at least %d", o.Name, l.name(s), len(f.data), funcInfoSize)
			return funcInfo{}
		}
		return f
	}
	return funcInfo{}
}

// inTable reports whether the table has function s.
func (l *linker) inTable(s sym) bool {
	if !l.arch.farCalls {
		return true
	}
	name := l.name(s)
	return name != "" && !strings.HasPrefix(name, ".L")
}

// makeFuncTable collects what the table has, and makes its symbols.
func (l *linker) makeFuncTable() {
	t := &funcTable{offs: array[uint32](&l.pool, len(l.defs)), fileOffs: map[string]uint32{}}
	l.tab = t
	t.pcBytes = 1 // offset 0 is for no table
	l.collectFunctions()
	if len(t.fns) == 0 {
		l.errorf("the program has no functions")
		return
	}
	funcBytes := l.placeRecords()

	carrier, _ := l.define("runtime.pclntab", kindPCLnTab)
	l.setGroup(kindPCLnTab, carrier)
	part := func(name string, size uint64, align uint64, generate generator) sym {
		size = goelf.AlignUp(size, 8)
		s, o := l.define(name, kindPCLnTab)
		o.size, o.generate = size, generate
		l.aligns[s] = alignLog(uint32(align))
		l.aligns[carrier] = max(l.aligns[carrier], l.aligns[s])
		return s
	}
	l.aligns[carrier] = alignLog(8)
	unitWords := uint32(0)
	t.unitStart = make([]uint32, len(t.unitMax))
	for i, n := range t.unitMax {
		t.unitStart[i] = unitWords
		unitWords += n
	}
	t.header = part("runtime.pcheader", goabi.PCHeaderSize, 8, whole(goabi.PCHeaderSize, l.writeHeader))
	t.names = part("runtime.funcnametab", uint64(t.nameBytes), 1, l.writeNames)
	t.units = part("runtime.cutab", 4*uint64(unitWords), 4, whole(4*uint64(unitWords), l.writeUnits))
	t.files = part("runtime.filetab", uint64(t.fileBytes), 1, whole(uint64(t.fileBytes), l.writeFiles))
	t.pctab = part("runtime.pctab", t.pcBytes, 1, l.writePCTab)
	t.funcs = part("runtime.functab", funcBytes, 4, l.writeFuncs)
	dataAlign, dataBytes := l.placeFuncData()
	t.data = part("go:func.*", dataBytes, dataAlign, l.writeFuncData)
	l.makeFind()
}

// A generator gives the contents of a symbol as consecutive parts, in any order. It is called when all addresses are known.
type generator func(part partFunc)

// A partFunc takes a part of the contents of a symbol: bytes from to to-1, which are zeros, and what fills them, perhaps beside others.
type partFunc func(from, to uint64, fill func(b []byte))

// whole returns the generator of size bytes that fill fills.
func whole(size uint64, fill func(b []byte)) generator {
	return func(part partFunc) { part(0, size, fill) }
}

// inParts calls part for parts of a list of n things, which are together size bytes, the first of them at offset off(0).
func inParts(n int, size uint64, off func(i int) uint64, part partFunc, fill func(b []byte, from, to int)) {
	for i := 0; i < n; i += chunkSize {
		j, start, end := min(i+chunkSize, n), off(i), size
		if j < n {
			end = off(j)
		}
		part(start, end, func(b []byte) { fill(b, i, j) })
	}
}

// fileName returns the name of a source file as tracebacks show it.
func (l *linker) fileName(name string) string {
	name = strings.TrimPrefix(name, "gofile..")
	if rest, ok := strings.CutPrefix(name, "$GOROOT"); ok && l.cfg.GOROOT != "" && strings.HasPrefix(rest, "/") {
		name = l.cfg.GOROOT + rest
	}
	if l.program {
		name = link.SourceName(name)
	}
	return name
}

// noFuncData reports whether a function of o has no data j, although there is s: the assembler refers to argument maps that the compiler
// makes for functions with a declaration in Go, and only for those.
func (l *linker) noFuncData(o *object, j int, s sym) bool {
	if s == 0 {
		return true
	}
	return (j == goabi.FuncDataArgsMap || j == goabi.FuncDataArgInfo) && o.Flags&goobj.FlagAssembly != 0 && len(l.data(s)) == 0
}

// placeFuncData gives the data of functions offsets, those with the largest alignment first.
func (l *linker) placeFuncData() (align, size uint64) {
	t := l.tab
	const treeAlign = 3 // as linker.aligns has it: 4 bytes
	alignOf := func(p sized) uint8 {
		if p.sym&isTree != 0 {
			return treeAlign
		}
		return l.aligns[p.sym] // which addFuncData found
	}
	var next [64]int // by alignment, how many there are, then where the next one goes
	for _, p := range t.funcData {
		next[alignOf(p)]++
	}
	sum := 0
	for a := len(next) - 1; a >= 0; a-- {
		n := next[a]
		if n > 0 && align == 0 {
			align = 1 << (a - 1)
		}
		next[a] = sum
		sum += n
	}
	ordered := array[sized](&l.pool, len(t.funcData))
	for _, p := range t.funcData {
		a := alignOf(p)
		ordered[next[a]] = p
		next[a]++
	}
	giveBack(&l.pool, t.funcData)
	t.funcData = ordered
	for _, p := range ordered {
		size = goelf.AlignUp(size, 1<<(alignOf(p)-1))
		if p.sym&isTree != 0 {
			t.fns[p.sym&^isTree].tree = uint32(size)
		} else {
			if p.size == 0 {
				l.errorf("%s: data of a function without a size", l.name(p.sym))
			}
			l.values[p.sym] = size // it is in no section
		}
		size += uint64(p.size)
	}
	return align, size
}

func (f *fn) numPCData() int {
	n := int(f.numPC)
	if f.calls > 0 {
		n = max(n, goabi.PCDataInlTree+1)
	}
	return n
}

// placeRecords gives the records of functions their offsets, and returns where they end.
func (l *linker) placeRecords() uint64 {
	t := l.tab
	size := uint64(len(t.fns)*goabi.FuncTabEntry + 4)
	for i := range t.fns {
		f := &t.fns[i]
		size = goelf.AlignUp(size, 8)
		f.start = uint32(size)
		size += goabi.FuncSize + 4*uint64(f.numPCData()+int(f.numData))
	}
	return size
}

// The methods below fill in the parts when all addresses are known. Long ones are made of parts themselves, for all processors.

func (l *linker) writeHeader(b []byte) {
	t := l.tab
	le := binary.LittleEndian
	le.PutUint32(b, goabi.PCLnTabMagic)
	b[goabi.MinPCQuantum], b[goabi.PointerSize] = byte(l.arch.minInst), 8
	le.PutUint64(b[8:], uint64(len(t.fns)))
	le.PutUint64(b[16:], uint64(len(t.fileList)))
	for _, p := range []struct {
		off int
		sym sym
	}{
		{goabi.PCHeaderFuncNames, t.names}, {goabi.PCHeaderUnits, t.units}, {goabi.PCHeaderFiles, t.files},
		{goabi.PCHeaderPCTab, t.pctab}, {goabi.PCHeaderFuncTab, t.funcs},
	} {
		le.PutUint64(b[p.off:], l.values[p.sym]-l.values[t.header])
	}
}

func (l *linker) writeNames(part partFunc) {
	t := l.tab
	off := func(i int) uint64 { return uint64(t.offs[t.named[i]] &^ isName) }
	inParts(len(t.named), uint64(t.nameBytes), off, part, func(b []byte, from, to int) {
		at := 0
		for _, s := range t.named[from:to] {
			at += copy(b[at:], l.name(s)) + 1
		}
	})
}

func (l *linker) writeUnits(b []byte) {
	t := l.tab
	for i, u := range t.unitList {
		for j := range t.unitMax[i] {
			off, ok := t.fileOffs[u.files[j]]
			if !ok {
				off = goabi.NoFile
			}
			binary.LittleEndian.PutUint32(b[4*(t.unitStart[i]+j):], off)
		}
	}
}

func (l *linker) writeFiles(b []byte) {
	off := 0
	for _, name := range l.tab.fileList {
		off += copy(b[off:], l.fileName(name)) + 1
	}
}

func (l *linker) writePCTab(part partFunc) {
	t := l.tab
	off := func(i int) uint64 { return uint64(t.offs[t.pcSyms[i]]) }
	inParts(len(t.pcSyms), t.pcBytes, off, part, func(b []byte, from, to int) {
		for _, s := range t.pcSyms[from:to] {
			copy(b[uint64(t.offs[s])-off(from):], l.data(s))
		}
	})
}

func (l *linker) writeFuncs(part partFunc) {
	t := l.tab
	text := l.sect[secText].addr
	entry := func(i int) uint32 { return uint32(l.values[t.fns[i].sym] - text) }
	list := uint64(len(t.fns)*goabi.FuncTabEntry + 4)
	part(0, list, func(b []byte) {
		le := binary.LittleEndian
		for i := range t.fns {
			le.PutUint32(b[8*i:], entry(i))
			le.PutUint32(b[8*i+4:], t.fns[i].start)
		}
		last := t.fns[len(t.fns)-1].sym
		le.PutUint32(b[8*len(t.fns):], uint32(l.values[last]-text+l.size(last)))
	})
	off := func(i int) uint64 { return uint64(t.fns[i].start) }
	inParts(len(t.fns), l.size(t.funcs), off, part, func(b []byte, from, to int) { l.writeRecords(b, from, to, entry) })
}

// writeRecords writes the records of functions from to to-1 to b.
func (l *linker) writeRecords(b []byte, from, to int, entry func(i int) uint32) {
	t := l.tab
	le := binary.LittleEndian
	deferReturn := l.lookup("runtime.deferreturn", abiInternal)
	for i := from; i < to; i++ {
		f := &t.fns[i]
		r := b[f.start-t.fns[from].start:]
		le.PutUint32(r, entry(i))
		le.PutUint32(r[4:], t.offs[f.sym]&^isName)
		le.PutUint32(r[8:], f.args)
		le.PutUint32(r[36:], f.line)
		r[40], r[41] = f.id, f.flag
		if l.attrs[f.sym]&attrDefers != 0 {
			l.calls(f.sym, func(off int32, target sym) bool {
				found := target == deferReturn || l.isDeferReturnJump(target)
				if found {
					le.PutUint32(r[12:], uint32(off+l.arch.deferReturn))
				}
				return !found
			})
		}
		le.PutUint32(r[16:], t.offs[f.pcsp])
		le.PutUint32(r[20:], t.offs[f.pcfile])
		le.PutUint32(r[24:], t.offs[f.pcline])
		le.PutUint32(r[28:], uint32(f.numPCData()))
		unit := uint32(goabi.NoFile)
		if d := l.origin(f.sym); d.obj != 0 {
			unit = t.unitStart[l.objs[d.obj].unit]
		}
		le.PutUint32(r[32:], unit)
		r[43] = byte(f.numData)
		rest := r[goabi.FuncSize:]
		for j, table := range t.tablesOf(i) {
			le.PutUint32(rest[4*j:], t.offs[table])
		}
		if f.calls > 0 {
			le.PutUint32(rest[4*goabi.PCDataInlTree:], t.offs[f.inline])
		}
		rest = rest[4*f.numPCData():]
		for j, s := range t.dataOf(i) {
			off := uint32(goabi.NoFuncData)
			switch {
			case j == goabi.FuncDataInlTree && f.calls > 0:
				off = f.tree
			case !l.noFuncData(l.objs[f.info.obj], j, s):
				off = uint32(l.values[s])
			}
			le.PutUint32(rest[4*j:], off)
		}
	}
}

func (l *linker) writeFuncData(part partFunc) {
	inParts(len(l.tab.funcData), l.size(l.tab.data), l.funcDataOff, part, l.writeFuncDataPart)
}

// funcDataOff returns the offset of data i of functions.
func (l *linker) funcDataOff(i int) uint64 {
	p := l.tab.funcData[i]
	if p.sym&isTree != 0 {
		return uint64(l.tab.fns[p.sym&^isTree].tree)
	}
	return l.values[p.sym]
}

// writeFuncDataPart writes the data of functions with numbers from to to-1 to b.
func (l *linker) writeFuncDataPart(b []byte, from, to int) {
	t := l.tab
	le := binary.LittleEndian
	start := l.funcDataOff(from)
	var buf []reloc
	for i, p := range t.funcData[from:to] {
		b := b[l.funcDataOff(from+i)-start:]
		if p.sym&isTree != 0 {
			f := &t.fns[p.sym&^isTree]
			tree := l.funcInfo(f)
			for i := range tree.numCalls() {
				_, ref, parentPC := tree.call(i)
				callee := l.resolve(tree.obj, ref)
				node := b[uint64(i)*goabi.InlinedCall:]
				info := l.funcInfoOf(callee)
				if !info.valid() {
					l.errorf("function %s, inlined into %s: the compiler says nothing about it", l.name(callee), l.name(f.sym))
					return
				}
				node[0] = info.id()
				le.PutUint32(node[4:], t.offs[callee]&^isName)
				le.PutUint32(node[8:], parentPC)
				le.PutUint32(node[12:], info.line())
			}
			continue
		}
		copy(b, l.data(p.sym))
		buf = l.relocs(p.sym, buf)
		for _, r := range buf {
			if r.weak && !l.reachable(r.sym) {
				continue
			}
			if r.typ != goobj.RelocAddrOff || r.size != 4 || r.off < 0 || uint64(r.off)+4 > l.size(p.sym) {
				l.errorf("%s: relocation type %d of %d bytes at %d in data of a function: want R_ADDROFF",
					l.name(p.sym), r.typ, r.size, r.off)
				return
			}
			le.PutUint32(b[r.off:], uint32(l.sectionOffset(r.sym)+uint64(r.add)))
		}
	}
}

// sectionOffset returns how far s is from the start of its section.
func (l *linker) sectionOffset(s sym) uint64 { return l.values[s] - l.sect[l.sections[s]].addr }

// Buckets of the table that finds functions.
const (
	findBucket    = 4096
	findSubBucket = 256
	findEntry     = 4 + findBucket/findSubBucket
)

// makeFind makes the symbol of the table that finds functions.
func (l *linker) makeFind() {
	s, o := l.define("runtime.findfunctab", kindPCLnTab)
	o.size = goabi.FindFuncTabSize(l.textSpan())
	o.generate = whole(o.size, l.writeFind)
	l.aligns[s] = alignLog(4)
	l.tab.find = s
}

// textSpan returns the bytes from the first function to the end of the last.
func (l *linker) textSpan() uint64 {
	first, last := l.text[0], l.text[len(l.text)-1]
	return l.values[last] + l.size(last) - l.values[first]
}

func (l *linker) writeFind(b []byte) {
	start, span := l.values[l.text[0]], l.textSpan()
	n := (span + findSubBucket - 1) / findSubBucket
	const none = 1<<31 - 1
	least := make([]uint32, n)
	for i := range least {
		least[i] = none
	}
	for i := range l.tab.fns {
		from := l.values[l.tab.fns[i].sym] - start
		to := span
		if i+1 < len(l.tab.fns) {
			to = l.values[l.tab.fns[i+1].sym] - start
		}
		for p := from; p < to; p += findSubBucket {
			least[p/findSubBucket] = min(least[p/findSubBucket], uint32(i))
		}
		if to > from {
			least[(to-1)/findSubBucket] = min(least[(to-1)/findSubBucket], uint32(i))
		}
	}
	for i := uint64(0); i*findBucket < span; i++ {
		base := least[i*(findBucket/findSubBucket)]
		binary.LittleEndian.PutUint32(b[i*findEntry:], base)
		for j := range uint64(findBucket / findSubBucket) {
			k := i*(findBucket/findSubBucket) + j
			if k >= n {
				break
			}
			if least[k]-base > 255 || least[k] == none {
				l.errorf("more than 256 functions in %d bytes of code at %#x", findBucket, start+i*findBucket)
				return
			}
			b[i*findEntry+4+j] = byte(least[k] - base)
		}
	}
}
