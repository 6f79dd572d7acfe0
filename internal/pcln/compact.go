package pcln

import (
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/hugepages"
	"github.com/go3s/rules_go3s/internal/suffixtab"
)

// noID stands for no stream, name or piece of function data.
const noID = -1

// An outFunc is a function of the output. What it refers to is named by the ids
// of the tables being built.
type outFunc struct {
	record
	nameID   int // noID for the name at offset 0
	sp       int
	file     int
	line     int
	pcdata   [goabi.NumPCData]int
	funcdata [goabi.NumFuncData]int
}

// A compactor builds the output from the table t.
type compactor struct {
	t    *Table
	tier Tier

	names   *suffixtab.Table
	nameIDs map[string]int
	streams pcTab
	blobs   blobTable
	files   fileTables
	funcs   []outFunc
	out     *Table // its parts, once finished

	morestack map[uint64]bool // text offsets of runtime.morestack and its variants

	sym *symbolizer // of the tier External

	raw  []byte                     // buffer for a stream or a tree
	tree inlTree                    // buffer
	runs [2 + goabi.NumPCData][]run // buffers for runs
}

// compact builds the contents of the functions of t in the given tier. tag marks
// names of the tier External.
func compact(t *Table, tier Tier, tag string) (*compactor, error) {
	c := &compactor{t: t, tier: tier, nameIDs: make(map[string]int, t.count), streams: newPCTab(len(t.pctab), t.count)}
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
	return c, nil
}

// lined reports whether the output has files and lines.
func (c *compactor) lined() bool { return c.tier == Full || c.tier == sideFile }

// named reports whether functions keep their names.
func (c *compactor) named() bool { return c.tier == Full || c.tier == Functions }

// nameOf returns the name of function i in the output.
func (c *compactor) nameOf(i int) (string, error) {
	r, err := c.t.record(i)
	if err != nil {
		return "", err
	}
	if c.sym != nil {
		return c.sym.names[i], nil
	}
	return c.t.name(r.name)
}

func (c *compactor) nameID(name string) int {
	id, ok := c.nameIDs[name]
	if !ok {
		id = c.names.Add(name)
		c.nameIDs[name] = id
	}
	return id
}

// closed returns the id of the closed stream of runs.
func (c *compactor) closed(runs []run) int {
	if constant(runs, -1) {
		return noID
	}
	c.raw = appendClosed(c.raw[:0], runs, c.t.quantum)
	return c.streams.add(c.raw, 0)
}

// open returns the id of the open stream of runs for a function of so many bytes.
func (c *compactor) open(runs []run, size uint64) int {
	if constant(runs, -1) {
		return noID
	}
	head, last := appendStream(c.raw[:0], runs, c.t.quantum, size)
	c.raw = head
	return c.streams.add(head, last)
}

// function makes function i of the output.
func (c *compactor) function(i int) error {
	t := c.t
	r, err := t.record(i)
	if err != nil {
		return err
	}
	o := &c.funcs[i]
	o.record, o.nameID = r, noID
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
	if err := c.skipPrologue(i, &r, tables[goabi.PCDataStackMap]); err != nil {
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
	if err := t.inlTree(&r, tables[goabi.PCDataInlTree], tree); err != nil {
		return err
	}
	switch c.tier {
	case Functions:
		tree.dropLines(tables[goabi.PCDataInlTree])
	case External:
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
		o.record.startLine, o.record.cu = 0, 0
	}
	if c.tier == sideFile {
		tables[goabi.PCDataUnsafePoint], tables[goabi.PCDataStackMap], tables[goabi.PCDataPanicBounds] = nil, nil, nil
		o.record.sp = 0
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
	runs, err := c.t.runs(o.record.sp, toEnd, c.runs[goabi.NumPCData][:0])
	if err != nil {
		return err
	}
	c.runs[goabi.NumPCData] = runs[:0]
	o.sp = c.closed(runs)
	if !c.lined() {
		return nil
	}
	if runs, err = c.t.runs(o.record.line, toEnd, runs[:0]); err != nil {
		return err
	}
	c.runs[goabi.NumPCData] = runs[:0]
	o.line = c.closed(runs)
	if runs, err = c.t.runs(o.record.file, toEnd, runs[:0]); err != nil {
		return err
	}
	o.record.cu, runs = c.files.renumber(o.record.cu, runs)
	o.file = c.closed(runs)
	return nil
}

// functionData adds what o has of function data.
func (c *compactor) functionData(o *outFunc, tree *inlTree, liveMax int32) error {
	for k := range o.funcdata {
		o.funcdata[k] = noID
		if o.record.funcdata[k] == goabi.NoFuncData || c.drops(k) {
			continue
		}
		if k == goabi.FuncDataInlTree {
			if len(tree.calls) > 0 {
				c.raw = c.encodeTree(c.raw[:0], tree)
				o.funcdata[k] = c.blobs.add(k, c.raw)
			}
			continue
		}
		data, err := c.t.data(&o.record, k, 0, liveMax)
		if err != nil {
			return err
		}
		o.funcdata[k] = c.blobs.add(k, data)
	}
	return nil
}

// skipPrologue extends the first map of a function over the instructions before
// it that have none. The runtime looks up maps at calls (runtime/stkframe.go,
// getStackMap: a frame that faults continues at a call of deferreturn or never,
// one that is preempted elsewhere is scanned conservatively), and the compiler
// gives every call a map. The exception is the call of runtime.morestack, which on
// amd64 and arm64 follows the function's code, and on riscv64 before it.
func (c *compactor) skipPrologue(i int, r *record, runs []run) error {
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
