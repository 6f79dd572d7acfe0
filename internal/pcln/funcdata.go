package pcln

import "github.com/go3s/rules_go3s/internal/goabi"

// funcdataAlign is the alignment of each kind in bytes: what the runtime reads
// as one word is aligned.
var funcdataAlign = [goabi.NumFuncData]int{4, 4, 8, 4, 1, 1, 1, 4}

// maxFuncData bounds one piece of function data in bytes.
const maxFuncData = 64 << 20

// data returns what funcdata kind of r holds, whose length only its contents
// tell: the reader of each kind in package runtime is named. Inline trees have
// goabi.InlinedCall bytes for each of the given number of records.
func (t *Table) data(r *funcRecord, kind int, records int, liveMax int32) ([]byte, error) {
	off := r.funcdata[kind]
	if uint64(off) > uint64(len(t.gofunc)) {
		return nil, t.errorf(0, "function data of kind %d begins at %#x of %#x", kind, off, len(t.gofunc))
	}
	b := t.gofunc[off:]
	need := func(n uint64) ([]byte, error) {
		if n > uint64(len(b)) || n > maxFuncData {
			return nil, t.errorf(0, "function data of kind %d at %#x needs %d bytes, %d are left", kind, off, n, len(b))
		}
		return b[:n], nil
	}
	switch kind {
	case goabi.FuncDataArgsMap, goabi.FuncDataLocalsMap: // stackmapdata
		if _, err := need(8); err != nil {
			return nil, err
		}
		n, bits := uint64(le.Uint32(b)), uint64(le.Uint32(b[4:]))
		if n > 1<<31-1 || bits > 1<<31-1 {
			return nil, t.errorf(0, "the stack map at %#x has %d maps of %d bits", off, int32(n), int32(bits))
		}
		return need(8 + n*((bits+7)/8))
	case goabi.FuncDataStackObjects: // (*stkframe).getStackMap; stackObjectRecord
		if _, err := need(8); err != nil {
			return nil, err
		}
		n := le.Uint64(b)
		if n > 1<<24 {
			return nil, t.errorf(0, "the list of stack objects at %#x has %d members", off, n)
		}
		return need(8 + n*16)
	case goabi.FuncDataInlTree:
		return need(uint64(records) * goabi.InlinedCall)
	case goabi.FuncDataOpenDefer: // (*_panic).initOpenCodedDefers
		_, n := uvarint(b)
		_, m := uvarint(b[n:])
		if n == 0 || m == 0 {
			return nil, t.errorf(0, "the record of open-coded defers at %#x has no end", off)
		}
		return b[:n+m], nil
	case goabi.FuncDataArgInfo: // printArgs
		for n := 0; n < len(b); n++ {
			switch c := b[n]; {
			case c == goabi.TraceArgsEnd:
				return b[:n+1], nil
			case c < goabi.TraceArgsFirst:
				n++
			}
		}
		return nil, t.errorf(0, "the record of arguments at %#x has no end", off)
	case goabi.FuncDataArgLive: // printArgs, isLive
		if liveMax <= 0 {
			return need(1)
		}
		slots := 0
		if r.funcdata[goabi.FuncDataArgInfo] != goabi.NoFuncData && len(b) > 0 {
			info, err := t.data(r, goabi.FuncDataArgInfo, 0, 0)
			if err != nil {
				return nil, err
			}
			for n := 0; n < len(info); n++ {
				if info[n] < goabi.TraceArgsFirst {
					if info[n] >= b[0] {
						slots++
					}
					n++
				}
			}
		}
		return need(uint64(liveMax) + uint64(slots+7)/8)
	default: // startPCForTrace
		return need(4)
	}
}
