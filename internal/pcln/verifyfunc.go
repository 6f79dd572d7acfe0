package pcln

import (
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/goabi"
)

// function compares what the runtime can ask about function i.
func (v *verifier) function(i int) error {
	if err := v.old.readFunc(i, &v.a); err != nil {
		return err
	}
	if err := v.new.readFunc(i, &v.b); err != nil {
		return err
	}
	v.size = v.old.entry(i+1) - v.old.entry(i)
	a, b := &v.a, &v.b
	if a.entry != b.entry || v.old.entry(i+1) != v.new.entry(i+1) || a.args != b.args || a.deferReturn != b.deferReturn || a.id != b.id ||
		a.flag != b.flag {
		return v.fail("the record differs")
	}
	if v.tier == Full && a.startLine != b.startLine {
		return v.fail("the start line is %d, want %d", b.startLine, a.startLine)
	}
	// Stack depths are also read to their end, for the largest one (runtime/symtab.go, funcMaxSPDelta). Padding follows
	// the function's own instructions, which are those with a stack depth.
	covered, err := v.depths(a.sp, b.sp)
	if err != nil {
		return err
	}
	v.size = min(v.size, covered)
	for _, check := range []func(int) error{v.lookup, v.names, v.lines, v.inlined, v.points, v.maps, v.bounds, v.args, v.otherData} {
		if err := check(i); err != nil {
			return err
		}
	}
	return nil
}

// depths compares tables of stack depths: a of old and b of new. It returns where a ends, a large number for 0.
func (v *verifier) depths(a, b uint32) (covered uint64, err error) {
	same, known := v.known.depths.at(a, b)
	if known {
		return same.end, nil
	}
	if err := v.closed("stack depth", a, b); err != nil {
		return 0, err
	}
	if covered, err = v.old.coverage(a, toEnd); err == nil && a != 0 {
		*same = pair{a, b, covered}
	}
	return covered, err
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

// sameName reports whether the runtime finds the same name at both offsets.
func (v *verifier) sameName(old, new uint32) (bool, error) {
	same, known := v.known.names.at(old, new)
	if known {
		return true, nil
	}
	x, err := v.old.runtimeName(old)
	if err != nil {
		return false, err
	}
	y, err := v.new.runtimeName(new)
	if err != nil || x != y {
		return false, err
	}
	*same = pair{old, new, 1}
	return true, nil
}

func (v *verifier) names(int) error {
	if same, err := v.sameName(v.a.name, v.b.name); err != nil || same && v.tier != External {
		return err
	}
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
		return v.fail("the name is %q, want %q", new, old)
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

// lines compares files and lines.
func (v *verifier) lines(int) error {
	if v.tier != Full {
		if v.b.file != 0 || v.b.line != 0 {
			return v.fail("has files or lines")
		}
		return nil
	}
	if err := v.closed("line", v.a.line, v.b.line); err != nil {
		return err
	}
	return v.compareClosed("file", v.a.file, v.b.file, func(at uint64, old, new int32) error {
		if old < 0 || new < 0 {
			if old != new {
				return v.fail("the file at +%#x is %d, want %d", at, new, old)
			}
			return nil
		}
		i, j := v.a.cu+uint32(old), v.b.cu+uint32(new) // in the tables of files
		same, known := v.known.files.at(i, j)
		beyond := int(new) >= len(v.new.files) && int(old) < len(v.old.files)
		if known && !beyond {
			return nil
		}
		x, okx := v.old.file(v.a.cu, old)
		y, oky := v.new.file(v.b.cu, new)
		if x != y || okx != oky || beyond {
			return v.fail("the file at +%#x is %q, want %q", at, y, x)
		}
		*same = pair{i, j, 1}
		return nil
	})
}
