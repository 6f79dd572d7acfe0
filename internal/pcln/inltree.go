package pcln

import (
	"slices"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// An inlTree is the tree of calls inlined into one function: those of its
// records that some instruction needs.
type inlTree struct {
	order []int32   // indices, ascending
	calls []inlCall // by place in order
	first []uint64  // buffer of dropLines
}

// place returns the place of the record with that index in order; ok is false when no instruction needs it.
func (x *inlTree) place(index int32) (n int, ok bool) {
	if last := len(x.order) - 1; last >= 0 && int(x.order[last]) == last { // all are needed
		return int(index), 0 <= index && int(index) <= last
	}
	return slices.BinarySearch(x.order, index)
}

// An inlCall is a runtime.inlinedCall (runtime/symtabinl.go).
type inlCall struct {
	id        uint8
	name      uint32 // offset in funcnametab
	text      string // the name, when something asked for it, or a new one
	anonymous bool   // the name is at offset 0, which the runtime takes for ""
	parent    uint32
	startLine uint32
}

// inlTree reads into tree the records that the runs refer to. Their callers are among them: those at the instructions that called.
func (t *Table) inlTree(r *funcRecord, runs []run, tree *inlTree) error {
	tree.order, tree.calls = tree.order[:0], tree.calls[:0]
	if r.funcdata[goabi.FuncDataInlTree] == goabi.NoFuncData {
		return nil // indices without a tree mean nothing
	}
	for _, x := range runs {
		if x.val >= 0 {
			tree.order = append(tree.order, x.val)
		}
	}
	slices.Sort(tree.order)
	tree.order = slices.Compact(tree.order)
	for _, i := range tree.order {
		call, err := t.inlinedCall(r, i)
		if err != nil {
			return err
		}
		tree.calls = append(tree.calls, call)
	}
	return nil
}

// inlinedCall reads the record with that index, which is not negative.
func (t *Table) inlinedCall(r *funcRecord, index int32) (inlCall, error) {
	data, err := t.data(r, goabi.FuncDataInlTree, int(index)+1, 0)
	if err != nil {
		return inlCall{}, err
	}
	b := data[int(index)*goabi.InlinedCall:]
	off := le.Uint32(b[4:])
	return inlCall{id: b[0], name: off, anonymous: off == 0, parent: le.Uint32(b[8:]), startLine: le.Uint32(b[12:])}, nil
}

// nameCalls looks up the names of the calls in tree.
func (t *Table) nameCalls(tree *inlTree) (err error) {
	for i := range tree.calls {
		if call := &tree.calls[i]; err == nil {
			call.text, err = t.name(call.name)
		}
	}
	return err
}

// A chain is the way from an inlined call to its callers: the indices that it has passed. It ends where the function
// itself calls, or where it comes to a call again: the compiler gives calls that it finds no instruction for the
// function's first one, which in an initializer without prologue may belong to an inlined call, even to the same one.
type chain struct {
	few  []int32
	many map[int32]bool // of a long chain, for speed
}

// again records the call with that index, and reports whether the chain has passed it before.
func (c *chain) again(index int32) bool {
	const few = 16
	if slices.Contains(c.few, index) || c.many[index] {
		return true
	}
	switch {
	case len(c.few) < few:
		c.few = append(c.few, index)
	case c.many == nil:
		c.many = map[int32]bool{index: true}
	default:
		c.many[index] = true
	}
	return false
}

// dropLines makes the records equal that differ in what only lines need: the
// place of a call matters no more than by the calls that are inlined there.
func (x *inlTree) dropLines(runs []run) {
	const none = 1<<64 - 1
	first, firstOfNone := x.first[:0], uint64(none) // places by place in order, and that of no call
	for range x.order {
		first = append(first, none)
	}
	x.first = first
	place := func(index int32) *uint64 {
		if n, ok := x.place(index); ok {
			return &first[n]
		}
		return &firstOfNone
	}
	at := uint64(0)
	for _, r := range runs {
		p := place(r.val)
		*p = min(*p, at)
		at = r.end
	}
	for i := range x.calls {
		c := &x.calls[i]
		c.startLine = 0
		if p := *place(valueAt(runs, uint64(c.parent))); p != none {
			c.parent = uint32(p)
		}
	}
}

// renumber returns the runs with the indices of the records in the output: their places.
func (x *inlTree) renumber(runs []run) []run {
	if len(x.calls) == 0 {
		return nil
	}
	return mergeRuns(runs, func(v int32) int32 {
		if n, ok := x.place(v); ok {
			return int32(n)
		}
		return -1
	})
}

// encodeTree appends the records of a tree to b. Names are given by id; the
// writer puts their offsets in their place.
func (p *part) encodeTree(b []byte, x *inlTree) ([]byte, error) {
	for i := range x.calls {
		call := &x.calls[i]
		name, err := p.calledID(call)
		if err != nil {
			return nil, err
		}
		b = append(b, call.id, 0, 0, 0)
		b = le.AppendUint32(b, uint32(name+1)) // noID is -1
		b = le.AppendUint32(b, call.parent)
		b = le.AppendUint32(b, call.startLine)
	}
	return b, nil
}
