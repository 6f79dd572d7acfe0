package pcln

import "github.com/go3s/rules_go3s/internal/goabi"

// A Part is what some bytes of the section .gopclntab are for.
type Part struct {
	Name  string
	Bytes int
}

// Kinds of parts, in the order in which they claim bytes: what the runtime cannot do without
// comes first.
var (
	partPCData = [goabi.NumPCData]string{
		goabi.PCDataUnsafePoint: "pcdata: unsafe points", goabi.PCDataStackMap: "pcdata: indices of pointer maps", goabi.PCDataInlTree: "pcdata: inlined calls",
		goabi.PCDataArgLive: "pcdata: live arguments", goabi.PCDataPanicBounds: "pcdata: bounds checks",
	}
	partFuncData = [goabi.NumFuncData]string{
		goabi.FuncDataArgsMap: "pointer maps of arguments", goabi.FuncDataLocalsMap: "pointer maps of variables", goabi.FuncDataStackObjects: "stack objects",
		goabi.FuncDataInlTree: "inline trees", goabi.FuncDataOpenDefer: "defers", goabi.FuncDataArgInfo: "arguments to print", goabi.FuncDataArgLive: "live arguments to print",
		goabi.FuncDataWrapInfo: "wrapped functions",
	}
	// Tables and function data that only tracebacks need.
	pcdataLast   = []int{goabi.PCDataUnsafePoint, goabi.PCDataStackMap, goabi.PCDataPanicBounds, goabi.PCDataInlTree, goabi.PCDataArgLive}
	funcdataLast = []int{goabi.FuncDataArgsMap, goabi.FuncDataLocalsMap, goabi.FuncDataStackObjects, goabi.FuncDataOpenDefer,
		goabi.FuncDataWrapInfo, goabi.FuncDataInlTree, goabi.FuncDataArgInfo, goabi.FuncDataArgLive}
)

// A Use is what some bytes of the section .gopclntab are for, and the function that they are of.
type Use struct {
	Part  string // Part.Name
	Func  int    // index of the function, -1 for what is of none, or of several
	Bytes int
}

// A breakdown gives each byte of the section to one part.
type breakdown struct {
	t     *Table
	owner []int8 // by offset in the section: index of the part and 1, or 0
	parts []Part
	uses  []Use
}

// Breakdown returns what the bytes of the section are for. Each byte counts once, for the first part that uses it, as tables
// share bytes with others. The last part is what nothing refers to. It fails when the tables do not fit together.
func (t *Table) Breakdown() ([]Part, error) {
	a, err := t.breakDown()
	if err != nil {
		return nil, err
	}
	return a.parts, nil
}

// Usage is Breakdown by function. Of what several functions use, it is the first one that has it.
func (t *Table) Usage() ([]Use, error) {
	a, err := t.breakDown()
	if err != nil {
		return nil, err
	}
	return a.uses, nil
}

func (t *Table) breakDown() (*breakdown, error) {
	a := &breakdown{t: t, owner: make([]int8, t.Section.Size)}
	start := func(module int) uint64 { return le.Uint64(t.mod[module:]) - t.Section.Addr }
	records := make([]funcRecord, t.count)
	var err error
	for i := range records {
		if err = t.readFunc(i, &records[i]); err != nil {
			return nil, err
		}
	}
	table := func(name string, offset func(*funcRecord) uint32) error {
		return a.each(name, records, func(r *funcRecord) (uint64, uint64, error) {
			off := offset(r)
			n, err := t.pcValueSize(off, r.size)
			return start(goabi.ModulePCTab) + uint64(off), n, err
		})
	}
	if err := table("pcsp: stack depths", func(r *funcRecord) uint32 { return r.sp }); err != nil {
		return nil, err
	}
	for _, k := range pcdataLast {
		if err := table(partPCData[k], func(r *funcRecord) uint32 { return r.pcdata[k] }); err != nil {
			return nil, err
		}
	}
	if err := table("pcfile: files", func(r *funcRecord) uint32 { return r.file }); err != nil {
		return nil, err
	}
	if err := table("pcln: lines", func(r *funcRecord) uint32 { return r.line }); err != nil {
		return nil, err
	}
	for _, k := range funcdataLast {
		err := a.each(partFuncData[k], records, func(r *funcRecord) (uint64, uint64, error) {
			if r.funcdata[k] == goabi.NoFuncData {
				return 0, 0, nil
			}
			data, err := t.dataOf(r, k)
			return start(t.layout.GoFunc) + uint64(r.funcdata[k]), uint64(len(data)), err
		})
		if err != nil {
			return nil, err
		}
	}
	a.records(start(goabi.ModuleFuncs))
	functab, base := a.part("functab"), start(goabi.ModuleFuncTab)
	for i := range records {
		a.claim(functab, i, base+uint64(i)*goabi.FuncTabEntry, goabi.FuncTabEntry)
	}
	a.claim(functab, -1, base, uint64(t.count)*goabi.FuncTabEntry+4)
	a.claim(a.part("findfunctab"), -1, start(goabi.ModuleFindFuncTab), t.findSize())
	names, base := a.part("function names"), start(goabi.ModuleFuncNames)
	for i := range records {
		if name, ok := cstring(t.nameText, records[i].name); ok {
			a.claim(names, i, base+uint64(records[i].name), uint64(len(name))+1)
		}
	}
	a.claim(names, -1, base, uint64(len(t.names))) // of functions that are inlined everywhere
	files := a.part("file names and units")
	a.claim(files, -1, start(goabi.ModuleUnits), uint64(len(t.cutab)))
	a.claim(files, -1, start(goabi.ModuleFiles), uint64(len(t.files)))
	a.claim(a.part("header"), -1, 0, goabi.PCHeaderSize)
	left := a.part("padding, and ends of pcvalue tables that nobody reads")
	a.claim(left, -1, 0, t.Section.Size)
	return a, nil
}

// records claims the records, which begin at base like the function table, in three parts.
func (a *breakdown) records(base uint64) {
	fixed, pcdata, funcdata := a.part("_func: fixed words"), a.part("_func: references to pcvalue tables"), a.part("_func: references to function data")
	for i := range a.t.count {
		off := uint64(le.Uint32(a.t.funcs[i*goabi.FuncTabEntry+4:]))
		b := a.t.funcs[off:]
		npc, nfd := uint64(le.Uint32(b[28:])), uint64(b[43])
		a.claim(fixed, i, base+off, goabi.FuncSize)
		a.claim(pcdata, i, base+off+goabi.FuncSize, 4*npc)
		a.claim(funcdata, i, base+off+goabi.FuncSize+4*npc, 4*nfd)
	}
}

// each claims for a part of that name what place says for each record: the offset in the section, and bytes.
func (a *breakdown) each(name string, records []funcRecord, place func(*funcRecord) (off, size uint64, err error)) error {
	p := a.part(name)
	for i := range records {
		off, size, err := place(&records[i])
		if err != nil {
			return err
		}
		a.claim(p, i, off, size)
	}
	return nil
}

// part adds a part.
func (a *breakdown) part(name string) int8 {
	a.parts = append(a.parts, Part{Name: name})
	return int8(len(a.parts))
}

// claim gives size bytes at off to the part p of function fn, but for those that have been given away. What is beyond the section is
// not there to be given.
func (a *breakdown) claim(p int8, fn int, off, size uint64) {
	end, taken := uint64(len(a.owner)), 0
	for i := min(off, end); i < end && i-off < size; i++ {
		if a.owner[i] == 0 {
			a.owner[i] = p
			taken++
		}
	}
	if taken > 0 {
		part := &a.parts[p-1]
		part.Bytes += taken
		a.uses = append(a.uses, Use{part.Name, fn, taken})
	}
}

// pcValueSize returns the size in bytes of the pc table at off, as far as a function of so many bytes reads it.
func (t *Table) pcValueSize(off uint32, size uint64) (uint64, error) {
	w, err := startWalk(t, off, size)
	for err == nil && !w.over {
		err = w.next(t)
	}
	if err != nil || off == 0 {
		return 0, err
	}
	return uint64(w.at), nil
}

// dataOf returns the function data of that kind of r, which has it.
func (t *Table) dataOf(r *funcRecord, kind int) ([]byte, error) {
	last := func(k int) (n int32, err error) {
		runs, err := t.runs(r.pcdata[k], r.size, nil)
		for _, x := range runs {
			n = max(n, x.val)
		}
		return n, err
	}
	switch kind {
	case goabi.FuncDataInlTree:
		n, err := last(goabi.PCDataInlTree)
		if err != nil {
			return nil, err
		}
		return t.data(r, kind, int(n)+1, 0)
	case goabi.FuncDataArgLive:
		n, err := last(goabi.PCDataArgLive)
		if err != nil {
			return nil, err
		}
		return t.data(r, kind, 0, n)
	}
	return t.data(r, kind, 0, 0)
}
