package golink

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/goobj"
	"github.com/go3s/rules_go3s/internal/parallel"
)

// fipsMarks are symbols that enclose what the FIPS 140 module is made of, in pairs.
var fipsMarks = [8]struct {
	name string
	kind kind
}{
	{"go:textfipsstart", kindTextFIPSStart}, {"go:textfipsend", kindTextFIPSEnd},
	{"go:rodatafipsstart", kindRODataFIPSStart}, {"go:rodatafipsend", kindRODataFIPSEnd},
	{"go:noptrdatafipsstart", kindNoPtrDataFIPSStart}, {"go:noptrdatafipsend", kindNoPtrDataFIPSEnd},
	{"go:datafipsstart", kindDataFIPSStart}, {"go:datafipsend", kindDataFIPSEnd},
}

const (
	fipsMagic = "\xff Go fipsinfo \xff\x00"
	fipsSum   = 32
)

// loadFIPS makes the record of the FIPS 140 module: magic, sum, its own address, and the addresses of the marks.
func (l *linker) loadFIPS() {
	s, o := l.define("go:fipsinfo", kindFIPSInfo)
	o.data, o.relocs = nil, nil
	o.addBytes([]byte(fipsMagic))
	o.addBytes(make([]byte, fipsSum))
	o.addAddr(s, 0)
	for i, m := range fipsMarks {
		var mark *own
		l.fips[i], mark = l.define(m.name, m.kind)
		mark.size = 1
		o.addAddr(l.fips[i], 0)
	}
	l.fipsInfo = s
}

// setUp makes the symbols that the runtime expects of the linker, as far as they have to exist before functions are laid out.
func (l *linker) setUp() {
	if tlsg := l.lookupOrMake("runtime.tlsg", abi0); l.kinds[tlsg] == kindNone {
		l.change(tlsg).size = 8
		l.kinds[tlsg] = kindTLSBSS
		l.attrs[tlsg] |= attrReachable
	}
	l.module = l.lookup("runtime.firstmoduledata", abi0)
	if l.module == 0 || l.kinds[l.module] == kindNone {
		l.errorf("runtime.firstmoduledata: not defined: the archive of package runtime is not complete")
		return
	}
	if profile := l.lookup("runtime.memProfileInternal", abiInternal); profile != 0 && !l.reachable(profile) {
		s := l.lookupOrMake("runtime.disableMemoryProfiling", abi0)
		o := l.change(s)
		l.kinds[s] = kindNoPtrData
		o.data, o.relocs = nil, nil
		o.addBytes([]byte{1})
	}
	m := l.change(l.module)
	m.data, m.relocs, m.size = nil, nil, 0
	l.kinds[l.module] = kindModuleData
	l.attrs[l.module] |= attrReachable
}

// setStrings sets string variables.
func (l *linker) setStrings() {
	var defs [][2]string
	if l.cfg.GOROOT != "" {
		defs = append(defs, [2]string{"runtime.defaultGOROOT", l.cfg.GOROOT})
	}
	defs = append(defs, [2]string{buildVersion, l.version})
	if l.cfg.ModInfo != "" {
		defs = append(defs, [2]string{modInfo, l.cfg.ModInfo})
	}
	l.strings = map[string]string{}
	var order []string
	for _, d := range append(defs, l.cfg.XDefs...) {
		name := stringVariable(d[0])
		if name == "" {
			l.errorf("-X %s=%s: want importpath.name=value", d[0], d[1])
			continue
		}
		if _, ok := l.strings[name]; !ok {
			order = append(order, name)
		}
		l.strings[name] = d[1]
	}
	for _, name := range order {
		l.setString(name, l.strings[name])
	}
}

// stringVariable returns the name of the symbol of variable "importpath.name", "" if that is none.
func stringVariable(variable string) string {
	dot := strings.LastIndexByte(variable, '.')
	if dot < 0 {
		return ""
	}
	return pathToPrefix(variable[:dot]) + variable[dot:]
}

// String variables that the linker sets.
const (
	buildVersion = "runtime.buildVersion"
	modInfo      = "runtime.modinfo"
)

func (l *linker) setString(name, value string) {
	s := l.lookup(name, abi0)
	if s == 0 {
		return
	}
	t := l.goType(s)
	if t == 0 {
		return
	}
	if typ := l.name(t); typ != "type:string" {
		l.errorf("-X %s: a variable of type %s, want string", name, strings.TrimPrefix(typ, "type:"))
		return
	}
	if !l.reachable(s) {
		return
	}
	o := l.change(s)
	if l.kinds[s] == kindBSS {
		l.kinds[s] = kindData
	}
	text, to := l.define(name+".str", kindROData)
	to.addBytes(append([]byte(value), 0))
	o.data = binary.LittleEndian.AppendUint64(make([]byte, 8, 16), uint64(len(value)))
	o.relocs = []reloc{{off: 0, size: 8, typ: goobj.RelocAddr, sym: text}}
}

// A typeLink is a type that reflection finds by name, with how it is spelled.
type typeLink struct {
	str string
	typ sym // 0 for an interface table
}

// findTypeLinks lists the types that reflection finds by name, and interface tables. It changes nothing else.
func (l *linker) findTypeLinks() {
	if l.release.typeSections {
		return
	}
	types := make([]typeLink, len(l.linked))
	parallel.Ranges(len(types), chunkSize, func(from, to int) error {
		for i, s := range l.linked[from:to] {
			if l.flags(s)&goobj.SymTypelink == 0 {
				continue
			}
			t, ok := l.typeDesc(s)
			if !ok {
				l.errorf("type %s: no well-formed descriptor", l.name(s))
				continue
			}
			types[from+i] = typeLink{l.typeString(&t), s}
		}
		return nil
	})
	for i, s := range l.linked {
		if types[i].typ == 0 {
			l.itabs = append(l.itabs, s)
		}
	}
	l.types = slices.DeleteFunc(types, func(t typeLink) bool { return t.typ == 0 })
	// Types can be spelled alike. Their order is then that of this algorithm: cmd/link sorts by it.
	slices.SortFunc(l.types, func(a, b typeLink) int { return strings.Compare(a.str, b.str) })
}

// typeLinks makes the lists of what findTypeLinks found.
func (l *linker) typeLinks() {
	if l.release.typeSections {
		return
	}
	_, o := l.define("runtime.typelink", kindTypeLink)
	o.data = make([]byte, 4*len(l.types))
	o.size = uint64(len(o.data))
	o.relocs = make([]reloc, len(l.types))
	for i, t := range l.types {
		o.relocs[i] = reloc{off: int32(4 * i), size: 4, typ: goobj.RelocAddrOff, sym: t.typ}
	}
	_, o = l.define("runtime.itablink", kindItabLink)
	for _, t := range l.itabs {
		o.addAddr(t, 0)
	}
}

// buildInfo makes what "go version -m" reads.
func (l *linker) buildInfo() {
	s, o := l.define("go:buildinfo", kindBuildInfo)
	l.aligns[s] = alignLog(16)
	data := make([]byte, 32)
	copy(data, "\xff Go buildinf:")
	data[14], data[15] = 8, 2 // pointer size; little-endian, strings follow
	for _, str := range []string{l.strings[buildVersion], l.strings[modInfo]} {
		data = binary.AppendUvarint(data, uint64(len(str)))
		data = append(data, str...)
	}
	o.data = nil
	o.addBytes(append(data, make([]byte, -len(data)&15)...))
	ref, r := l.define("go:buildinfo.ref", kindROData)
	l.aligns[ref] = alignLog(8)
	r.addAddr(s, 0)
}

// makeModule makes runtime.firstmoduledata and what it refers to besides.
func (l *linker) makeModule() {
	_, sections := l.define("runtime.textsectionmap", kindROData)
	sections.addUint(0)
	sections.addUint(l.sect[secText].size)
	sections.addAddr(l.lookup("runtime.text", abi0), 0)

	m := l.change(l.module)
	slice := func(s sym, n uint64) {
		m.addAddr(s, 0)
		m.addUint(n)
		m.addUint(n)
	}
	bytes := func(s sym) { slice(s, l.size(s)) }
	none := func(words int) {
		for range words {
			m.addUint(0)
		}
	}
	marks := func(names ...string) {
		for _, n := range names {
			m.addAddr(l.lookup(n, abi0), 0)
		}
	}
	t := l.tab
	m.addAddr(t.header, 0)
	bytes(t.names)
	slice(t.units, l.size(t.units)/4)
	bytes(t.files)
	bytes(t.pctab)
	bytes(t.funcs)
	slice(t.funcs, uint64(len(t.fns)+1))
	m.addAddr(t.find, 0)
	first, last := t.fns[0].sym, t.fns[len(t.fns)-1].sym
	m.addAddr(first, 0)
	m.addAddr(last, int64(l.size(last)))
	marks("runtime.text", "runtime.etext", "runtime.noptrdata", "runtime.enoptrdata", "runtime.data", "runtime.edata",
		"runtime.bss", "runtime.ebss", "runtime.noptrbss", "runtime.enoptrbss", "runtime.covctrs", "runtime.ecovctrs",
		"runtime.end", "runtime.gcdata", "runtime.gcbss", "runtime.types")
	if l.release.typeSections {
		word := func(i int) { // that sortTypes fills in
			l.typeWords[i] = len(m.data)
			m.addUint(0)
		}
		word(0)
		marks("runtime.etypes")
		word(1)
		word(2)
	} else {
		marks("runtime.etypes")
	}
	marks("runtime.rodata", "go:func.*", "runtime.epclntab")
	slice(l.lookup("runtime.textsectionmap", abi0), 1)
	if !l.release.typeSections {
		types := l.lookup("runtime.typelink", abi0)
		slice(types, l.size(types)/4)
		itabs := l.lookup("runtime.itablink", abi0)
		slice(itabs, l.size(itabs)/8)
	}
	none(3)     // ptab
	none(2 + 3) // pluginpath, pkghashes
	if l.mainTasks != 0 {
		slice(l.mainTasks, l.size(l.mainTasks)/8)
	} else {
		none(3)
	}
	none(2 + 3)           // modulename, modulehashes
	m.addBytes([]byte{1}) // hasmain
	if desc, ok := l.typeDesc(l.lookup("type:runtime.moduledata", abi0)); ok && desc.size() >= m.size && desc.size() <= 1<<16 {
		m.data = append(m.data, make([]byte, desc.size()-m.size)...)
		m.size = desc.size()
	} else {
		l.errorf("type runtime.moduledata: not %d bytes or more: not a runtime of %s", m.size, l.release.Name)
	}

	_, o := l.define("runtime.lastmoduledatap", kindNoPtrData)
	o.data, o.relocs = nil, nil
	o.addAddr(l.module, 0)
}
