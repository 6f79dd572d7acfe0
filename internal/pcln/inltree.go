package pcln

import (
	"slices"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// An inlTree is the tree of calls inlined into one function: those of its
// records that some instruction needs.
type inlTree struct {
	calls map[int32]inlCall // by index
	order []int32           // indices in the order of the output, once renumbered
}

// An inlCall is a runtime.inlinedCall (runtime/symtabinl.go).
type inlCall struct {
	id        uint8
	name      string
	anonymous bool // the name is at offset 0, which the runtime takes for ""
	parent    uint32
	startLine uint32
}

// inlTree reads the records that the runs refer to, directly or as parents.
func (t *Table) inlTree(r *record, runs []run) (*inlTree, error) {
	tree := &inlTree{calls: map[int32]inlCall{}}
	if r.funcdata[goabi.FuncDataInlTree] == goabi.NoFuncData {
		// Indices without a tree mean nothing.
		return tree, nil
	}
	var todo []int32
	for _, x := range runs {
		todo = append(todo, x.val)
	}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if _, seen := tree.calls[i]; seen || i < 0 {
			continue
		}
		call, err := t.inlinedCall(r, i)
		if err != nil {
			return nil, err
		}
		tree.calls[i] = call
		todo = append(todo, valueAt(runs, uint64(call.parent)))
	}
	return tree, nil
}

// inlinedCall reads the record with that index, which is not negative.
func (t *Table) inlinedCall(r *record, index int32) (inlCall, error) {
	data, err := t.data(r, goabi.FuncDataInlTree, int(index)+1, 0)
	if err != nil {
		return inlCall{}, err
	}
	b := data[int(index)*goabi.InlinedCall:]
	off := le.Uint32(b[4:])
	call := inlCall{id: b[0], anonymous: off == 0, parent: le.Uint32(b[8:]), startLine: le.Uint32(b[12:])}
	call.name, err = t.name(off)
	return call, err
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
	first := map[int32]uint64{} // place by index
	at := uint64(0)
	for _, r := range runs {
		if _, ok := first[r.val]; !ok {
			first[r.val] = at
		}
		at = r.end
	}
	for i, c := range x.calls {
		c.startLine = 0
		if place, ok := first[valueAt(runs, uint64(c.parent))]; ok {
			c.parent = uint32(place)
		}
		x.calls[i] = c
	}
}

// renumber sets the order of the records and returns the runs with their new
// indices.
func (x *inlTree) renumber(runs []run) []run {
	if len(x.calls) == 0 {
		return nil
	}
	x.order = x.order[:0]
	for i := range x.calls {
		x.order = append(x.order, i)
	}
	slices.Sort(x.order)
	index := make(map[int32]int32, len(x.order))
	for n, i := range x.order {
		index[i] = int32(n)
	}
	return mergeRuns(runs, func(v int32) int32 {
		if n, ok := index[v]; ok {
			return n
		}
		return -1
	})
}

// encodeTree returns the records of a renumbered tree. Names are given by id; the
// writer puts their offsets in their place.
func (c *compactor) encodeTree(x *inlTree) []byte {
	var b []byte
	for _, i := range x.order {
		call := x.calls[i]
		name := uint32(0)
		if !call.anonymous {
			name = uint32(c.nameID(call.name)) + 1
		}
		b = append(b, call.id, 0, 0, 0)
		b = le.AppendUint32(b, name)
		b = le.AppendUint32(b, call.parent)
		b = le.AppendUint32(b, call.startLine)
	}
	return b
}
