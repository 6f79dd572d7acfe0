package pcln

import (
	"encoding/binary"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// # Parts
//
// Equal tables, names and data have one number, in the order of the functions that need them first: so the output numbers them one after
// the other. Most of the work is before that. All processors make parts of the functions, each with numbers of its own, and meanwhile one
// of them numbers what is in the parts that are made, in their order.

// partSize is how many functions a part is of.
const partSize = 1024

// A part is some of the functions, which follow each other, with numbers of their own for what they refer to.
type part struct {
	*compactor
	from, to int // numbers of the functions: up to to-1
	err      error
	names    []string // some more than once
	pcValues pcTab
	blobs    blobTable
	files    fileNumbers

	copies, called ids                    // of pcvalue tables that are copied, and names of inlined calls
	texts          map[string]int32       // ids of names that calls have as text
	data           [goabi.NumFuncData]ids // of function data

	raw  []byte                     // buffer for a pcvalue table or a tree
	tree inlTree                    // buffer
	runs [1 + goabi.NumPCData][]run // buffers for runs
}

// part makes the functions from from to to-1.
func (c *compactor) part(from, to int) *part {
	p, ok := c.free.Get().(*part)
	if !ok {
		p = &part{
			compactor: c,
			pcValues:  newPCTab(len(c.t.pctab)/c.t.count*partSize, partSize),
			blobs:     blobTable{pieces: newInterner(len(c.t.gofunc)/c.t.count*partSize, partSize)},
		}
	}
	p.from, p.to, p.err = from, to, nil
	p.names, p.texts, p.files = p.names[:0], map[string]int32{}, fileNumbers{fileTables: &c.files}
	p.pcValues.heads.reset()
	p.pcValues.need = p.pcValues.need[:0]
	p.blobs.pieces.reset()
	p.copies, p.called, p.data = ids{}, ids{}, [goabi.NumFuncData]ids{}
	for i := from; i < to && p.err == nil; i++ {
		p.err = p.function(i)
	}
	return p
}

// nameOf returns the name of function i in the output.
func (p *part) nameOf(i int) (string, error) {
	if p.sym != nil {
		return p.sym.names[i], nil
	}
	return p.t.name(p.funcs[i].name)
}

// nameID returns an id of name.
func (p *part) nameID(name string) int32 {
	p.names = append(p.names, name)
	return int32(len(p.names) - 1)
}

// calledID returns the id of the name of an inlined call, noID for the name at offset 0.
func (p *part) calledID(call *inlCall) (int32, error) {
	if call.anonymous {
		return noID, nil
	}
	if call.text != "" {
		id, ok := p.texts[call.text]
		if !ok {
			id = p.nameID(call.text)
			p.texts[call.text] = id
		}
		return id, nil
	}
	at := p.called.at(call.name)
	if at.off != call.name {
		name, err := p.t.name(call.name)
		if err != nil {
			return noID, err
		}
		*at = ided{call.name, p.nameID(name)}
	}
	return at.id, nil
}

// ids remembers what became of what is at offsets of the input, but for 0, as far as there is room: one takes the place of another one with
// the same hash.
type ids [1 << 11]ided

type ided struct {
	off uint32
	id  int32
}

// at returns where off is, or would be.
func (x *ids) at(off uint32) *ided { return &x[off*0x9e3779b1>>(32-11)] }

// copied returns the id of the pcvalue table at off as a closed one.
func (p *part) copied(off uint32) (int32, error) {
	if off == 0 {
		return noID, nil
	}
	at := p.copies.at(off)
	if at.off == off {
		return at.id, nil
	}
	head, last, err := p.t.whole(off)
	if err != nil {
		return noID, err
	}
	*at = ided{off, noID}
	if len(head) > 1 || head[0] != 0 { // not the one that is -1 everywhere
		p.raw = append(binary.AppendUvarint(append(p.raw[:0], head...), longest(last)), 0)
		at.id = p.pcValues.add(p.raw, 0)
	}
	return at.id, nil
}

// closed returns the id of the closed pcvalue table of runs.
func (p *part) closed(runs []run) int32 {
	if constant(runs, -1) {
		return noID
	}
	p.raw = appendClosed(p.raw[:0], runs, p.t.quantum)
	return p.pcValues.add(p.raw, 0)
}

// open returns the id of the open pcvalue table of runs for a function of so many bytes.
func (p *part) open(runs []run, size uint64) int32 {
	if constant(runs, -1) {
		return noID
	}
	head, last := appendPCValue(p.raw[:0], runs, p.t.quantum, size)
	p.raw = head
	return p.pcValues.add(head, last)
}

// function makes function i of the output.
func (p *part) function(i int) error {
	t := p.t
	o := &p.funcs[i]
	r := &o.funcRecord
	err := t.readFunc(i, r)
	if err != nil {
		return err
	}
	o.nameID = noID
	if r.name != 0 {
		name, err := p.nameOf(i)
		if err != nil {
			return err
		}
		o.nameID = p.nameID(name)
	}

	var tables [goabi.NumPCData][]run
	for k, off := range r.pcdata {
		if tables[k], err = t.runs(off, r.size, p.runs[k][:0]); err != nil {
			return err
		}
		p.runs[k] = tables[k][:0]
	}
	if err := p.skipPrologue(i, r, tables[goabi.PCDataStackMap]); err != nil {
		return err
	}
	// The runtime takes map -1 for 0 ((*stkframe).getStackMap), and argument
	// records 0 and -1 both for none (printArgs).
	tables[goabi.PCDataStackMap] = mergeRuns(tables[goabi.PCDataStackMap], func(v int32) int32 { return max(v, 0) })
	if constant(tables[goabi.PCDataStackMap], 0) {
		tables[goabi.PCDataStackMap] = nil
	}
	liveMax := int32(0)
	tables[goabi.PCDataArgLive] = mergeRuns(tables[goabi.PCDataArgLive], func(v int32) int32 {
		liveMax = max(liveMax, v)
		if v <= 0 {
			return -1
		}
		return v
	})
	tables[goabi.PCDataPanicBounds] = fillBounds(tables[goabi.PCDataPanicBounds])

	tree := &p.tree
	if err := t.inlTree(r, tables[goabi.PCDataInlTree], tree); err != nil {
		return err
	}
	switch p.tier {
	case Functions:
		tree.dropLines(tables[goabi.PCDataInlTree])
	case External:
		if err := t.nameCalls(tree); err != nil {
			return err
		}
		tables[goabi.PCDataUnsafePoint] = p.sym.unsafePoints(i, tables[goabi.PCDataUnsafePoint], tables[goabi.PCDataInlTree], tree)
		if tables[goabi.PCDataInlTree], err = p.sym.reduceTree(i, tables[goabi.PCDataInlTree], tree); err != nil {
			return err
		}
	}
	tables[goabi.PCDataInlTree] = tree.renumber(tables[goabi.PCDataInlTree])
	if p.tier != Full {
		tables[goabi.PCDataArgLive] = nil
	}
	if !p.lined() {
		o.funcRecord.startLine, o.funcRecord.cu = 0, 0
	}
	if p.tier == sideFile {
		tables[goabi.PCDataUnsafePoint], tables[goabi.PCDataStackMap], tables[goabi.PCDataPanicBounds] = nil, nil, nil
		o.funcRecord.sp = 0
	}
	for k := range tables {
		if k == goabi.PCDataInlTree && p.named() && len(tables[k]) > 0 {
			o.pcdata[k] = p.closed(tables[k])
			continue
		}
		o.pcdata[k] = p.open(tables[k], r.size)
	}

	o.sp, o.file, o.line = noID, noID, noID
	if err := p.lines(o); err != nil {
		return err
	}
	return p.functionData(o, tree, liveMax)
}

// lines adds the stack depths and files and lines.
func (p *part) lines(o *outFunc) error {
	var err error
	if o.sp, err = p.copied(o.funcRecord.sp); err != nil || !p.lined() {
		return err
	}
	if o.line, err = p.copied(o.funcRecord.line); err != nil {
		return err
	}
	runs, err := p.t.runs(o.funcRecord.file, toEnd, p.runs[goabi.NumPCData][:0])
	if err != nil {
		return err
	}
	p.runs[goabi.NumPCData] = runs[:0]
	o.funcRecord.cu, runs = p.files.renumber(o.funcRecord.cu, runs)
	o.file = p.closed(runs)
	return nil
}

// functionData adds what o has of function data.
func (p *part) functionData(o *outFunc, tree *inlTree, liveMax int32) (err error) {
	for k := range o.funcdata {
		o.funcdata[k] = noID
		if o.funcRecord.funcdata[k] == goabi.NoFuncData || p.drops(k) {
			continue
		}
		if k == goabi.FuncDataInlTree {
			if len(tree.calls) > 0 {
				if p.raw, err = p.encodeTree(p.raw[:0], tree); err != nil {
					return err
				}
				o.funcdata[k] = p.blobs.add(k, p.raw)
			}
			continue
		}
		off := o.funcRecord.funcdata[k]
		at := p.data[k].at(off)
		if at.off == off && off != 0 && k != goabi.FuncDataArgLive { // what that has depends on the function
			o.funcdata[k] = at.id
			continue
		}
		data, err := p.t.data(&o.funcRecord, k, 0, liveMax)
		if err != nil {
			return err
		}
		o.funcdata[k] = p.blobs.add(k, data)
		*at = ided{off, o.funcdata[k]}
	}
	return nil
}

// skipPrologue extends the first map of a function over the instructions before
// it that have none. The runtime looks up maps at calls (runtime/stkframe.go,
// getStackMap: a frame that faults continues at a call of deferreturn or never,
// one that is preempted elsewhere is scanned conservatively), and the compiler
// gives every call a map. The exception is the call of runtime.morestack, which on
// amd64 and arm64 follows the function's code, and on riscv64 before it.
func (p *part) skipPrologue(i int, r *funcRecord, runs []run) error {
	goarch := p.t.f.GOARCH()
	if goarch == "riscv64" || r.flag&goabi.FuncFlagAsm != 0 || len(runs) < 2 || runs[0].val != -1 {
		return nil
	}
	start := p.t.entry(i)
	code, err := p.t.f.Bytes(p.t.textAddr+start, runs[0].end)
	if err != nil {
		return err
	}
	if len(callsOf(goarch, code, start, p.morestack)) > 0 {
		return nil
	}
	runs[0].val = runs[1].val
	return nil
}

// fillBounds extends the values of a table of panic bounds over the instructions
// that have none: only calls of runtime.panicBounds are looked up, and they all
// have one (runtime/panic.go, panicBounds64).
func fillBounds(runs []run) []run {
	out := runs[:0]
	for _, r := range runs {
		switch n := len(out); {
		case n > 0 && (r.val == -1 || out[n-1].val == r.val):
			out[n-1].end = r.end
		case n > 0 && out[n-1].val == -1:
			out[n-1] = r
		default:
			out = append(out, r)
		}
	}
	return out
}
