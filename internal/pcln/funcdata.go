package pcln

// Indices of the pc tables and function data of a function
// (internal/abi/symtab.go, PCDATA_ and FUNCDATA_).
const (
	pcdataUnsafePoint = iota
	pcdataStackMap
	pcdataInlTree
	pcdataArgLive
	pcdataPanicBounds
	numPCData
)

const (
	funcdataArgsMap = iota
	funcdataLocalsMap
	funcdataStackObjects
	funcdataInlTree
	funcdataOpenDefer
	funcdataArgInfo
	funcdataArgLive
	funcdataWrapInfo
	numFuncData
)

// funcdataAlign is the alignment of each kind in bytes: what the runtime reads
// as one word is aligned.
var funcdataAlign = [numFuncData]int{4, 4, 8, 4, 1, 1, 1, 4}

// Values of FUNCDATA_ArgInfo (internal/abi/symtab.go, TraceArgs).
const (
	traceArgsEnd   = 0xff
	traceArgsFirst = 0xfb // the least that is no offset
)

const inlRecord = 16 // bytes of a runtime.inlinedCall

// maxFuncData bounds one piece of function data in bytes.
const maxFuncData = 64 << 20

// data returns what funcdata kind of r holds, whose length only its contents
// tell: the reader of each kind in package runtime is named. Inline trees have
// inlRecord bytes for each of the given number of records.
func (t *Table) data(r *record, kind int, records int, liveMax int32) ([]byte, error) {
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
	case funcdataArgsMap, funcdataLocalsMap: // stackmapdata
		if _, err := need(8); err != nil {
			return nil, err
		}
		n, bits := uint64(le.Uint32(b)), uint64(le.Uint32(b[4:]))
		if n > 1<<31-1 || bits > 1<<31-1 {
			return nil, t.errorf(0, "the stack map at %#x has %d maps of %d bits", off, int32(n), int32(bits))
		}
		return need(8 + n*((bits+7)/8))
	case funcdataStackObjects: // (*stkframe).getStackMap; stackObjectRecord
		if _, err := need(8); err != nil {
			return nil, err
		}
		n := le.Uint64(b)
		if n > 1<<24 {
			return nil, t.errorf(0, "the list of stack objects at %#x has %d members", off, n)
		}
		return need(8 + n*16)
	case funcdataInlTree:
		return need(uint64(records) * inlRecord)
	case funcdataOpenDefer: // (*_panic).initOpenCodedDefers
		_, n := uvarint(b)
		_, m := uvarint(b[n:])
		if n == 0 || m == 0 {
			return nil, t.errorf(0, "the record of open-coded defers at %#x has no end", off)
		}
		return b[:n+m], nil
	case funcdataArgInfo: // printArgs
		for n := 0; n < len(b); n++ {
			switch c := b[n]; {
			case c == traceArgsEnd:
				return b[:n+1], nil
			case c < traceArgsFirst:
				n++
			}
		}
		return nil, t.errorf(0, "the record of arguments at %#x has no end", off)
	case funcdataArgLive: // printArgs, isLive
		if liveMax <= 0 {
			return need(1)
		}
		slots := 0
		if r.funcdata[funcdataArgInfo] != noFuncData && len(b) > 0 {
			info, err := t.data(r, funcdataArgInfo, 0, 0)
			if err != nil {
				return nil, err
			}
			for n := 0; n < len(info); n++ {
				if info[n] < traceArgsFirst {
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
