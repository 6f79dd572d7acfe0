package pcln

import (
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/goabi"
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
	covered, err := v.old.coverage(v.a.sp, toEnd)
	if err != nil {
		return err
	}
	v.size = min(v.old.entry(i+1)-v.old.entry(i), covered)
	a, b := &v.a, &v.b
	if a.entry != b.entry || v.old.entry(i+1) != v.new.entry(i+1) || a.args != b.args || a.deferReturn != b.deferReturn || a.id != b.id ||
		a.flag != b.flag {
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
	if v.tier != External {
		if old != new {
			return v.fail("the name is %q, want %q", new, old)
		}
		return nil
	}
	wrapper := func(s string) bool { return strings.Contains(s, ".(*") && strings.Contains(s, ").") }
	switch isRuntime := strings.HasPrefix(old, goabi.RuntimePrefix); {
	case isRuntime != strings.HasPrefix(new, goabi.RuntimePrefix),
		isRuntime && Exported(old[len(goabi.RuntimePrefix):]) != Exported(new[len(goabi.RuntimePrefix):]),
		strings.Contains(old, ".") != strings.Contains(new, "."),
		v.a.id == goabi.FuncIDWrapper && wrapper(old) && !wrapper(new):
		return v.fail("the name %q does not serve the runtime as %q does", new, old)
	}
	for _, name := range []string{old, new} {
		if old != new && (slices.Contains(goabi.KeptNames, name) || isReflectMethod(name)) {
			return v.fail("the name is %q, want %q", new, old)
		}
	}
	return nil
}

// depth compares stack depths, and the largest one, which the runtime looks for in all of a
// table (runtime/symtab.go, funcMaxSPDelta).
func (v *verifier) depth(int) error {
	old, err := v.old.maxDepth(v.a.sp)
	if err != nil {
		return err
	}
	new, err := v.new.maxDepth(v.b.sp)
	if err != nil {
		return err
	}
	if old != new {
		return v.fail("the largest stack depth is %d, want %d", new, old)
	}
	return v.compare(v.a.sp, v.b.sp, toEnd, func(s step) error {
		if s.old != s.new {
			return v.fail("the stack depth at +%#x is %d, want %d", s.start, s.new, s.old)
		}
		return nil
	})
}

// maxDepth returns the largest value of a table.
func (t *Table) maxDepth(off uint32) (int32, error) {
	runs, err := t.walkAll(off, toEnd)
	most := int32(0)
	for _, r := range runs {
		most = max(most, r.val)
	}
	return most, err
}

// sameEnd checks that the table at b says nothing of instructions that the one at a does not cover.
func (v *verifier) sameEnd(a, b uint32) error {
	covered, err := v.old.coverage(a, toEnd)
	if err != nil {
		return err
	}
	runs, err := v.new.walkAll(b, toEnd)
	if err != nil {
		return err
	}
	if n := len(runs); n > 1 && runs[n-2].end >= covered {
		return v.fail("a pc table continues at +%#x, after that of the input", runs[n-2].end)
	}
	return nil
}

// lines compares files and lines.
func (v *verifier) lines(int) error {
	if v.tier != Full {
		if v.b.file != 0 || v.b.line != 0 {
			return v.fail("has files or lines")
		}
		return nil
	}
	for _, pair := range [][2]uint32{{v.a.line, v.b.line}, {v.a.file, v.b.file}} {
		if err := v.sameEnd(pair[0], pair[1]); err != nil {
			return err
		}
	}
	if err := v.compare(v.a.line, v.b.line, toEnd, func(s step) error {
		if s.old != s.new {
			return v.fail("the line at +%#x is %d, want %d", s.start, s.new, s.old)
		}
		return nil
	}); err != nil {
		return err
	}
	return v.compare(v.a.file, v.b.file, toEnd, func(s step) error {
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
