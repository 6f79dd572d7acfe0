package pcln

import (
	"bytes"
	"math/bits"
)

// A walk goes through a pc table as runtime.step does.
type walk struct {
	table      []byte
	at         int    // of what comes next in table
	start, end uint64 // the instructions that val is for, from the entry
	val        int32
	over       bool
	quantum    uint64
	size       uint64 // instructions from there on are not asked for
}

// startWalk begins a table of a function of so many bytes, which says nothing of what is after.
func startWalk(t *Table, off uint32, size uint64) (walk, error) {
	w := walk{val: -1, quantum: t.quantum, size: size}
	if off == 0 {
		w.over, w.end = true, 1<<62
		return w, nil
	}
	if uint64(off) >= uint64(len(t.pctab)) {
		return w, t.errorf(0, "verification: a pc table begins at %#x of %#x", off, len(t.pctab))
	}
	w.table = t.pctab[off:]
	return w, w.next(t)
}

// varint reads the next number.
func (w *walk) varint() (v uint32, ok bool) {
	if w.at < len(w.table) && w.table[w.at] < 128 {
		v = uint32(w.table[w.at])
		w.at++
		return v, true
	}
	for shift := 0; w.at < len(w.table) && shift < 35; shift += 7 {
		c := w.table[w.at]
		w.at++
		v |= uint32(c&127) << shift
		if c&128 == 0 {
			return v, true
		}
	}
	return 0, false
}

func (w *walk) next(t *Table) error {
	w.start = w.end
	if w.end < w.size && w.at+1 < len(w.table) { // most numbers have one byte
		if d, n := w.table[w.at], w.table[w.at+1]; d|n < 128 && n != 0 && (d != 0 || w.end == 0) {
			w.at += 2
			w.val += int32(d>>1) ^ -int32(d&1)
			w.end += uint64(n) * w.quantum
			return nil
		}
	}
	d, ok := uint32(0), true
	if w.end < w.size {
		d, ok = w.varint()
	}
	if !ok {
		return t.errorf(0, "verification: a pc table has no end")
	}
	if d == 0 && w.start != 0 || w.end >= w.size {
		w.over, w.val, w.end = true, -1, 1<<62
		return nil
	}
	if d&1 != 0 {
		w.val += int32(^(d >> 1))
	} else {
		w.val += int32(d >> 1)
	}
	n, ok := w.varint()
	if !ok || n == 0 {
		return t.errorf(0, "verification: a pc table has no end")
	}
	w.end += uint64(n) * w.quantum
	return nil
}

// A step is a range of instructions for which two tables give one answer each.
type step struct {
	start, end uint64
	old, new   int32
	// where the runs begin that the answers are from
	oldRun, newRun uint64
}

// compareValues is compare for an f that takes equal values for the same.
func (v *verifier) compareValues(a, b uint32, size uint64, f func(step) error) error {
	if a == 0 && b == 0 || v.lengthened(a, b, false) {
		return nil
	}
	return v.compare(a, b, size, f)
}

// compare calls f for every step over the instructions that the table at offset a
// of old covers; those of a function without one are all of it. It fails when b
// covers less. Both are read as those of a function of size bytes.
func (v *verifier) compare(a, b uint32, size uint64, f func(step) error) error {
	x, err := startWalk(v.old, a, size)
	if err != nil {
		return err
	}
	y, err := startWalk(v.new, b, size)
	if err != nil {
		return err
	}
	for at := uint64(0); at < v.size && !(x.over && a != 0); {
		if y.over && b != 0 {
			return v.fail("a pc table ends at %#x, before that of the input", y.start)
		}
		end := min(x.end, y.end, v.size)
		if err := f(step{at, end, x.val, y.val, x.start, y.start}); err != nil {
			return err
		}
		at = end
		if x.end == at {
			if err := x.next(v.old); err != nil {
				return err
			}
		}
		if y.end == at {
			if err := y.next(v.new); err != nil {
				return err
			}
		}
	}
	return nil
}

// closed is compareClosed for tables of which only equal values say the same, and remembers them. Most differ in the length of the last run
// at most: it compares their bytes then.
func (v *verifier) closed(what string, a, b uint32) error {
	same, known := v.known.closed.at(a, b)
	if known {
		return nil
	}
	if !v.lengthened(a, b, true) {
		if err := v.compareClosed(what, a, b, nil); err != nil || a == 0 {
			return err // a table of its own says nothing of functions of other sizes
		}
	}
	*same = pair{a, b, 1}
	return nil
}

// lengthened reports whether both tables are there and the same but for the last run, which may be longer in b: a of old and b of new,
// read to their ends if they are closed, and else as far as a has values. It does not decode them: in a table the only byte 0, but for the
// first one, is that of its end, unless a number is written in more bytes than it needs, or is the length of a run.
func (v *verifier) lengthened(a, b uint32, closed bool) bool {
	if a == 0 || b == 0 || uint64(a) >= uint64(len(v.old.pctab)) || uint64(b) >= uint64(len(v.new.pctab)) || v.old.quantum != v.new.quantum {
		return false
	}
	x, y := v.old.pctab[a:], v.new.pctab[b:]
	const most = 1 << 16 // bytes of a table that is looked at
	end := bytes.IndexByte(x[1:min(len(x), most)], 0) + 1
	if end < 2 || x[end-1] >= 128 || numbers(x[:end])%2 != 0 {
		return false // not an end, or not one after a run
	}
	head := end - 1 // up to the length of the last run
	for head > 0 && x[head-1] >= 128 {
		head--
	}
	if !bytes.HasPrefix(y, x[:head]) {
		return false
	}
	was, is := walk{table: x, at: head}, walk{table: y, at: head}
	m, okm := was.varint()
	n, okn := is.varint()
	if !okm || m == 0 || was.at != end || !okn || n < m {
		return false
	}
	zero, ok := is.varint()
	return !closed || ok && zero == 0
}

// numbers returns how many numbers end in b.
func numbers(b []byte) (n int) {
	for ; len(b) >= 8; b = b[8:] {
		n += bits.OnesCount64(^le.Uint64(b) & 0x8080808080808080)
	}
	for _, c := range b {
		n += int(^c >> 7)
	}
	return n
}

// compareClosed compares tables that are read to their ends: a of old and b of new have the same values for all instructions that a
// covers, up to v.size if it is 0, and beyond them b only lengthens its last run. So the largest values are the same, too. same returns nil
// for two values that say the same; without it, only equal ones do.
func (v *verifier) compareClosed(what string, a, b uint32, same func(at uint64, old, new int32) error) error {
	x, err := startWalk(v.old, a, toEnd)
	if err != nil {
		return err
	}
	y, err := startWalk(v.new, b, toEnd)
	if err != nil {
		return err
	}
	for at := uint64(0); !x.over || a == 0 && at < v.size; {
		if y.over && b != 0 {
			return v.fail("the %s table ends at %#x, before that of the input", what, y.start)
		}
		if same != nil {
			if err := same(at, x.val, y.val); err != nil {
				return err
			}
		} else if x.val != y.val {
			return v.fail("the %s at +%#x is %d, want %d", what, at, y.val, x.val)
		}
		at = min(x.end, y.end)
		if x.end == at {
			if err := x.next(v.old); err != nil {
				return err
			}
		}
		// The last run of b may go on.
		if y.end == at {
			if err := y.next(v.new); err != nil {
				return err
			}
		}
	}
	if a == 0 {
		return nil
	}
	if !y.over && b != 0 {
		if y.start >= x.start {
			return v.fail("the %s table continues at +%#x, after that of the input", what, y.start)
		}
		end := y.end
		if err := y.next(v.new); err != nil {
			return err
		}
		if !y.over {
			return v.fail("the %s table continues at +%#x, after that of the input", what, end)
		}
	}
	return nil
}

// coverage returns where the pc table at off ends.
func (t *Table) coverage(off uint32, size uint64) (uint64, error) {
	w, err := startWalk(t, off, size)
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

// walkAll appends all of a pc table to buf.
func (t *Table) walkAll(off uint32, size uint64, buf []run) ([]run, error) {
	w, err := startWalk(t, off, size)
	for err == nil && !w.over {
		buf = append(buf, run{w.end, w.val})
		err = w.next(t)
	}
	return buf, err
}
