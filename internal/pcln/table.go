package pcln

import (
	"encoding/binary"
	"fmt"
	"strings"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/gobin"
	"github.com/go3s/rules_go3s/internal/parallel"
)

var le = binary.LittleEndian

const findBucket = 20 // bytes for 4096 bytes of text

// A Table is the tables of one executable. It shares the file's memory.
type Table struct {
	f       *goelf.File
	Section goelf.Section // .gopclntab
	layout  *goabi.Module
	module  uint64 // address of moduledata
	mod     []byte // moduledata, relocated

	quantum uint64 // instruction size in bytes, the unit of pc deltas
	header  []byte
	names   []byte
	cutab   []byte
	files   []byte
	pctab   []byte
	funcs   []byte // function table and records
	find    []byte // findfunctab
	gofunc  []byte // funcdata

	// Names and files again, as strings that others are parts of.
	nameText, fileText string

	count    int
	textAddr uint64
	minPC    uint64
	maxPC    uint64
	rodata   uint64
}

// Read finds the tables of f. It fails when f is not a Go executable, when it was
// made by a Go release that goabi.Linked refuses, and when the tables do not fit together.
func Read(f *goelf.File, u goabi.Unverified) (*Table, error) {
	info, err := gobin.ReadBuildInfo(f)
	if err != nil {
		return nil, err
	}
	series, _, err := goabi.Linked(info.GoVersion, u)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	ft, err := gobin.ReadFuncTable(f)
	if err != nil {
		return nil, err
	}
	m, err := gobin.ReadModule(f, ft)
	if err != nil {
		return nil, err
	}
	s := f.Section(goabi.PCLnTab)
	if s == nil {
		return nil, fmt.Errorf("%s: has no section .gopclntab: its tables cannot be told from what follows them. Give the file with its section headers", f.Name)
	}
	t := &Table{f: f, layout: &series.Module, Section: *s, module: m.Addr, count: ft.Len()}
	return t, t.read()
}

// errorf makes an error about offset off of the section .gopclntab.
func (t *Table) errorf(off uint64, format string, args ...any) error {
	return &goelf.FormatError{File: t.f.Name, Off: t.Section.Off + off, Msg: "section .gopclntab: " + fmt.Sprintf(format, args...)}
}

func (t *Table) read() error {
	f := t.f
	data, err := f.SectionData(&t.Section)
	if err != nil {
		return err
	}
	mod, err := f.Relocated(t.module, t.layout.Size)
	if err != nil {
		return err
	}
	t.mod = mod
	word := func(off int) uint64 { return le.Uint64(mod[off:]) }
	base, size := t.Section.Addr, uint64(len(data))
	if size < goabi.PCHeaderSize || base+size < base || le.Uint32(data) != goabi.PCLnTabMagic || word(goabi.ModuleHeader) != base {
		return t.errorf(0, "module data has the header at %#x, want the section's address %#x", word(goabi.ModuleHeader), base)
	}
	var bad error
	part := func(name string, off int, unit uint64) []byte {
		addr, n := word(off), word(off+8)
		if addr < base || addr-base > size || n > (size-(addr-base))/unit || word(off+16) != n {
			bad = t.errorf(0, "module data has %s at %#x with %d elements, want them inside the section (%#x to %#x)", name, addr, n, base, base+size)
			return nil
		}
		return data[addr-base:][:n*unit]
	}
	rest := func(name string, off int, end uint64) []byte {
		addr := word(off)
		if addr < base || addr-base > size || end < addr || end-base > size {
			bad = t.errorf(0, "module data has %s at %#x, want it inside the section (%#x to %#x)", name, addr, base, base+size)
			return nil
		}
		return data[addr-base : end-base]
	}
	t.header = data[:goabi.PCHeaderSize]
	t.quantum = uint64(data[goabi.MinPCQuantum])
	t.names = part("the function names", goabi.ModuleFuncNames, 1)
	t.cutab = part("the compilation unit table", goabi.ModuleUnits, 4)
	t.files = part("the file names", goabi.ModuleFiles, 1)
	t.pctab = part("the pcvalue tables", goabi.ModulePCTab, 1)
	t.funcs = part("the functions", goabi.ModuleFuncs, 1)
	t.hold()
	ftab := part("the function table", goabi.ModuleFuncTab, goabi.FuncTabEntry)
	t.find = rest("findfunctab", goabi.ModuleFindFuncTab, base+size)
	t.gofunc = rest("the function data", t.layout.GoFunc, base+size)
	t.textAddr, t.minPC, t.maxPC = word(goabi.ModuleText), word(goabi.ModuleMinPC), word(goabi.ModuleMaxPC)
	t.rodata = word(t.layout.ROData)
	switch {
	case bad != nil:
		return bad
	case t.quantum != 1 && t.quantum != 2 && t.quantum != 4:
		return t.errorf(6, "instruction size %d, want 1, 2 or 4", t.quantum)
	case word(goabi.ModuleFuncTab) != word(goabi.ModuleFuncs) || len(ftab)/goabi.FuncTabEntry != t.count+1 || len(ftab)-4 > len(t.funcs):
		return t.errorf(8, "module data has a function table of %d entries at %#x, want %d at %#x", len(ftab)/goabi.FuncTabEntry, word(goabi.ModuleFuncTab), t.count+1, word(goabi.ModuleFuncs))
	case word(t.layout.TextSects+8) != 1:
		return t.errorf(0, "the program has %d text sections, want one", word(t.layout.TextSects+8))
	case t.textAddr > t.minPC || t.minPC != t.textAddr+t.entry(0) || t.maxPC != t.textAddr+t.entry(t.count):
		return t.errorf(0, "module data has functions from %#x to %#x, the function table from %#x to %#x", t.minPC, t.maxPC, t.textAddr+t.entry(0), t.textAddr+t.entry(t.count))
	}
	if need := t.findSize(); need > uint64(len(t.find)) {
		return t.errorf(0, "findfunctab has room for %d bytes, want %d", len(t.find), need)
	}
	for i := range t.count {
		if t.entry(i) > t.entry(i+1) {
			return t.errorf(0, "function %d begins after the one that follows it", i)
		}
	}
	return nil
}

// findSize returns the size of findfunctab in bytes.
func (t *Table) findSize() uint64 { return goabi.FindFuncTabSize(t.maxPC - t.minPC) }

// Len returns the number of functions.
func (t *Table) Len() int { return t.count }

// entry returns the text offset of function i in bytes; of the end of the last
// function for i == Len().
func (t *Table) entry(i int) uint64 { return uint64(le.Uint32(t.funcs[i*goabi.FuncTabEntry:])) }

// A funcRecord is a _func (runtime/runtime2.go) with the arrays after it.
type funcRecord struct {
	entry       uint32
	name        uint32
	args        uint32
	deferReturn uint32
	sp          uint32
	file        uint32
	line        uint32
	cu          uint32
	startLine   uint32
	id          uint8
	flag        uint8
	pcdata      [goabi.NumPCData]uint32
	funcdata    [goabi.NumFuncData]uint32 // goabi.NoFuncData for none
	size        uint64                    // in bytes up to the next function; no part of a _func
}

// readFunc decodes the _func record of function i into r.
func (t *Table) readFunc(i int, r *funcRecord) error {
	off := uint64(le.Uint32(t.funcs[i*goabi.FuncTabEntry+4:]))
	size := uint64(len(t.funcs))
	at := uint64(0)
	if off%4 != 0 || off > size || size-off < goabi.FuncSize {
		return t.errorf(at, "function %d has its record at %#x, want room for %d bytes before %#x", i, off, goabi.FuncSize, size)
	}
	b := t.funcs[off:]
	word := func(n int) uint32 { return le.Uint32(b[4*n:]) }
	r.entry, r.name, r.args, r.deferReturn = word(0), word(1), word(2), word(3)
	r.sp, r.file, r.line, r.cu, r.startLine = word(4), word(5), word(6), word(8), word(9)
	r.id, r.flag = b[40], b[41]
	r.size = t.entry(i+1) - t.entry(i)
	npc, nfd := uint64(word(7)), uint64(b[43])
	if npc > goabi.NumPCData || nfd > goabi.NumFuncData || (npc+nfd)*4 > size-off-goabi.FuncSize {
		return t.errorf(at, "function %d has %d pcvalue tables and %d pieces of function data, want at most %d and %d", i, npc, nfd, goabi.NumPCData, goabi.NumFuncData)
	}
	if uint64(r.entry) != t.entry(i) {
		return t.errorf(at, "function %d begins at %#x by its record and %#x by the function table", i, r.entry, t.entry(i))
	}
	if b[42] != 0 {
		return t.errorf(at, "function %d has padding %#x, want 0", i, b[42])
	}
	for n := range r.pcdata {
		r.pcdata[n] = 0
		if uint64(n) < npc {
			r.pcdata[n] = word(11 + n)
		}
	}
	for n := range r.funcdata {
		r.funcdata[n] = goabi.NoFuncData
		if uint64(n) < nfd {
			r.funcdata[n] = word(11 + int(npc) + n)
		}
	}
	// Nobody looks these up then (runtime/symtabinl.go, newInlineUnwinder;
	// runtime/traceback.go, printArgs), and this package puts other things there.
	if r.funcdata[goabi.FuncDataInlTree] == goabi.NoFuncData {
		r.pcdata[goabi.PCDataInlTree] = 0
	}
	if r.funcdata[goabi.FuncDataArgInfo] == goabi.NoFuncData {
		r.pcdata[goabi.PCDataArgLive] = 0
	}
	return nil
}

// hold makes the names and files strings.
func (t *Table) hold() { t.nameText, t.fileText = string(t.names), string(t.files) }

// cstring returns the string at off of s, up to its NUL.
func cstring(s string, off uint32) (string, bool) {
	if uint64(off) >= uint64(len(s)) {
		return "", false
	}
	s, _, ok := strings.Cut(s[off:], "\x00")
	return s, ok
}

// name returns the function name at off, also the one at 0, which the runtime
// takes for the empty name.
func (t *Table) name(off uint32) (string, error) {
	s, ok := cstring(t.nameText, off)
	if !ok {
		return "", t.errorf(0, "no function name ends after offset %#x of %#x", off, len(t.names))
	}
	return s, nil
}

// file returns the name of file number n of the compilation unit at cu; ok is
// false when the table has none there.
func (t *Table) file(cu uint32, n int32) (name string, ok bool) {
	i := uint64(cu + uint32(n))
	if i >= uint64(len(t.cutab)/4) {
		return "", false
	}
	off := le.Uint32(t.cutab[i*4:])
	if off == ^uint32(0) {
		return "", false
	}
	return cstring(t.fileText, off)
}

// entriesOf returns the text offsets of the functions with wanted names; wanted is called on all processors. The
// trampolines that cmd/link makes for calls that go far have the name of their
// target with something after it.
func (t *Table) entriesOf(wanted func(name string) bool) (map[uint64]bool, error) {
	found := make([][]uint64, (t.count+partSize-1)/partSize)
	err := parallel.Ranges(t.count, partSize, func(from, to int) error {
		var r funcRecord
		for i := from; i < to; i++ {
			if err := t.readFunc(i, &r); err != nil {
				return err
			}
			name, err := t.name(r.name)
			if err != nil {
				return err
			}
			if wanted(name) {
				found[from/partSize] = append(found[from/partSize], t.entry(i))
			}
		}
		return nil
	})
	entries := map[uint64]bool{}
	for _, list := range found {
		for _, entry := range list {
			entries[entry] = true
		}
	}
	return entries, err
}
