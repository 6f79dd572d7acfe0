package pcln

import "encoding/binary"

// # Pcvalue tables
//
// A pcvalue table maps the instructions of one function to values (runtime/symtab.go,
// step; made by cmd/internal/obj/pcln.go, funcpctab). It is a sequence of pairs
// of varints: the difference of the value to the one before, zigzag-coded, and
// the number of instruction units for which the value holds. The first value is
// relative to -1. A value difference of 0 in any pair but the first ends the
// table. Offset 0 stands for the table that is -1 everywhere.

// A run says that value val holds up to end, in bytes from the function's entry.
type run struct {
	end uint64
	val int32
}

const maxVarint = 5 // bytes; values have 32 bits

// uvarint decodes one varint as the runtime does, which keeps 32 bits.
func uvarint(b []byte) (v uint32, n int) {
	for n < len(b) && n < maxVarint {
		c := b[n]
		v |= uint32(c&0x7f) << (7 * n)
		n++
		if c < 0x80 {
			return v, n
		}
	}
	return 0, 0
}

// runs appends the runs of the pcvalue table at off to buf, up to the one that reaches size, in bytes.
func (t *Table) runs(off uint32, size uint64, buf []run) ([]run, error) {
	if off == 0 {
		return buf, nil
	}
	if uint64(off) >= uint64(len(t.pctab)) {
		return nil, t.errorf(0, "a pc table begins at %#x of %#x", off, len(t.pctab))
	}
	b := t.pctab[off:]
	pc, val := uint64(0), int32(-1)
	for pc < size {
		d, length, _, n := pcPair(b)
		if d == 0 && n > 0 && pc != 0 {
			break
		}
		if length == 0 {
			return nil, t.endless(off)
		}
		b = b[n:]
		val += int32(-(d & 1) ^ (d >> 1))
		if pc += uint64(length) * t.quantum; pc > 1<<32 {
			return nil, t.errorf(0, "the pc table at %#x goes beyond the text", off)
		}
		buf = append(buf, run{pc, val})
	}
	return buf, nil
}

// endless returns the error for the pcvalue table at off. A pair of no length does not occur, and would be read again as the first one if
// it followed the entry.
func (t *Table) endless(off uint32) error {
	return t.errorf(0, "the pc table at %#x has no end, or a value for no instruction", off)
}

// whole returns the bytes of the pcvalue table at off up to the length of the last run, and that length in units.
func (t *Table) whole(off uint32) (head []byte, last uint64, err error) {
	if uint64(off) >= uint64(len(t.pctab)) {
		return nil, 0, t.errorf(0, "a pc table begins at %#x of %#x", off, len(t.pctab))
	}
	b := t.pctab[off:]
	units := uint64(0)
	for at := 0; ; {
		d, length, m, n := pcPair(b[at:])
		switch {
		case d == 0 && n > 0 && at > 0:
			return head, last, nil
		case length == 0:
			return nil, 0, t.endless(off)
		}
		head, last = b[:at+m], uint64(length)
		at += n
		if units += last; units*t.quantum > 1<<32 {
			return nil, 0, t.errorf(0, "the pc table at %#x goes beyond the text", off)
		}
	}
}

// pcPair decodes the pair of numbers that b begins with. The first one has m bytes, and both have n. The length is 0 when it is missing, as
// it may be after the last run, and n is 0 when both are.
func pcPair(b []byte) (d, length uint32, m, n int) {
	if len(b) > 1 && b[0]|b[1] < 0x80 { // which most are
		return uint32(b[0]), uint32(b[1]), 1, 2
	}
	return longPair(b)
}

func longPair(b []byte) (d, length uint32, m, n int) {
	d, m = uvarint(b)
	if m > 0 {
		length, n = uvarint(b[m:])
	}
	return d, length, m, m + n
}

// valueIn returns the value that the pcvalue table at off has for the offset pc of a function of size bytes; -1 beyond its end.
func (t *Table) valueIn(off uint32, size, pc uint64) (int32, error) {
	runs, err := t.runs(off, min(size, pc+1), make([]run, 0, 64))
	return valueAt(runs, pc), err
}

// toEnd is the size of a function for runs to read a closed pcvalue table to its end.
const toEnd = 1 << 33

// appendPCValue appends the pcvalue table of runs, which are not empty, to b, up to the length of the last one,
// which it returns in units. The last run is that which reaches size, in bytes; it begins before.
func appendPCValue(b []byte, runs []run, quantum, size uint64) (head []byte, last uint64) {
	pc, val := uint64(0), int32(-1)
	for i, r := range runs {
		d := r.val - val
		b = binary.AppendUvarint(b, uint64(uint32(d<<1)^uint32(d>>31)))
		if i == len(runs)-1 || r.end >= size {
			size = max(size, pc+quantum)
			return b, (size - pc + quantum - 1) / quantum
		}
		b = binary.AppendUvarint(b, (r.end-pc)/quantum)
		pc, val = r.end, r.val
	}
	return b, 0
}

// appendClosed appends the whole pcvalue table of runs to b. The last run is lengthened to longest(n).
func appendClosed(b []byte, runs []run, quantum uint64) []byte {
	b, last := appendPCValue(b, runs, quantum, runs[len(runs)-1].end)
	return append(binary.AppendUvarint(b, longest(last)), 0)
}

// longest returns the largest length of a run that takes as many bytes as n. The last run of a pcvalue table only has to
// reach the end of its function, and so more pcvalue tables are equal, or parts of others.
func longest(n uint64) uint64 {
	for bits := 7; bits <= 28; bits += 7 {
		if l := uint64(1)<<bits - 1; n <= l {
			return l
		}
	}
	return n
}

// mergeRuns maps the values of runs by f and makes equal neighbours one.
func mergeRuns(runs []run, f func(int32) int32) []run {
	out := runs[:0]
	for _, r := range runs {
		r.val = f(r.val)
		if n := len(out); n > 0 && out[n-1].val == r.val {
			out[n-1].end = r.end
		} else {
			out = append(out, r)
		}
	}
	return out
}

// constant reports whether the runs say no more than that all values are v.
func constant(runs []run, v int32) bool { return len(runs) == 0 || len(runs) == 1 && runs[0].val == v }

// valueAt returns the value that runs give for the offset pc; -1 beyond them.
func valueAt(runs []run, pc uint64) int32 {
	from, to := 0, len(runs) // the first one that ends after pc is among those, or the one after them
	for from < to {
		if mid := (from + to) / 2; pc < runs[mid].end {
			to = mid
		} else {
			from = mid + 1
		}
	}
	if from == len(runs) {
		return -1
	}
	return runs[from].val
}
