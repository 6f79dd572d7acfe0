package gobin

// # Source files and inlined calls
//
// A _func record (see functab.go) continues with
//
//	offset 20  uint32  pcfile: offset in the pc tables of the file table
//	offset 28  uint32  npcdata: number of further pc tables
//	offset 32  uint32  where the function's files begin in the unit table
//	offset 36  int32   line of the func keyword or TEXT directive
//	offset 40  uint8   funcID (internal/abi/symtab.go)
//	offset 43  uint8   nfuncdata
//	offset 44          npcdata offsets in the pc tables, 0 for none, then
//	                   nfuncdata offsets from moduledata's gofunc, ^0 for none
//
// A pc table (runtime/symtab.go, step) is a sequence of pairs of uvarints: the
// zig-zag difference of a value, first from -1, and how many instruction units it
// holds for. A difference of 0 ends it, except at the start.
//
// Inlined calls are the array FUNCDATA_InlTree (runtime/symtabinl.go), whose index
// is the value of PCDATA_InlTreeIndex at each instruction, -1 for what is the
// function's own. An entry has 16 bytes:
//
//	offset  0  uint8   funcID
//	offset  4  int32   name of the called function
//	offset  8  int32   an instruction at the place of the call, from the entry
//	offset 12  int32   line of the func keyword

import (
	"encoding/binary"
	"sort"

	"github.com/go3s/rules_go3s/internal/goabi"
)

const (
	maxInlined    = 1 << 20 // as the runtime has it
	maxTablePairs = 1 << 20
)

// An Inlined is a call that the compiler replaced by the body of the callee.
type Inlined struct {
	Name   string // of the callee
	File   string // of the callee's code, "" when none of it is left
	Parent int    // index of the call that this one is in, -1 for the function itself
}

// A Span says that the instructions from Start on belong to an inlined call.
type Span struct {
	Start uint64 // offset from the text start
	Call  int    // index in FuncInfo.Inlined, -1 for the function's own code
}

// A FuncInfo is what the tables say about one function besides its place. Members
// that the file lacks, or that are damaged, are zero.
type FuncInfo struct {
	File    string // source file, as the compiler recorded it
	Line    int    // of the func keyword or TEXT directive
	Wrapper bool   // made by the compiler to call another function
	Inlined []Inlined
	Spans   []Span // ascending; nil without Inlined
}

// CallAt returns the index in Inlined of the innermost inlined call that the
// instruction at text offset off belongs to, -1 for the function's own.
func (fi *FuncInfo) CallAt(off uint64) int {
	// The first span after off, less one.
	i := sort.Search(len(fi.Spans), func(i int) bool { return fi.Spans[i].Start > off })
	if i == 0 {
		return -1
	}
	return fi.Spans[i-1].Call
}

// Info returns what the tables say of function i, 0 <= i < Len(). gofunc is the
// memory from moduledata's gofunc on; without it there are no inlined calls.
func (t *FuncTable) Info(i int, gofunc []byte) FuncInfo {
	var info FuncInfo
	start := uint64(le.Uint32(t.pcln[i*goabi.FuncTabEntry+4:]))
	if uint64(len(t.pcln))-start < goabi.FuncSize {
		return info
	}
	record := t.pcln[start:]
	info.Line = int(int32(le.Uint32(record[36:])))
	info.Wrapper = record[40] == goabi.FuncIDWrapper
	unit := uint64(le.Uint32(record[32:]))
	fn := t.At(i)

	files := t.pcValues(le.Uint32(record[20:]), fn)
	if len(files) > 0 {
		info.File = t.file(unit, files[0].value)
	}
	npcdata, nfuncdata := uint64(le.Uint32(record[28:])), uint64(record[43])
	words := uint64(len(record)-goabi.FuncSize) / 4
	if npcdata <= goabi.PCDataInlTree || nfuncdata <= goabi.FuncDataInlTree || npcdata > words || npcdata+nfuncdata > words {
		return info
	}
	tree := uint64(le.Uint32(record[goabi.FuncSize+4*(npcdata+goabi.FuncDataInlTree):]))
	if tree == goabi.NoFuncData || tree >= uint64(len(gofunc)) {
		return info
	}
	calls := gofunc[tree:]
	ranges := t.pcValues(le.Uint32(record[goabi.FuncSize+4*goabi.PCDataInlTree:]), fn)
	count := 0
	// Calls without instructions of their own are there because others are in them:
	// there cannot be many more than the function has bytes.
	most := min(len(calls)/goabi.InlinedCall, maxInlined, 8*int(fn.End-fn.Entry)+64)
	for _, r := range ranges {
		if int(r.value) >= most || r.value < -1 {
			return info
		}
		count = max(count, int(r.value)+1)
		info.Spans = append(info.Spans, Span{r.start, int(r.value)})
	}
	info.Inlined = make([]Inlined, count)
	for c := range info.Inlined {
		entry := calls[c*goabi.InlinedCall:]
		parent := -1
		if pc := int32(le.Uint32(entry[8:])); pc >= 0 {
			parent = info.CallAt(fn.Entry + uint64(pc))
		}
		// A call is in an earlier one, or the tree is damaged.
		if parent >= c {
			parent = -1
		}
		info.Inlined[c] = Inlined{Name: t.name(le.Uint32(entry[4:])), Parent: parent}
	}
	// The file at an instruction is that of the innermost call.
	f := 0
	for _, s := range info.Spans {
		for f+1 < len(files) && files[f+1].start <= s.Start {
			f++
		}
		if s.Call >= 0 && f < len(files) && info.Inlined[s.Call].File == "" {
			info.Inlined[s.Call].File = t.file(unit, files[f].value)
		}
	}
	return info
}

type pcRange struct {
	start uint64 // offset from the text start
	value int32
}

// pcValues decodes the pc table at offset off for the function fn.
func (t *FuncTable) pcValues(off uint32, fn Func) []pcRange {
	if off == 0 || uint64(off) >= uint64(len(t.pctab)) {
		return nil
	}
	var out []pcRange
	p, pc, value := t.pctab[off:], fn.Entry, int32(goabi.FirstPCValue)
	for len(out) < maxTablePairs && pc < fn.End {
		delta, n := binary.Uvarint(p)
		if n <= 0 || delta == 0 && len(out) > 0 {
			break
		}
		p = p[n:]
		units, n := binary.Uvarint(p)
		if n <= 0 || units == 0 || units > 1<<32 {
			break
		}
		p = p[n:]
		value += int32(-(delta & 1) ^ delta>>1)
		out = append(out, pcRange{pc, value})
		pc += units * t.unit
	}
	return out
}

// file returns the file with number n of the compilation unit that begins at
// index unit of the unit table.
func (t *FuncTable) file(unit uint64, n int32) string {
	at := (unit + uint64(uint32(n))) * 4
	if n < 0 || at+4 > uint64(len(t.units)) {
		return ""
	}
	return cString(t.files, le.Uint32(t.units[at:]))
}
