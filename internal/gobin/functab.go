package gobin

// # Function table
//
// The section .gopclntab begins with a header (runtime/symtab.go, pcHeader;
// written by cmd/link/internal/ld/pcln.go, generatePCHeader):
//
//	offset  0  uint32  magic 0xfffffff1 since Go 1.20 (internal/abi/symtab.go)
//	offset  4  2 bytes 0
//	offset  6  uint8   smallest instruction size: 1 amd64, 4 arm64, 2 or 4 riscv64
//	offset  7  uint8   pointer size: 8
//	offset  8  uint64  number of functions
//	offset 16  uint64  number of files
//	offset 24  uint64  text start before Go 1.26, else 0 (see module.go)
//	offset 32  uint64  offset of the function names, from the header
//	offset 40  uint64  offset of the compilation unit table
//	offset 48  uint64  offset of the file names
//	offset 56  uint64  offset of the pc tables
//	offset 64  uint64  offset of the function table
//
// The function table (runtime/symtab.go, functab) has one pair of uint32 for each
// function, ascending: its entry as offset from the text start, and the offset
// of its _func record from the start of the function table. One more uint32, the
// end of the last function, closes it. A _func record (runtime/runtime2.go)
// begins with the entry again and with the offset of the name in the function
// names. Names end with NUL.
//
// A function reaches to the entry of the next one, so padding counts as part of
// the function before it.

import (
	"bytes"
	"debug/elf"
	"iter"
	"slices"
	"sort"
	"strings"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

const (
	maxNameLen = 64 << 10 // bytes of a function name; longer ones are cut
)

// A FuncTable is the function table of a Go executable. It shares the file's
// memory.
type FuncTable struct {
	Addr     uint64 // address of the table in memory
	NumFiles uint64 // as the header says

	names []byte
	units []byte // compilation unit table
	files []byte
	pctab []byte // pc tables
	pcln  []byte // function table and _func records
	own   []byte // those of the program itself, where pcln is from elsewhere (WithNames)
	unit  uint64 // bytes that a pc table counts as one
	count int
}

// A Func is one function of a FuncTable.
type Func struct {
	Name       string // link name, such as "main.main" or "net/http.(*Client).Do"
	Entry, End uint64 // offsets from the text start, in bytes; padding is included
}

// ReadFuncTable finds and checks the function table of f. It looks for the
// section .gopclntab and, in a file without section names, for the header in
// the segments that are not writable.
//
// The error is ErrNotGo when there is no table and a *FormatError when it is
// damaged or of a Go version before 1.20.
func ReadFuncTable(f *goelf.File) (*FuncTable, error) {
	data, addr, off, err := funcTabBytes(f)
	if err != nil {
		return nil, err
	}
	return parseFuncTable(f, data, addr, off)
}

// funcTabBytes returns the bytes from the table's header on, with their address
// and file offset.
func funcTabBytes(f *goelf.File) (data []byte, addr, off uint64, err error) {
	if s := f.Section(goabi.PCLnTab); s != nil {
		data, err = f.SectionData(s)
		return data, s.Addr, s.Off, err
	}
	if s := f.Section(goabi.RelroPCLnTab); s != nil {
		data, err = f.SectionData(s)
		return data, s.Addr, s.Off, err
	}
	// Instruction sizes after the magic number make a chance hit unlikely; the
	// checks of the whole table settle it.
	for _, size := range f.Machine().PCQuanta {
		header := []byte{0xf1, 0xff, 0xff, 0xff, 0, 0, size, 8}
		for p, segment := range segments(f, elf.PF_W, 0) {
			for i := 0; ; i++ {
				next := bytes.Index(segment[i:], header)
				if next < 0 {
					break
				}
				i += next
				if i%8 == 0 {
					return segment[i:], p.Vaddr + uint64(i), p.Off + uint64(i), nil
				}
			}
		}
	}
	return nil, 0, 0, notGo(f, "no Go function table")
}

func parseFuncTable(f *goelf.File, data []byte, addr, off uint64) (*FuncTable, error) {
	if len(data) < goabi.PCHeaderSize {
		return nil, errorf(f, off, "the function table has %d bytes, want at least %d for its header", len(data), goabi.PCHeaderSize)
	}
	if m := le.Uint32(data); m != goabi.PCLnTabMagic {
		return nil, errorf(f, off, "the function table has magic number %#x, want %#x (Go 1.20 and later)", m, uint32(goabi.PCLnTabMagic))
	}
	if pad := le.Uint16(data[4:]); pad != 0 {
		return nil, errorf(f, off+4, "the function table's padding is %#x, want 0", pad)
	}
	minSize := f.Machine().PCQuanta
	if !slices.Contains(minSize, data[goabi.MinPCQuantum]) {
		return nil, errorf(f, off+goabi.MinPCQuantum, "the function table's instruction size is %d, want one of %d on %s", data[goabi.MinPCQuantum], minSize, f.GOARCH())
	}
	if data[goabi.PointerSize] != 8 {
		return nil, errorf(f, off+goabi.PointerSize, "the function table's pointer size is %d, want 8", data[goabi.PointerSize])
	}
	size := uint64(len(data))
	var starts [5]uint64
	for i := range starts {
		field := uint64(32 + 8*i)
		starts[i] = le.Uint64(data[field:])
		if starts[i] < goabi.PCHeaderSize || starts[i] > size {
			return nil, errorf(f, off+field, "a table inside the function table begins at %#x, want %#x to %#x", starts[i], goabi.PCHeaderSize, size)
		}
	}
	// A table ends where the next one begins. One that is empty has the start of that.
	table := func(i int) []byte {
		start, end := starts[i], size
		if i+1 < len(starts) && starts[i+1] >= start {
			return data[start:starts[i+1]]
		}
		for _, s := range starts {
			if s > start && s < end {
				end = s
			}
		}
		return data[start:end]
	}
	t := &FuncTable{
		Addr:     addr,
		NumFiles: le.Uint64(data[16:]),
		names:    table(0),
		units:    table(1),
		files:    table(2),
		pctab:    data[starts[3]:], // elfstrip has short ones in unused words of the records after
		pcln:     data[starts[4]:],
		own:      data[starts[4]:],
		unit:     uint64(data[goabi.MinPCQuantum]),
	}
	count := le.Uint64(data[8:])
	// The division keeps the product from wrapping; 4 bytes close the table.
	if left := uint64(len(t.pcln)); count == 0 || left < 4 || count > (left-4)/goabi.FuncTabEntry {
		return nil, errorf(f, off+8, "the function table counts %d functions, want 1 to %d for its size", count, left/goabi.FuncTabEntry)
	}
	t.count = int(count)
	if err := t.check(f, off+starts[4]); err != nil {
		return nil, err
	}
	return t, nil
}

// check checks the function table itself, which is at file offset off.
func (t *FuncTable) check(f *goelf.File, off uint64) error {
	minSize := f.Machine().PCQuanta
	for i := range t.count {
		at := off + uint64(i)*goabi.FuncTabEntry
		entry, end := t.entry(i), t.entry(i+1)
		if entry > end {
			return errorf(f, at, "function %d begins at text offset %#x, after the one that follows it (%#x)", i, entry, end)
		}
		if entry%uint64(minSize[0]) != 0 {
			return errorf(f, at, "function %d begins at text offset %#x, want a multiple of the instruction size %d", i, entry, minSize[0])
		}
		record := uint64(le.Uint32(t.pcln[i*goabi.FuncTabEntry+4:]))
		if record > uint64(len(t.pcln))-8 { // at least 12 bytes long by now
			return errorf(f, at+4, "function %d has its record at %#x, beyond the table's end (%#x)", i, record, len(t.pcln))
		}
	}
	return nil
}

// WithNames returns t with the names of functions and files in other tables, which were
// taken out of the program: function names, file names, and the function table with its
// _func records. It refuses tables of other functions than those of t. The name of f is
// for messages, its machine for the size of instructions.
func (t *FuncTable) WithNames(f *goelf.File, names, files, pcln []byte) (*FuncTable, error) {
	out := *t
	out.names, out.files, out.pcln = names, files, pcln
	out.units, out.pctab = nil, nil // of the other tables
	if left := len(pcln); left < 12 || t.count > (left-4)/goabi.FuncTabEntry {
		return nil, errorf(f, 0, "the function table with the names has %d bytes, too few for the program's %d functions", left, t.count)
	}
	if err := out.check(f, 0); err != nil {
		return nil, err
	}
	for i := range t.count + 1 {
		if a, b := t.entry(i), out.entry(i); a != b {
			return nil, errorf(f, 0, "function %d begins at text offset %#x, but at %#x in the table with the names: it is of another program", i, a, b)
		}
	}
	return &out, nil
}

// entry returns the text offset of function i; of the end of the last function
// for i == Len().
func (t *FuncTable) entry(i int) uint64 {
	return uint64(le.Uint32(t.pcln[i*goabi.FuncTabEntry:]))
}

// Len returns the number of functions.
func (t *FuncTable) Len() int { return t.count }

// Span returns the text offsets of the first byte of the first function and of
// the byte after the last one.
func (t *FuncTable) Span() (start, end uint64) { return t.entry(0), t.entry(t.count) }

// At returns function i, 0 <= i < Len(). The name is empty when the table gives
// it none.
func (t *FuncTable) At(i int) Func {
	fn := Func{Entry: t.entry(i), End: t.entry(i + 1)}
	record := le.Uint32(t.pcln[i*goabi.FuncTabEntry+4:])
	fn.Name = t.name(le.Uint32(t.pcln[record+4:]))
	return fn
}

// HasNamePrefix reports whether the name of function i, 0 <= i < Len(), begins with prefix. A NUL at the end of prefix
// is the end of the name.
func (t *FuncTable) HasNamePrefix(i int, prefix string) bool {
	off := uint64(le.Uint32(t.pcln[le.Uint32(t.pcln[i*goabi.FuncTabEntry+4:])+4:]))
	return off < uint64(len(t.names)) && uint64(len(t.names))-off >= uint64(len(prefix)) &&
		string(t.names[off:off+uint64(len(prefix))]) == prefix
}

func (t *FuncTable) name(off uint32) string { return cString(t.names, off) }

// cString returns the NUL-terminated string at off in b, cut to maxNameLen, or ""
// when there is none.
func cString(b []byte, off uint32) string {
	if uint64(off) >= uint64(len(b)) {
		return ""
	}
	b = b[off:]
	b = b[:min(len(b), maxNameLen)]
	if end := bytes.IndexByte(b, 0); end >= 0 {
		b = b[:end]
	}
	return string(b)
}

// Find returns the index of the function that the text offset off is in.
func (t *FuncTable) Find(off uint64) (i int, ok bool) {
	if start, end := t.Span(); off < start || off >= end {
		return 0, false
	}
	// The first function after off, less one.
	return sort.Search(t.count, func(i int) bool { return t.entry(i) > off }) - 1, true
}

// Names yields the names of all functions in the table, those inlined into
// others included, in linker order. Each is yielded once.
func (t *FuncTable) Names() iter.Seq[string] { return stringsOf(t.names) }

// HasName reports whether a function of that name is among Names.
func (t *FuncTable) HasName(name string) bool {
	return bytes.HasPrefix(t.names, []byte(name+"\x00")) || bytes.Contains(t.names, []byte("\x00"+name+"\x00"))
}

// Files yields the names of all source files that the line tables refer to, as
// the compiler recorded them: with -trimpath they begin with an import path.
func (t *FuncTable) Files() iter.Seq[string] { return stringsOf(t.files) }

// stringsOf yields the non-empty NUL-terminated strings in b. They share memory
// with each other, in one copy of b, but not with b.
func stringsOf(b []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		for text := range strings.SplitSeq(string(b), "\x00") {
			if text != "" && !yield(text) {
				return
			}
		}
	}
}

// Unit returns the compilation unit of function i, a number, and whether it has one: functions that the compiler made in one run, for
// one package, have the same.
func (t *FuncTable) Unit(i int) (unit uint32, ok bool) {
	record := uint64(le.Uint32(t.pcln[i*goabi.FuncTabEntry+4:]))
	if record+goabi.FuncSize > uint64(len(t.pcln)) {
		return 0, false
	}
	unit = le.Uint32(t.pcln[record+32:])
	return unit, unit != goabi.NoUnit
}

// HasFrames reports whether the table says how deep the stack of function i is. It does so of every
// function that Go's compiler or assembler made, whatever was stripped, and not of the linker's own
// and of those of other object files.
func (t *FuncTable) HasFrames(i int) bool {
	record := uint64(le.Uint32(t.own[i*goabi.FuncTabEntry+4:]))
	return record+20 <= uint64(len(t.own)) && le.Uint32(t.own[record+16:]) != 0
}
