package pcln

import (
	"bytes"
	"slices"
	"strings"
)

// function compares what the runtime can ask about function i.
func (v *verifier) function(i int) error {
	var err error
	if v.a, err = v.old.record(i); err != nil {
		return err
	}
	if v.b, err = v.new.record(i); err != nil {
		return err
	}
	// Padding follows the function's own instructions, which are those with a
	// stack depth.
	covered, err := v.old.coverage(v.a.sp)
	if err != nil {
		return err
	}
	v.size = min(v.old.entry(i+1)-v.old.entry(i), covered)
	a, b := &v.a, &v.b
	if a.entry != b.entry || v.old.entry(i+1) != v.new.entry(i+1) || a.args != b.args || a.deferReturn != b.deferReturn || a.id != b.id || a.flag != b.flag {
		return v.fail("the record differs")
	}
	if v.tier == Full && a.startLine != b.startLine {
		return v.fail("the start line is %d, want %d", b.startLine, a.startLine)
	}
	for _, check := range []func(int) error{v.lookup, v.names, v.depth, v.lines, v.inlined, v.points, v.maps, v.bounds, v.args, v.otherData} {
		if err := check(i); err != nil {
			return err
		}
	}
	return nil
}

// lookup finds the function by the first and last of its instructions and by one
// in each part that findfunctab knows (runtime/symtab.go, findfunc).
func (v *verifier) lookup(i int) error {
	t := v.new
	base := t.minPC - t.textAddr
	for at := v.a.entry; uint64(at) < t.entry(i+1); {
		x := uint64(at) - base
		bucket := t.find[x/4096*findBucket:]
		idx := uint64(le.Uint32(bucket)) + uint64(bucket[4+x%4096/256])
		for idx < uint64(t.count) && t.entry(int(idx)+1) <= uint64(at) {
			idx++
		}
		if idx != uint64(i) {
			return v.fail("text offset %#x is found in function %d", at, idx)
		}
		if last := uint32(t.entry(i+1) - 1); at < last {
			at = min(last, uint32(base+(x/256+1)*256))
		} else {
			break
		}
	}
	return nil
}

// runtimeName returns the name that the runtime finds at off.
func (t *Table) runtimeName(off uint32) (string, error) {
	if off == 0 {
		return "", nil
	}
	return t.name(off)
}

func (v *verifier) names(int) error {
	old, err := v.old.runtimeName(v.a.name)
	if err != nil {
		return err
	}
	new, err := v.new.runtimeName(v.b.name)
	if err != nil {
		return err
	}
	v.name = old
	if v.tier != Symbolized {
		if old != new {
			return v.fail("the name is %q, want %q", new, old)
		}
		return nil
	}
	wrapper := func(s string) bool { return strings.Contains(s, ".(*") && strings.Contains(s, ").") }
	switch isRuntime := strings.HasPrefix(old, "runtime."); {
	case isRuntime != strings.HasPrefix(new, "runtime."),
		isRuntime && Exported(old[len("runtime."):]) != Exported(new[len("runtime."):]),
		strings.Contains(old, ".") != strings.Contains(new, "."),
		v.a.id == idWrapper && wrapper(old) && !wrapper(new):
		return v.fail("the name %q does not serve the runtime as %q does", new, old)
	}
	for _, name := range []string{old, new} {
		if old != new && (slices.Contains(exactNames, name) || isReflectMethod(name)) {
			return v.fail("the name is %q, want %q", new, old)
		}
	}
	return nil
}

// depth compares stack depths.
func (v *verifier) depth(int) error {
	return v.compare(v.a.sp, v.b.sp, func(s step) error {
		if s.old != s.new {
			return v.fail("the stack depth at +%#x is %d, want %d", s.start, s.new, s.old)
		}
		return nil
	})
}

// lines compares files and lines.
func (v *verifier) lines(int) error {
	if v.tier != Full {
		if v.b.file != 0 || v.b.line != 0 {
			return v.fail("has files or lines")
		}
		return nil
	}
	if err := v.compare(v.a.line, v.b.line, func(s step) error {
		if s.old != s.new {
			return v.fail("the line at +%#x is %d, want %d", s.start, s.new, s.old)
		}
		return nil
	}); err != nil {
		return err
	}
	return v.compare(v.a.file, v.b.file, func(s step) error {
		if s.old < 0 || s.new < 0 {
			if s.old != s.new {
				return v.fail("the file at +%#x is %d, want %d", s.start, s.new, s.old)
			}
			return nil
		}
		x, okx := v.old.file(v.a.cu, s.old)
		y, oky := v.new.file(v.b.cu, s.new)
		if x != y || okx != oky || int(s.new) >= len(v.new.files) && int(s.old) < len(v.old.files) {
			return v.fail("the file at +%#x is %q, want %q", s.start, y, x)
		}
		return nil
	})
}

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
	for index >= 0 && r.funcdata[funcdataInlTree] != noFuncData {
		if len(list) == maxInlined {
			return nil, t.errorf(0, "verification: more than %d calls are inlined at one instruction", maxInlined)
		}
		call, err := t.call(r, index)
		if err != nil {
			return nil, err
		}
		list = append(list, call)
		if index, err = t.valueAtPC(r.pcdata[pcdataInlTree], uint64(call.parent)); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// call returns the record of an inlined call.
func (t *Table) call(r *record, index int32) (frame, error) {
	at := uint64(r.funcdata[funcdataInlTree]) + uint64(index)*inlRecord
	if at+inlRecord > uint64(len(t.gofunc)) {
		return frame{}, t.errorf(0, "verification: the inlined call at %#x is not in the function data", at)
	}
	b := t.gofunc[at:]
	name, err := t.runtimeName(le.Uint32(b[4:]))
	return frame{b[0], name, le.Uint32(b[8:]), le.Uint32(b[12:])}, err
}

// valueAtPC returns what a pc table says for one instruction.
func (t *Table) valueAtPC(off uint32, pc uint64) (int32, error) {
	w, err := startWalk(t, off)
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
	if v.tier == Symbolized && v.a.funcdata[funcdataInlTree] != noFuncData {
		code, err := v.old.f.Bytes(v.old.textAddr+uint64(v.a.entry), v.size)
		if err != nil {
			return err
		}
		calls = callsOf(v.old.f.GOARCH(), code, uint64(v.a.entry), v.asking)
	}
	if v.a.funcdata[funcdataInlTree] == noFuncData {
		if v.b.funcdata[funcdataInlTree] != noFuncData {
			return v.fail("has an inline tree, want none")
		}
		return nil
	}
	type pair struct{ old, new int32 }
	seen := map[pair]error{}
	indices := uint32(0)
	if v.b.funcdata[funcdataInlTree] != noFuncData {
		indices = v.b.pcdata[pcdataInlTree]
	}
	return v.compare(v.a.pcdata[pcdataInlTree], indices, func(s step) error {
		if v.tier == Symbolized && v.a.id != idWrapper {
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
	if v.tier == Symbolized {
		// What runtime.gorecover counts, and what reflect.valueMethodName reads.
		count := func(list []frame) (n int, methods []string) {
			for _, f := range list {
				if f.id != idWrapper {
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
	if v.tier != Symbolized {
		return v.compare(v.a.pcdata[pcdataUnsafePoint], v.b.pcdata[pcdataUnsafePoint], func(s step) error {
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
	covered, err := v.old.coverage(v.a.pcdata[pcdataUnsafePoint])
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
		if a != b && !(ofRuntime(v.name) && b == unsafePointUnsafe) {
			return v.fail("the unsafe point at +%#x is %d, want %d", at, b, a)
		}
	}
	return nil
}

// coverage returns where the pc table at off ends.
func (t *Table) coverage(off uint32) (uint64, error) {
	w, err := startWalk(t, off)
	if err != nil || off == 0 {
		return 1 << 62, err
	}
	for !w.over {
		if err := w.next(t); err != nil {
			return 0, err
		}
	}
	return w.start, nil
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
	if p.points, err = t.walkAll(r.pcdata[pcdataUnsafePoint]); err != nil {
		return nil, err
	}
	p.inlined, err = t.walkAll(r.pcdata[pcdataInlTree])
	return p, err
}

// walkAll returns all of a pc table.
func (t *Table) walkAll(off uint32) ([]run, error) {
	var runs []run
	w, err := startWalk(t, off)
	for err == nil && !w.over {
		runs = append(runs, run{w.end, w.val})
		err = w.next(t)
	}
	return runs, err
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
	if ofRuntime(name) {
		return unsafePointUnsafe, nil
	}
	return valueAt(p.points, pc), nil
}

// maps compares stack maps: what (*stkframe).getStackMap returns.
func (v *verifier) maps(int) error {

	err := v.compare(v.a.pcdata[pcdataStackMap], v.b.pcdata[pcdataStackMap], func(s step) error {
		if max(s.old, 0) == max(s.new, 0) {
			return nil
		}
		if s.oldRun == 0 && s.old == -1 && v.a.flag&flagAsm == 0 && v.old.f.GOARCH() != "riscv64" {
			// See skipPrologue.
			return v.noMorestack(s.end)
		}
		return v.fail("the stack map at +%#x is %d, want %d", s.start, s.new, s.old)
	})
	if err != nil {
		return err
	}
	for _, kind := range []int{funcdataArgsMap, funcdataLocalsMap} {
		x, y, ok, err := v.both(kind)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		// The number of maps may be larger than needed.
		if le.Uint32(x) > le.Uint32(y) || le.Uint32(x[4:]) != le.Uint32(y[4:]) || !bytes.Equal(x[8:], y[8:len(x)]) {
			return v.fail("the stack maps differ")
		}
	}
	return nil
}

// noMorestack checks that no instruction up to end calls runtime.morestack.
func (v *verifier) noMorestack(end uint64) error {
	code, err := v.old.f.Bytes(v.old.textAddr+uint64(v.a.entry), end)
	if err != nil {
		return err
	}
	if len(callsOf(v.old.f.GOARCH(), code, uint64(v.a.entry), v.morestack)) > 0 {
		return v.fail("the stack map of a call of runtime.morestack differs")
	}
	return nil
}

// both returns what both functions have of a kind of function data; ok is false
// when they have none.
func (v *verifier) both(kind int) (x, y []byte, ok bool, err error) {
	x, y = nil, nil
	a, b := v.a.funcdata[kind], v.b.funcdata[kind]
	if a == noFuncData && b == noFuncData {
		return nil, nil, false, nil
	}
	if a == noFuncData || b == noFuncData {
		return nil, nil, false, v.fail("function data of kind %d is there in one program only", kind)
	}
	if x, err = v.old.data(&v.a, kind, 0, v.liveMax()); err != nil {
		return nil, nil, false, err
	}
	if y, err = v.new.data(&v.b, kind, 0, v.liveMax()); err != nil {
		return nil, nil, false, err
	}
	return x, y, true, nil
}

// liveMax returns the largest argument record that an instruction refers to.
func (v *verifier) liveMax() (n int32) {
	w, err := startWalk(v.old, v.a.pcdata[pcdataArgLive])
	for err == nil && !w.over {
		n = max(n, w.val)
		err = w.next(v.old)
	}
	return n
}

// bounds compares the records of failed bounds checks, where there are any.
func (v *verifier) bounds(int) error {
	return v.compare(v.a.pcdata[pcdataPanicBounds], v.b.pcdata[pcdataPanicBounds], func(s step) error {
		if s.old != -1 && s.old != s.new {
			return v.fail("the bounds check at +%#x is %d, want %d", s.start, s.new, s.old)
		}
		return nil
	})
}

// args compares the arguments that tracebacks print.
func (v *verifier) args(int) error {
	if v.tier != Full {
		if v.b.funcdata[funcdataArgInfo] != noFuncData || v.b.funcdata[funcdataArgLive] != noFuncData {
			return v.fail("has argument information")
		}
		return nil
	}
	for _, kind := range []int{funcdataArgInfo, funcdataArgLive} {
		x, y, ok, err := v.both(kind)
		if err != nil {
			return err
		}
		if ok && !bytes.Equal(x, y) {
			return v.fail("function data of kind %d differs", kind)
		}
	}
	if v.a.funcdata[funcdataArgInfo] == noFuncData {
		return nil // nobody looks then
	}
	return v.compare(v.a.pcdata[pcdataArgLive], v.b.pcdata[pcdataArgLive], func(s step) error {
		if max(s.old, 0) != max(s.new, 0) {
			return v.fail("the argument record at +%#x is %d, want %d", s.start, s.new, s.old)
		}
		return nil
	})
}

// otherData compares function data that no tier changes.
func (v *verifier) otherData(int) error {
	for _, kind := range []int{funcdataStackObjects, funcdataOpenDefer, funcdataWrapInfo} {
		x, y, ok, err := v.both(kind)
		if err != nil {
			return err
		}
		if ok && !bytes.Equal(x, y) {
			return v.fail("function data of kind %d differs", kind)
		}
	}
	return nil
}
