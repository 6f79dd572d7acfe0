package pcln

import (
	"slices"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// A frame is one call inlined at an instruction.
type frame struct {
	id        uint8
	name      uint32 // offset in funcnametab
	parent    uint32
	startLine uint32
}

// maxInlined bounds the calls inlined at one instruction.
const maxInlined = 1 << 12

// frames returns the calls inlined at an instruction, the innermost first
// (runtime/symtabinl.go, inlineUnwinder). inlined is the table of inlined calls.
func (t *Table) frames(r *funcRecord, inlined []run, index int32) ([]frame, error) {
	var list []frame
	var passed chain
	for index >= 0 && r.funcdata[goabi.FuncDataInlTree] != goabi.NoFuncData && !passed.again(index) {
		if len(list) == maxInlined {
			return nil, t.errorf(0, "verification: more than %d calls are inlined at one instruction", maxInlined)
		}
		call, err := t.call(r, index)
		if err != nil {
			return nil, err
		}
		list = append(list, call)
		index = valueAt(inlined, uint64(call.parent))
	}
	return list, nil
}

// call returns the record of an inlined call.
func (t *Table) call(r *funcRecord, index int32) (frame, error) {
	at := uint64(r.funcdata[goabi.FuncDataInlTree]) + uint64(index)*goabi.InlinedCall
	if at+goabi.InlinedCall > uint64(len(t.gofunc)) {
		return frame{}, t.errorf(0, "verification: the inlined call at %#x is not in the function data", at)
	}
	b := t.gofunc[at:]
	return frame{b[0], le.Uint32(b[4:]), le.Uint32(b[8:]), le.Uint32(b[12:])}, nil
}

// inlined compares inlined calls.
func (v *verifier) inlined(int) error {
	hasOld, hasNew := v.a.funcdata[goabi.FuncDataInlTree] != goabi.NoFuncData, v.b.funcdata[goabi.FuncDataInlTree] != goabi.NoFuncData
	if !hasOld && hasNew {
		return v.fail("has an inline tree, want none")
	}
	if !hasOld {
		return nil
	}
	var err error
	t := &v.trees
	old, new := v.a.pcdata[goabi.PCDataInlTree], uint32(0)
	if hasNew {
		new = v.b.pcdata[goabi.PCDataInlTree]
	}
	if t.old, err = v.old.walkAll(old, v.a.size, t.old[:0]); err != nil {
		return err
	}
	t.round++
	if v.tier == Full && v.lengthened(old, new, false) {
		if same, err := v.sameCalls(); same || err != nil {
			return err
		}
	}
	if t.new, err = v.new.walkAll(new, v.b.size, t.new[:0]); err != nil {
		return err
	}
	if v.tier == External {
		return v.reducedTrees(old, new)
	}
	last := step{old: -1, new: -1}
	return v.compare(old, new, v.a.size, func(s step) error {
		if s.old == last.old && s.new == last.new {
			return nil
		}
		last = s
		return v.sameFrames(s)
	})
}

// sameCalls reports whether each call of a function, in which both tables of inlined calls have the same values where the old one has any,
// is the same in both programs as the one with its index. So are its callers then, if it is called where the tables have values.
func (v *verifier) sameCalls() (bool, error) {
	end := uint64(0)
	if n := len(v.trees.old); n > 0 {
		end = v.trees.old[n-1].end
	}
	for _, r := range v.trees.old {
		if r.val < 0 {
			continue
		}
		x, err := v.old.call(&v.a, r.val)
		if err != nil {
			return false, err
		}
		y, err := v.new.call(&v.b, r.val)
		if err != nil || uint64(x.parent) >= end {
			return false, err
		}
		if err := v.sameCall(x, y); err != nil {
			return false, err
		}
	}
	return true, nil
}

// sameCall compares calls. Without lines, what is inlined matters, but not from which line.
func (v *verifier) sameCall(x, y frame) error {
	same, err := v.sameName(x.name, y.name)
	if err != nil {
		return err
	}
	if !same || x.id != y.id || v.tier == Full && (x.parent != y.parent || x.startLine != y.startLine) ||
		v.tier == Functions && y.startLine != 0 {
		return v.fail("an inlined call is %+v, want %+v", y, x)
	}
	return nil
}

// trees are the inlined calls of a function.
type trees struct {
	old, new     []run         // which of them are where
	newOf, oldOf []counterpart // by index, those of which the callers, too, were found to be the same
	round        uint64        // counts functions
}

// A counterpart is the index of a call in the other program.
type counterpart struct {
	index int32
	round uint64 // which function's this is
}

// room returns list with an element for the index, which is not negative.
func room(list []counterpart, index int32) []counterpart {
	if n := int(index) + 1; n > len(list) {
		list = append(list, make([]counterpart, n-len(list))...)
	}
	return list
}

// sameFrames compares the calls inlined at s.
func (v *verifier) sameFrames(s step) error {
	t := &v.trees
	for n, i, j := 0, s.old, s.new; i >= 0 || j >= 0; n++ {
		if i < 0 || j < 0 {
			return v.fail("calls are inlined at +%#x, of index %d, want %d, at depth %d", s.start, j, i, n)
		}
		x, err := v.old.call(&v.a, i)
		if err != nil {
			return err
		}
		y, err := v.new.call(&v.b, j)
		if err != nil {
			return err
		}
		t.newOf, t.oldOf = room(t.newOf, i), room(t.oldOf, j)
		before, back := &t.newOf[i], &t.oldOf[j]
		seen, again := before.round == t.round, back.round == t.round
		if seen != again || seen && (before.index != j || back.index != i) {
			return v.fail("the call inlined at +%#x, at depth %d, is one of another place", s.start, n)
		}
		if seen {
			return nil
		}
		*before, *back = counterpart{j, t.round}, counterpart{i, t.round}
		if err := v.sameCall(x, y); err != nil {
			return err
		}
		i, j = valueAt(t.old, uint64(x.parent)), valueAt(t.new, uint64(y.parent))
	}
	return nil
}

// reducedTrees compares inlined calls of the tier External: the tables at old and new.
func (v *verifier) reducedTrees(old, new uint32) error {
	code, err := v.old.f.Bytes(v.old.textAddr+uint64(v.a.entry), v.size)
	if err != nil {
		return err
	}
	calls := callsOf(v.old.f.GOARCH(), code, uint64(v.a.entry), v.asking)
	type pair struct{ old, new int32 }
	seen := map[pair]error{}
	return v.compare(old, new, v.a.size, func(s step) error {
		if v.a.id != goabi.FuncIDWrapper && !slices.ContainsFunc(calls, func(c uint64) bool { return s.start <= c && c < s.end }) {
			return nil
		}
		p := pair{s.old, s.new}
		err, ok := seen[p]
		if !ok {
			err = v.sameCounts(s)
			seen[p] = err
		}
		return err
	})
}

// sameCounts compares, of the calls inlined at s, what runtime.gorecover counts and what reflect.valueMethodName reads.
func (v *verifier) sameCounts(s step) error {
	count := func(t *Table, r *funcRecord, inlined []run, index int32) (n int, methods []string, err error) {
		list, err := t.frames(r, inlined, index)
		if err != nil {
			return 0, nil, err
		}
		for _, f := range list {
			if f.id != goabi.FuncIDWrapper {
				n++
			}
			name, err := t.runtimeName(f.name)
			if err != nil {
				return 0, nil, err
			}
			if isReflectMethod(name) {
				methods = append(methods, name)
			}
		}
		return n, methods, err
	}
	m, was, err := count(v.old, &v.a, v.trees.old, s.old)
	if err != nil {
		return err
	}
	n, is, err := count(v.new, &v.b, v.trees.new, s.new)
	if err != nil {
		return err
	}
	if m != n || !slices.Equal(was, is) {
		return v.fail("%d calls are inlined at +%#x, of reflect %q, want %d and %q", n, s.start, is, m, was)
	}
	return nil
}

// points compares whether a goroutine can be preempted at an instruction
// (runtime/preempt.go, isAsyncSafePoint).
func (v *verifier) points(int) error {
	const restart1, restart2 = -3, -4
	if v.tier != External {
		return v.compareValues(v.a.pcdata[goabi.PCDataUnsafePoint], v.b.pcdata[goabi.PCDataUnsafePoint], v.a.size, func(s step) error {
			if s.old != s.new || (s.old == restart1 || s.old == restart2) && s.oldRun != s.newRun {
				return v.fail("the unsafe point at +%#x is %d, want %d", s.start, s.new, s.old)
			}
			return nil
		})
	}
	newName, err := v.new.runtimeName(v.b.name)
	if err != nil {
		return err
	}
	x, y := &v.preempted.old, &v.preempted.new
	if err := x.read(v.old, &v.a, v.name); err != nil {
		return err
	}
	if err := y.read(v.new, &v.b, newName); err != nil {
		return err
	}
	covered, err := v.old.coverage(v.a.pcdata[goabi.PCDataUnsafePoint], v.a.size)
	if err != nil {
		return err
	}
	// The places where the answers may change are the ends of all four tables.
	for _, runs := range [...][]run{{{end: 0}}, x.points, x.inlined, y.points, y.inlined} {
		for _, r := range runs {
			at := r.end
			if at >= min(v.size, covered) {
				continue
			}
			a, err := x.at(at)
			if err != nil {
				return err
			}
			b, err := y.at(at)
			if err != nil {
				return err
			}
			if a != b && !(goabi.NeverPreempted(v.name) && b == unsafePointUnsafe) {
				return v.fail("the unsafe point at +%#x is %d, want %d", at, b, a)
			}
		}
	}
	return nil
}

// A preemption tells where in a function a goroutine can be preempted.
type preemption struct {
	t               *Table
	r               *funcRecord
	name            string
	points, inlined []run
}

// read makes p that of the function of r in t. It uses the memory of the function before.
func (p *preemption) read(t *Table, r *funcRecord, name string) (err error) {
	p.t, p.r, p.name = t, r, name
	if p.points, err = t.walkAll(r.pcdata[goabi.PCDataUnsafePoint], r.size, p.points[:0]); err != nil {
		return err
	}
	p.inlined, err = t.walkAll(r.pcdata[goabi.PCDataInlTree], r.size, p.inlined[:0])
	return err
}

// at returns unsafePointUnsafe when a goroutine cannot be preempted at an
// instruction, and else how it is resumed.
func (p *preemption) at(pc uint64) (int32, error) {
	name := p.name
	if index := valueAt(p.inlined, pc); index >= 0 {
		call, err := p.t.call(p.r, index)
		if err != nil {
			return 0, err
		}
		if name, err = p.t.runtimeName(call.name); err != nil {
			return 0, err
		}
	}
	if goabi.NeverPreempted(name) {
		return unsafePointUnsafe, nil
	}
	return valueAt(p.points, pc), nil
}
