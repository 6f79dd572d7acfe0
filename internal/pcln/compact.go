package pcln

import (
	"encoding/binary"
	"math"

	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/hugepages"
	"github.com/go3s/rules_go3s/internal/suffixtab"
)

// noID stands for no pcvalue table, name or piece of function data.
const noID = -1

// An outFunc is a function of the output. What it refers to is named by the ids
// of the tables being built.
type outFunc struct {
	funcRecord
	nameID   int32 // noID for the name at offset 0
	sp       int32
	file     int32
	line     int32
	pcdata   [goabi.NumPCData]int32
	funcdata [goabi.NumFuncData]int32
}

// A compactor builds the output from the table t.
type compactor struct {
	t    *Table
	tier Tier

	names    *suffixtab.Table
	nameIDs  map[string]int32
	pcValues pcTab
	blobs    blobTable
	files    fileTables
	funcs    []outFunc
	out      *Table // its parts, once finished

	morestack map[uint64]bool // text offsets of runtime.morestack and its variants

	sym *symbolizer // of the tier External

	copies, called ids                    // of pcvalue tables that are copied, and names of inlined calls
	data           [goabi.NumFuncData]ids // of function data

	raw  []byte                     // buffer for a pcvalue table or a tree
	tree inlTree                    // buffer
	runs [1 + goabi.NumPCData][]run // buffers for runs
}

// compact builds the contents of the functions of t in the given tier. tag marks
// names of the tier External.
func compact(t *Table, tier Tier, tag string) (*compactor, error) {
	c := &compactor{t: t, tier: tier, nameIDs: make(map[string]int32, t.count), pcValues: newPCTab(len(t.pctab), t.count),
		blobs: blobTable{pieces: newInterner(len(t.gofunc), t.count)}}
	if tier == External {
		s, err := newSymbolizer(t, tag)
		if err != nil {
			return nil, err
		}
		c.sym = s
	}
	first, err := t.name(0)
	if err != nil {
		return nil, err
	}
	if tier == External {
		first = ""
	}
	c.names = suffixtab.New(append([]byte(first), 0), true)
	if c.lined() {
		if err := c.files.gather(t); err != nil {
			return nil, err
		}
	}
	if c.morestack, err = t.entriesOf(isMorestack); err != nil {
		return nil, err
	}
	c.funcs = hugepages.Slice[outFunc](t.count)
	for i := range c.funcs {
		if err := c.function(i); err != nil {
			return nil, err
		}
	}
	if n := c.pcValues.maxSize(); n > math.MaxUint32 {
		return nil, t.errorf(0, "the pcvalue tables have up to %d bytes, more than their offsets can tell: they overlap", n)
	}
	return c, nil
}

// lined reports whether the output has files and lines.
func (c *compactor) lined() bool { return c.tier == Full || c.tier == sideFile }

// named reports whether functions keep their names.
func (c *compactor) named() bool { return c.tier == Full || c.tier == Functions }

// nameOf returns the name of function i in the output.
func (c *compactor) nameOf(i int) (string, error) {
	if c.sym != nil {
		return c.sym.names[i], nil
	}
	return c.t.name(c.funcs[i].name)
}

func (c *compactor) nameID(name string) int32 {
	id, ok := c.nameIDs[name]
	if !ok {
		id = int32(c.names.Add(name))
		c.nameIDs[name] = id
	}
	return id
}

// calledID returns the id of the name of an inlined call, noID for the name at offset 0.
func (c *compactor) calledID(call *inlCall) (int32, error) {
	if call.anonymous {
		return noID, nil
	}
	if call.text != "" {
		return c.nameID(call.text), nil
	}
	at := c.called.at(call.name)
	if at.off != call.name {
		name, err := c.t.name(call.name)
		if err != nil {
			return noID, err
		}
		*at = ided{call.name, c.nameID(name)}
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
func (c *compactor) copied(off uint32) (int32, error) {
	if off == 0 {
		return noID, nil
	}
	at := c.copies.at(off)
	if at.off == off {
		return at.id, nil
	}
	head, last, err := c.t.whole(off)
	if err != nil {
		return noID, err
	}
	*at = ided{off, noID}
	if len(head) > 1 || head[0] != 0 { // not the one that is -1 everywhere
		c.raw = append(binary.AppendUvarint(append(c.raw[:0], head...), longest(last)), 0)
		at.id = c.pcValues.add(c.raw, 0)
	}
	return at.id, nil
}

// closed returns the id of the closed pcvalue table of runs.
func (c *compactor) closed(runs []run) int32 {
	if constant(runs, -1) {
		return noID
	}
	c.raw = appendClosed(c.raw[:0], runs, c.t.quantum)
	return c.pcValues.add(c.raw, 0)
}

// open returns the id of the open pcvalue table of runs for a function of so many bytes.
func (c *compactor) open(runs []run, size uint64) int32 {
	if constant(runs, -1) {
		return noID
	}
	head, last := appendPCValue(c.raw[:0], runs, c.t.quantum, size)
	c.raw = head
	return c.pcValues.add(head, last)
}

// function makes function i of the output.
func (c *compactor) function(i int) error {
	t := c.t
	o := &c.funcs[i]
	r := &o.funcRecord
	err := t.readFunc(i, r)
	if err != nil {
		return err
	}
	o.nameID = noID
	if r.name != 0 {
		name, err := c.nameOf(i)
		if err != nil {
			return err
		}
		o.nameID = c.nameID(name)
	}

	var tables [goabi.NumPCData][]run
	for k, off := range r.pcdata {
		if tables[k], err = t.runs(off, r.size, c.runs[k][:0]); err != nil {
			return err
		}
		c.runs[k] = tables[k][:0]
	}
	if err := c.skipPrologue(i, r, tables[goabi.PCDataStackMap]); err != nil {
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

	tree := &c.tree
	if err := t.inlTree(r, tables[goabi.PCDataInlTree], tree); err != nil {
		return err
	}
	switch c.tier {
	case Functions:
		tree.dropLines(tables[goabi.PCDataInlTree])
	case External:
		if err := t.nameCalls(tree); err != nil {
			return err
		}
		tables[goabi.PCDataUnsafePoint] = c.sym.unsafePoints(i, tables[goabi.PCDataUnsafePoint], tables[goabi.PCDataInlTree], tree)
		if tables[goabi.PCDataInlTree], err = c.sym.reduceTree(i, tables[goabi.PCDataInlTree], tree); err != nil {
			return err
		}
	}
	tables[goabi.PCDataInlTree] = tree.renumber(tables[goabi.PCDataInlTree])
	if c.tier != Full {
		tables[goabi.PCDataArgLive] = nil
	}
	if !c.lined() {
		o.funcRecord.startLine, o.funcRecord.cu = 0, 0
	}
	if c.tier == sideFile {
		tables[goabi.PCDataUnsafePoint], tables[goabi.PCDataStackMap], tables[goabi.PCDataPanicBounds] = nil, nil, nil
		o.funcRecord.sp = 0
	}
	for k := range tables {
		if k == goabi.PCDataInlTree && c.named() && len(tables[k]) > 0 {
			o.pcdata[k] = c.closed(tables[k])
			continue
		}
		o.pcdata[k] = c.open(tables[k], r.size)
	}

	o.sp, o.file, o.line = noID, noID, noID
	if err := c.lines(o); err != nil {
		return err
	}
	return c.functionData(o, tree, liveMax)
}

// lines adds the stack depths and files and lines.
func (c *compactor) lines(o *outFunc) error {
	var err error
	if o.sp, err = c.copied(o.funcRecord.sp); err != nil || !c.lined() {
		return err
	}
	if o.line, err = c.copied(o.funcRecord.line); err != nil {
		return err
	}
	runs, err := c.t.runs(o.funcRecord.file, toEnd, c.runs[goabi.NumPCData][:0])
	if err != nil {
		return err
	}
	c.runs[goabi.NumPCData] = runs[:0]
	o.funcRecord.cu, runs = c.files.renumber(o.funcRecord.cu, runs)
	o.file = c.closed(runs)
	return nil
}

// functionData adds what o has of function data.
func (c *compactor) functionData(o *outFunc, tree *inlTree, liveMax int32) (err error) {
	for k := range o.funcdata {
		o.funcdata[k] = noID
		if o.funcRecord.funcdata[k] == goabi.NoFuncData || c.drops(k) {
			continue
		}
		if k == goabi.FuncDataInlTree {
			if len(tree.calls) > 0 {
				if c.raw, err = c.encodeTree(c.raw[:0], tree); err != nil {
					return err
				}
				o.funcdata[k] = c.blobs.add(k, c.raw)
			}
			continue
		}
		off := o.funcRecord.funcdata[k]
		at := c.data[k].at(off)
		if at.off == off && off != 0 && k != goabi.FuncDataArgLive { // what that has depends on the function
			o.funcdata[k] = at.id
			continue
		}
		data, err := c.t.data(&o.funcRecord, k, 0, liveMax)
		if err != nil {
			return err
		}
		o.funcdata[k] = c.blobs.add(k, data)
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
func (c *compactor) skipPrologue(i int, r *funcRecord, runs []run) error {
	goarch := c.t.f.GOARCH()
	if goarch == "riscv64" || r.flag&goabi.FuncFlagAsm != 0 || len(runs) < 2 || runs[0].val != -1 {
		return nil
	}
	start := c.t.entry(i)
	code, err := c.t.f.Bytes(c.t.textAddr+start, runs[0].end)
	if err != nil {
		return err
	}
	if len(callsOf(goarch, code, start, c.morestack)) > 0 {
		return nil
	}
	runs[0].val = runs[1].val
	return nil
}

// drops reports whether the output lacks function data of that kind.
func (c *compactor) drops(kind int) bool {
	switch c.tier {
	case Full:
		return false
	case sideFile:
		return kind != goabi.FuncDataInlTree && kind != goabi.FuncDataArgInfo
	}
	return kind == goabi.FuncDataArgInfo || kind == goabi.FuncDataArgLive
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
