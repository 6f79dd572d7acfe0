package pcln

import (
	"bytes"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// maps compares stack maps: what (*stkframe).getStackMap returns.
func (v *verifier) maps(int) error {

	err := v.compareValues(v.a.pcdata[goabi.PCDataStackMap], v.b.pcdata[goabi.PCDataStackMap], v.a.size, func(s step) error {
		if max(s.old, 0) == max(s.new, 0) {
			return nil
		}
		if s.oldRun == 0 && s.old == -1 && v.a.flag&goabi.FuncFlagAsm == 0 && v.old.f.GOARCH() != "riscv64" {
			// See skipPrologue.
			return v.noMorestack(s.end)
		}
		return v.fail("the stack map at +%#x is %d, want %d", s.start, s.new, s.old)
	})
	if err != nil {
		return err
	}
	for _, kind := range []int{goabi.FuncDataArgsMap, goabi.FuncDataLocalsMap} {
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
	if a == goabi.NoFuncData && b == goabi.NoFuncData {
		return nil, nil, false, nil
	}
	if a == goabi.NoFuncData || b == goabi.NoFuncData {
		return nil, nil, false, v.fail("function data of kind %d is there in one program only", kind)
	}
	liveMax := int32(0)
	if kind == goabi.FuncDataArgLive {
		liveMax = v.liveMax()
	}
	if x, err = v.old.data(&v.a, kind, 0, liveMax); err != nil {
		return nil, nil, false, err
	}
	if y, err = v.new.data(&v.b, kind, 0, liveMax); err != nil {
		return nil, nil, false, err
	}
	return x, y, true, nil
}

// liveMax returns the largest argument record that an instruction refers to.
func (v *verifier) liveMax() (n int32) {
	w, err := startWalk(v.old, v.a.pcdata[goabi.PCDataArgLive], v.a.size)
	for err == nil && !w.over {
		n = max(n, w.val)
		err = w.next(v.old)
	}
	return n
}

// bounds compares the records of failed bounds checks, where there are any.
func (v *verifier) bounds(int) error {
	return v.compareValues(v.a.pcdata[goabi.PCDataPanicBounds], v.b.pcdata[goabi.PCDataPanicBounds], v.a.size, func(s step) error {
		if s.old != -1 && s.old != s.new {
			return v.fail("the bounds check at +%#x is %d, want %d", s.start, s.new, s.old)
		}
		return nil
	})
}

// args compares the arguments that tracebacks print.
func (v *verifier) args(int) error {
	if v.tier != Full {
		if v.b.funcdata[goabi.FuncDataArgInfo] != goabi.NoFuncData || v.b.funcdata[goabi.FuncDataArgLive] != goabi.NoFuncData {
			return v.fail("has argument information")
		}
		return nil
	}
	for _, kind := range []int{goabi.FuncDataArgInfo, goabi.FuncDataArgLive} {
		x, y, ok, err := v.both(kind)
		if err != nil {
			return err
		}
		if ok && !bytes.Equal(x, y) {
			return v.fail("function data of kind %d differs", kind)
		}
	}
	if v.a.funcdata[goabi.FuncDataArgInfo] == goabi.NoFuncData {
		return nil // nobody looks then
	}
	return v.compareValues(v.a.pcdata[goabi.PCDataArgLive], v.b.pcdata[goabi.PCDataArgLive], v.a.size, func(s step) error {
		if max(s.old, 0) != max(s.new, 0) {
			return v.fail("the argument record at +%#x is %d, want %d", s.start, s.new, s.old)
		}
		return nil
	})
}

// otherData compares function data that no tier changes.
func (v *verifier) otherData(int) error {
	for _, kind := range []int{goabi.FuncDataStackObjects, goabi.FuncDataOpenDefer, goabi.FuncDataWrapInfo} {
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
