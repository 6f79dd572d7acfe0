package pcln

import (
	"slices"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// A frame is one call inlined at an instruction.
type frame struct {
	id        uint8
	name      string
	parent    uint32
	startLine uint32
}

// maxInlined bounds the calls inlined at one instruction.
const maxInlined = 1 << 12

// frames returns the calls inlined at an instruction, the innermost first
// (runtime/symtabinl.go, inlineUnwinder).
func (t *Table) frames(r *record, index int32) ([]frame, error) {
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
		if index, err = t.valueAtPC(r.pcdata[goabi.PCDataInlTree], r.size, uint64(call.parent)); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// call returns the record of an inlined call.
func (t *Table) call(r *record, index int32) (frame, error) {
	at := uint64(r.funcdata[goabi.FuncDataInlTree]) + uint64(index)*goabi.InlinedCall
	if at+goabi.InlinedCall > uint64(len(t.gofunc)) {
		return frame{}, t.errorf(0, "verification: the inlined call at %#x is not in the function data", at)
	}
	b := t.gofunc[at:]
	name, err := t.runtimeName(le.Uint32(b[4:]))
	return frame{b[0], name, le.Uint32(b[8:]), le.Uint32(b[12:])}, err
}

// valueAtPC returns what a pc table says for one instruction.
func (t *Table) valueAtPC(off uint32, size, pc uint64) (int32, error) {
	w, err := startWalk(t, off, size)
	for err == nil && w.end <= pc {
		err = w.next(t)
	}
	if err != nil {
		return 0, err
	}
	return w.val, nil
}

// inlined compares inlined calls.
func (v *verifier) inlined(i int) error {
	var calls []uint64
	if v.tier == External && v.a.funcdata[goabi.FuncDataInlTree] != goabi.NoFuncData {
		code, err := v.old.f.Bytes(v.old.textAddr+uint64(v.a.entry), v.size)
		if err != nil {
			return err
		}
		calls = callsOf(v.old.f.GOARCH(), code, uint64(v.a.entry), v.asking)
	}
	if v.a.funcdata[goabi.FuncDataInlTree] == goabi.NoFuncData {
		if v.b.funcdata[goabi.FuncDataInlTree] != goabi.NoFuncData {
			return v.fail("has an inline tree, want none")
		}
		return nil
	}
	type pair struct{ old, new int32 }
	seen := map[pair]error{}
	indices := uint32(0)
	if v.b.funcdata[goabi.FuncDataInlTree] != goabi.NoFuncData {
		indices = v.b.pcdata[goabi.PCDataInlTree]
	}
	return v.compare(v.a.pcdata[goabi.PCDataInlTree], indices, v.a.size, func(s step) error {
		if v.tier == External && v.a.id != goabi.FuncIDWrapper {
			any := false
			for _, c := range calls {
				any = any || s.start <= c && c < s.end
			}
			if !any {
				return nil
			}
		}
		p := pair{s.old, s.new}
		err, ok := seen[p]
		if !ok {
			err = v.sameFrames(s)
			seen[p] = err
		}
		return err
	})
}

func (v *verifier) sameFrames(s step) error {
	x, err := v.old.frames(&v.a, s.old)
	if err != nil {
		return err
	}
	y, err := v.new.frames(&v.b, s.new)
	if err != nil {
		return err
	}
	if v.tier == External {
		// What runtime.gorecover counts, and what reflect.valueMethodName reads.
		count := func(list []frame) (n int, methods []string) {
			for _, f := range list {
				if f.id != goabi.FuncIDWrapper {
					n++
				}
				if isReflectMethod(f.name) {
					methods = append(methods, f.name)
				}
			}
			return n, methods
		}
		m, was := count(x)
		n, is := count(y)
		if m != n || !slices.Equal(was, is) {
			return v.fail("%d calls are inlined at +%#x, of reflect %q, want %d and %q", n, s.start, is, m, was)
		}
		return nil
	}
	if len(x) != len(y) {
		return v.fail("%d calls are inlined at +%#x, want %d", len(y), s.start, len(x))
	}
	for n := range x {
		if v.tier == Functions {
			x[n].parent, x[n].startLine = y[n].parent, 0
		}
		if x[n] != y[n] {
			return v.fail("call %d inlined at +%#x is %+v, want %+v", n, s.start, y[n], x[n])
		}
	}
	return nil
}

// points compares whether a goroutine can be preempted at an instruction
// (runtime/preempt.go, isAsyncSafePoint).
func (v *verifier) points(int) error {
	const restart1, restart2 = -3, -4
	if v.tier != External {
		return v.compare(v.a.pcdata[goabi.PCDataUnsafePoint], v.b.pcdata[goabi.PCDataUnsafePoint], v.a.size, func(s step) error {
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
	x, err := v.old.preemption(&v.a, v.name)
	if err != nil {
		return err
	}
	y, err := v.new.preemption(&v.b, newName)
	if err != nil {
		return err
	}
	covered, err := v.old.coverage(v.a.pcdata[goabi.PCDataUnsafePoint], v.a.size)
	if err != nil {
		return err
	}
	// The places where the answers may change are the ends of all four tables.
	places := []uint64{0}
	for _, runs := range [][]run{x.points, x.inlined, y.points, y.inlined} {
		for _, r := range runs {
			places = append(places, r.end)
		}
	}
	for _, at := range places {
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
	return nil
}

// A preemption tells where in a function a goroutine can be preempted.
type preemption struct {
	t               *Table
	r               *record
	name            string
	points, inlined []run
}

func (t *Table) preemption(r *record, name string) (*preemption, error) {
	p := &preemption{t: t, r: r, name: name}
	var err error
	if p.points, err = t.walkAll(r.pcdata[goabi.PCDataUnsafePoint], r.size); err != nil {
		return nil, err
	}
	p.inlined, err = t.walkAll(r.pcdata[goabi.PCDataInlTree], r.size)
	return p, err
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
		name = call.name
	}
	if goabi.NeverPreempted(name) {
		return unsafePointUnsafe, nil
	}
	return valueAt(p.points, pc), nil
}
