package golink

import (
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/parallel"
)

// # What the function table has
//
// Offsets are given out in the order in which functions first need something, so one after the other. But nearly all that functions need is
// needed by their neighbours: all processors list what parts of the functions need, each thing once, and one of them goes through these
// lists in order meanwhile.

// A needs is what a part of the functions needs, in order, without what another one of the part needed before.
type needs struct {
	names  []sym   // of functions, and of what is inlined into them
	tables []sized // by program counter
	data   []sized
	files  []fileRef
}

// A fileRef is file of the list of obj.
type fileRef struct {
	obj  *object
	file uint32
}

// A symSet is a set of symbols for one processor.
type symSet []uint64

// add adds s, and reports whether it is new.
func (b symSet) add(s sym) bool {
	was := b[s/64]
	b[s/64] = was | 1<<(s%64)
	return b[s/64] != was
}

// collectFunctions lists the functions of the table and gives what they need its offsets; those of data come later (placeFuncData).
func (l *linker) collectFunctions() {
	t := l.tab
	t.fns = array[fn](&l.pool, len(l.text))[:0]
	for _, s := range l.text {
		if l.inTable(s) {
			t.fns = append(t.fns, fn{sym: s})
		}
	}
	t.lists = make([][]sym, (len(t.fns)+chunkSize-1)/chunkSize)
	t.named, t.pcSyms = array[sym](&l.pool, 2*len(t.fns))[:0], array[sym](&l.pool, 6*len(t.fns))[:0]
	t.funcData = array[sized](&l.pool, 6*len(t.fns))[:0]
	parallel.InOrder(len(t.lists), func(i int) needs {
		return l.needsOf(i*chunkSize, min((i+1)*chunkSize, len(t.fns)))
	}, func(i int, n needs) {
		for i := i * chunkSize; i < min((i+1)*chunkSize, len(t.fns)); i++ {
			l.addUnit(t.fns[i].sym)
		}
		for _, s := range n.names {
			l.addName(s)
		}
		for _, f := range n.files {
			l.addFile(f)
		}
		for _, table := range n.tables {
			l.addTable(table)
		}
		for _, d := range n.data {
			l.addFuncData(d)
		}
		giveBack(&l.pool, n.names)
		giveBack(&l.pool, n.tables)
		giveBack(&l.pool, n.data)
	})
}

// needsOf reads what the functions with numbers from from to to-1 have, and lists what they need.
func (l *linker) needsOf(from, to int) (n needs) {
	fns := l.tab.fns[from:to]
	lists := array[sym](&l.pool, 16*len(fns))[:0]
	n.names = array[sym](&l.pool, 4*len(fns))[:0]
	n.tables, n.data = array[sized](&l.pool, 6*len(fns))[:0], array[sized](&l.pool, 6*len(fns))[:0]
	var pcdata []sym // of a function
	var sets [3]symSet
	for i := range sets {
		sets[i] = array[uint64](&l.pool, len(l.defs)/64+1)
		defer giveBack(&l.pool, sets[i])
	}
	names, tables, datas := sets[0], sets[1], sets[2]
	name := func(s sym) {
		if names.add(s) {
			n.names = append(n.names, s)
		}
	}
	table := func(s sym) {
		if s != 0 && tables.add(s) {
			if size := l.size(s); size != 0 {
				n.tables = append(n.tables, sized{s, uint32(size)})
			}
		}
	}
	files := map[*object][]bool{}
	for i := range fns {
		f := &fns[i]
		info := l.funcInfoOf(f.sym)
		name(f.sym)
		if !info.valid() {
			continue
		}
		if !info.wellFormed() {
			l.errorf("%s: function %s: %d bytes that describe it, which are not well-formed", info.obj.Name, l.name(f.sym), len(info.data))
			continue
		}
		f.info, f.calls = info.def, uint32(info.numCalls())
		f.args, f.line, f.id, f.flag = info.args(), info.line(), info.id(), info.flag()
		lists, pcdata = l.readTables(f, lists, pcdata[:0])
		o := info.obj
		used := files[o]
		if used == nil {
			used = make([]bool, len(o.files))
			files[o] = used
		}
		file := func(i uint32) {
			if !used[i] {
				used[i] = true
				n.files = append(n.files, fileRef{o, i})
			}
		}
		for j := range info.numFiles() {
			file(info.file(j))
		}
		for c := range info.numCalls() {
			i, callee, _ := info.call(c)
			file(i)
			name(l.resolve(o, callee))
		}
		table(f.pcsp)
		table(f.pcfile)
		table(f.pcline)
		for _, s := range pcdata {
			table(s)
		}
		table(f.inline)
		for j, s := range lists[f.lists:][:f.numData] {
			switch {
			case j == goabi.FuncDataInlTree && f.calls > 0:
				n.data = append(n.data, sized{sym(from+i) | isTree, f.calls * goabi.InlinedCall})
			case l.noFuncData(o, j, s) || !datas.add(s):
			case l.kinds[s].isText():
				l.errorf("%s: a function in the place of data of one", l.name(s))
			default:
				n.data = append(n.data, sized{s, uint32(l.size(s))})
			}
		}
	}
	l.tab.lists[from/chunkSize] = shorten(&l.pool, lists)
	return n
}

// readTables reads which tables and data f has, a function of an object. It appends what is numbered to lists, and returns the tables of
// that by themselves, too, in the memory of pcdata.
func (l *linker) readTables(f *fn, lists, pcdata []sym) (_, _ []sym) {
	f.lists = uint32(len(lists))
	d := l.origin(f.sym)
	o := l.objs[d.obj]
	from, to := o.Auxs(d.idx)
	for n := from; n < to; n++ {
		typ, r := o.Aux(n)
		a := l.resolve(o, r)
		switch typ {
		case goobj.AuxPCSP:
			f.pcsp = a
		case goobj.AuxPCFile:
			f.pcfile = a
		case goobj.AuxPCLine:
			f.pcline = a
		case goobj.AuxPCInline:
			f.inline = a
		case goobj.AuxPCData:
			pcdata = append(pcdata, a)
		case goobj.AuxFuncData:
			lists = append(lists, a)
		}
	}
	if f.calls == 0 {
		f.inline = 0
	} else {
		for len(lists)-int(f.lists) < goabi.FuncDataInlTree+1 {
			lists = append(lists, 0)
		}
	}
	f.numData, f.numPC = uint32(len(lists))-f.lists, uint32(len(pcdata))
	return append(lists, pcdata...), pcdata
}

// addUnit notes the compilation unit of function s.
func (l *linker) addUnit(s sym) {
	if d := l.origin(s); d.obj != 0 {
		if o := l.objs[d.obj]; o.unit < 0 {
			o.unit = len(l.tab.unitList)
			l.tab.unitList = append(l.tab.unitList, o)
			l.tab.unitFiles = append(l.tab.unitFiles, make([]bool, len(o.files)))
			l.tab.unitMax = append(l.tab.unitMax, 0)
		}
	}
}

// addName gives the name of function s its offset.
func (l *linker) addName(s sym) {
	switch t := l.tab; {
	case t.offs[s] == 0:
		t.offs[s] = t.nameBytes | isName
		t.named = append(t.named, s)
		t.nameBytes += uint32(len(l.name(s)) + 1)
	case t.offs[s]&isName == 0:
		l.errorf("%s: a table of functions in the place of one of them", l.name(s))
	}
}

// addFile gives the name of a file its offset.
func (l *linker) addFile(f fileRef) {
	t, unit := l.tab, f.obj.unit
	if t.unitFiles[unit][f.file] {
		return
	}
	t.unitFiles[unit][f.file] = true
	t.unitMax[unit] = max(t.unitMax[unit], f.file+1)
	name := f.obj.files[f.file]
	if _, ok := t.fileOffs[name]; ok {
		return
	}
	t.fileOffs[name] = t.fileBytes
	t.fileList = append(t.fileList, name)
	t.fileBytes += uint32(len(l.fileName(name)) + 1)
}

// addTable gives a table its offset.
func (l *linker) addTable(p sized) {
	switch t := l.tab; {
	case t.offs[p.sym] == 0:
		t.offs[p.sym] = uint32(t.pcBytes)
		t.pcSyms = append(t.pcSyms, p.sym)
		t.pcBytes += uint64(p.size)
	case t.offs[p.sym]&isName != 0:
		l.errorf("%s: a function in the place of a table", l.name(p.sym))
	}
}

// addFuncData lists data of functions.
func (l *linker) addFuncData(p sized) {
	if p.sym&isTree == 0 {
		if l.attrs[p.sym]&attrSpecial != 0 {
			return
		}
		l.attrs[p.sym] |= attrSpecial
		l.align(p.sym)
	}
	l.tab.funcData = append(l.tab.funcData, p)
}
