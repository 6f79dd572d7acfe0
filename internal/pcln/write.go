package pcln

import (
	"bytes"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/hugepages"
)

// A Result is a compacted table.
type Result struct {
	// Data is the new contents of the section .gopclntab, whose address stays.
	Data []byte
	// Module has the new words of moduledata by their offset in it, in bytes.
	Module map[int]uint64
}

// finish makes the parts of the output.
func (c *compactor) finish() {
	c.out = &Table{}
	wait := goelf.Go(func() {
		c.names.Finish()
		c.nameTrees()
		c.blobs.finish()
		c.out.names, c.out.gofunc = c.names.Data(), c.blobs.data
		c.out.cutab, c.out.files = c.files.encode()
	})
	start := len(c.funcs)*goabi.FuncTabEntry + 4
	var holes []hole
	size := start
	for i := range c.funcs {
		o := &c.funcs[i]
		holes = c.holes(o, size, holes)
		npc, nfd := o.counts()
		size += goabi.FuncSize + 4*(npc+nfd)
	}
	fills := c.pcValues.finish(holes, recordAlign)
	wait()
	c.out.pctab, c.out.funcs = c.pcValues.data, c.encodeFuncs(start, size, fills)
}

// write lays the output out as cmd/link does (cmd/link/internal/ld/pcln.go).
func (c *compactor) write() *Result {
	c.finish()
	t, out := c.t, c.out
	base := t.Section.Addr
	res := &Result{Module: map[int]uint64{}}
	size := len(t.header) + len(out.names) + len(out.cutab) + len(out.files) + len(out.pctab) + len(out.funcs) + len(out.gofunc) + len(t.find)
	const padding = 64 // more than there is between the parts
	data := append(hugepages.Unset[byte](size + padding)[:0], t.header...)
	le.PutUint64(data[16:], uint64(bytes.Count(out.files, []byte{0})))
	// begin aligns the end of data and sets the field of the header, if it has
	// one, and the word of moduledata to it.
	begin := func(align int, field, module int) {
		for len(data)%align != 0 {
			data = append(data, 0)
		}
		if field != 0 {
			le.PutUint64(data[field:], uint64(len(data)))
		}
		res.Module[module] = base + uint64(len(data))
	}
	part := func(align int, field, module, unit int, contents []byte) {
		begin(align, field, module)
		data = append(data, contents...)
		n := uint64(len(contents) / unit)
		res.Module[module+8], res.Module[module+16] = n, n
	}
	part(1, goabi.PCHeaderFuncNames, goabi.ModuleFuncNames, 1, out.names)
	part(4, goabi.PCHeaderUnits, goabi.ModuleUnits, 4, out.cutab)
	part(1, goabi.PCHeaderFiles, goabi.ModuleFiles, 1, out.files)
	part(recordAlign, goabi.PCHeaderPCTab, goabi.ModulePCTab, 1, out.pctab)
	part(recordAlign, goabi.PCHeaderFuncTab, goabi.ModuleFuncs, 1, out.funcs)
	// Short tables are in unused words of the records.
	n := res.Module[goabi.ModuleFuncs] + uint64(len(out.funcs)) - res.Module[goabi.ModulePCTab]
	res.Module[goabi.ModulePCTab+8], res.Module[goabi.ModulePCTab+16] = n, n
	res.Module[goabi.ModuleFuncTab] = res.Module[goabi.ModuleFuncs]
	begin(8, 0, t.layout.GoFunc)
	data = append(data, out.gofunc...)
	begin(4, 0, goabi.ModuleFindFuncTab)
	data = append(data, t.find[:t.findSize()]...)
	begin(1, 0, t.layout.PCLnTabEnd)
	res.Data = data
	return res
}

// nameTrees puts the offsets of names into the records of inline trees.
func (c *compactor) nameTrees() {
	for id := range c.blobs.pieces.list {
		if c.blobs.kind(id) != goabi.FuncDataInlTree {
			continue
		}
		eachName(c.blobs.pieces.bytes(id), c.names.Offset)
	}
}

// eachName puts what f returns for the id of each name into the records of an inline tree.
func eachName(tree []byte, f func(id int) uint32) {
	for at := 4; at < len(tree); at += goabi.InlinedCall {
		if n := le.Uint32(tree[at:]); n != 0 {
			le.PutUint32(tree[at:], f(int(n-1)))
		}
	}
}

// recordAlign is the alignment of records, and so of the parts around them.
const recordAlign = 4

// Words of a record that are unused in some tiers or functions, in bytes.
const (
	recordCU      = 32 // and the start line after it
	recordArgLive = goabi.FuncSize + 4*goabi.PCDataArgLive
)

// counts returns how many pcvalue tables and pieces of function data the record of o
// has: those that say nothing at the end are left out.
func (o *outFunc) counts() (npc, nfd int) {
	npc, nfd = goabi.NumPCData, goabi.NumFuncData
	for npc > 0 && o.pcdata[npc-1] == noID {
		npc--
	}
	for nfd > 0 && o.funcdata[nfd-1] == noID {
		nfd--
	}
	return npc, nfd
}

// holes returns the unused bytes of the record of o that begins at off: files and
// start line when lines are dropped (a start line is told with a line only), and
// the liveness of arguments that nothing describes, which the runtime does not look up then. The table of
// inlined calls is no hole in a function without an inline tree: the runtime does not look it up, but
// govulncheck does (golang.org/x/vuln/internal/gosym, maxInlineTreeIndexValue).
func (c *compactor) holes(o *outFunc, off int, list []hole) []hole {
	if !c.lined() {
		list = append(list, hole{off: off + recordCU, len: 8})
	}
	if npc, _ := o.counts(); npc == goabi.NumPCData && o.funcdata[goabi.FuncDataArgInfo] == noID {
		list = append(list, hole{off: off + recordArgLive, len: 4})
	}
	return list
}

// encodeFuncs returns the function table and, from start on, the records, of size bytes together.
func (c *compactor) encodeFuncs(start, size int, fills []fill) []byte {
	funcs := hugepages.Bytes(start, size)
	word := func(v uint32) { funcs = le.AppendUint32(funcs, v) }
	pcValue := func(id int32) {
		if id == noID {
			word(0)
		} else {
			word(c.pcValues.offsets[id])
		}
	}
	for i := range c.funcs {
		o := &c.funcs[i]
		le.PutUint32(funcs[i*goabi.FuncTabEntry:], o.entry)
		le.PutUint32(funcs[i*goabi.FuncTabEntry+4:], uint32(len(funcs)))
		npc, nfd := o.counts()
		word(o.entry)
		if o.nameID == noID {
			word(0)
		} else {
			word(c.names.Offset(int(o.nameID)))
		}
		word(o.args)
		word(o.deferReturn)
		pcValue(o.sp)
		pcValue(o.file)
		pcValue(o.line)
		word(uint32(npc))
		word(o.cu)
		word(o.startLine)
		funcs = append(funcs, o.id, o.flag, 0, byte(nfd))
		for _, id := range o.pcdata[:npc] {
			pcValue(id)
		}
		for _, id := range o.funcdata[:nfd] {
			if id == noID {
				word(goabi.NoFuncData)
			} else {
				word(c.blobs.offsets[id])
			}
		}
	}
	le.PutUint32(funcs[start-4:], uint32(c.t.entry(c.t.count)))
	for _, f := range fills {
		copy(funcs[f.off:], f.text)
	}
	return funcs
}
