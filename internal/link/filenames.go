package link

import (
	"bytes"
	"debug/elf"
	"fmt"
	"strings"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

// # Names of generated sources
//
// Bazel puts generated files into bazel-out/CONFIGURATION/bin, and the configuration's name depends on the build machine, on -c
// and on flags that change nothing in the program. The compiler's name of a generated source begins with that, and tracebacks
// print it. So equal programs would differ, and tell of the machine. The output has these names from the package on, as those
// of other sources are. Debugging information keeps them: debuggers look for the files.

// SourceName returns the name that the output has for a source file: without what precedes the package in that of a generated one.
func SourceName(name string) string {
	rest, generated := strings.CutPrefix(name, outputs)
	configuration, rest, found := strings.Cut(rest, "/")
	if source, inBin := strings.CutPrefix(rest, "bin/"); generated && found && configuration != "" && inBin {
		return source
	}
	return name
}

// outputs begins the name of every generated file.
const outputs = "bazel-out/"

// tableAlign is the alignment of the parts of the function table up to function data, which has that of the section.
const tableAlign = 8

// trimFileNames takes that beginning out of the names of files in go.o, which is data. What follows the names in the function
// table moves up, so that nothing tells how long they were. It returns data itself when there is nothing to do, and else a
// changed copy.
func trimFileNames(name string, data []byte) ([]byte, error) {
	t := &trimmer{}
	if err := t.parse(name, data); err != nil || t.section == nil || !bytes.Contains(t.table, []byte(outputs)) {
		return data, err
	}
	data = bytes.Clone(data)
	if err := t.parse(name, data); err != nil {
		return nil, err
	}
	if err := t.trim(); err != nil {
		return nil, err
	}
	for _, step := range []func() error{t.moveRelocations, t.moveSymbols} { // relocations are by where symbols were
		if err := step(); err != nil {
			return nil, err
		}
	}
	le.PutUint64(data[t.f.Header.Shoff+uint64(t.section.Index)*goelf.SectionHeaderSize+32:], uint64(len(t.table))-t.dataMoved)
	return data, nil
}

// A trimmer is the state of trimFileNames.
type trimmer struct {
	f       *goelf.File
	section *goelf.Section // of the function table; nil when there is none
	table   []byte         // its contents, a part of the file
	module  []byte         // the module data, a part of the file

	files     uint64 // offset in table of the file names
	end       uint64 // of what follows them
	moved     uint64 // by how many bytes that moves up
	data      uint64 // offset of function data, which more follows
	dataMoved uint64 // by how many bytes that moves up
}

// shift returns by how many bytes what is at an offset of the table moves up.
func (t *trimmer) shift(off uint64) uint64 {
	switch {
	case off < t.end:
		return 0
	case off < t.data:
		return t.moved
	}
	return t.dataMoved
}

func (t *trimmer) errorf(off uint64, format string, args ...any) error {
	return &goelf.FormatError{File: t.f.Name, Off: t.section.Off + off, Msg: "section " + t.section.Str + ": " + fmt.Sprintf(format, args...)}
}

func (t *trimmer) parse(name string, data []byte) (err error) {
	if t.f, err = goelf.Parse(name, data); err != nil {
		return err
	}
	module := t.f.Section(goabi.ModuleInfo)
	if t.section = t.f.Section(goabi.PCLnTab); t.section == nil || module == nil {
		t.section = nil // parseObject refuses it
		return nil
	}
	if t.module, err = t.f.SectionData(module); err != nil {
		return err
	}
	t.table, err = t.f.SectionData(t.section)
	return err
}

// trim changes the names of files, and what in the function table says where they and what follows are.
func (t *trimmer) trim() error {
	b := t.table
	var units, funcs uint64
	if len(b) >= goabi.PCHeaderSize {
		units, t.files = le.Uint64(b[goabi.PCHeaderUnits:]), le.Uint64(b[goabi.PCHeaderFiles:])
		t.end, funcs = le.Uint64(b[goabi.PCHeaderPCTab:]), le.Uint64(b[goabi.PCHeaderFuncTab:])
	}
	if units < goabi.PCHeaderSize || units > t.files || t.files > t.end || t.end > funcs || funcs > uint64(len(b)) || t.end%tableAlign != 0 {
		return t.errorf(0, "it has compilation units at %#x, file names at %#x, pc tables at %#x and functions at %#x, want them in that order inside %#x bytes",
			units, t.files, t.end, funcs, len(b))
	}
	align := max(t.section.Addralign, tableAlign)
	funcsEnd := funcs + t.word(goabi.ModuleFuncs+8)
	t.data = goelf.AlignUp(funcsEnd, align)
	if funcsEnd < funcs || t.data < funcsEnd || t.data > uint64(len(b)) || align&(align-1) != 0 ||
		t.word(goabi.ModuleFiles+8) != t.end-t.files {
		return t.errorf(0, "the module data has slices of %#x bytes of file names and %#x of functions, want %#x, and at most %#x to the end", t.word(goabi.ModuleFiles+8),
			t.word(goabi.ModuleFuncs+8), t.end-t.files, uint64(len(b))-funcs)
	}
	names := b[t.files:t.end]
	places := map[uint32]uint32{} // new offset of each name by the old one
	var trimmed []byte
	for off := 0; off < len(names); {
		n := bytes.IndexByte(names[off:], 0)
		if n < 0 {
			break
		}
		places[uint32(off)] = uint32(len(trimmed))
		trimmed = append(append(trimmed, SourceName(string(names[off:off+n]))...), 0)
		off += n + 1
	}
	last := uint32(0) // the end of the names; zeros follow
	for at := units; at+4 <= t.files; at += 4 {
		off := le.Uint32(b[at:])
		if off == goabi.NoFile {
			continue
		}
		to, ok := places[off]
		if !ok {
			return t.errorf(at, "a compilation unit has a file name at %#x, where none begins", off)
		}
		le.PutUint32(b[at:], to)
		last = max(last, to+uint32(bytes.IndexByte(trimmed[to:], 0))+1)
	}
	start := goelf.AlignUp(t.files+uint64(last), tableAlign)
	t.moved = t.end - start
	t.dataMoved = t.data - goelf.AlignUp(funcsEnd-t.moved, align)
	clear(names[copy(names, trimmed[:last]):])
	copy(b[start:], b[t.end:funcsEnd])
	clear(b[funcsEnd-t.moved : t.data-t.dataMoved])
	copy(b[t.data-t.dataMoved:], b[t.data:])
	clear(b[uint64(len(b))-t.dataMoved:])
	for _, off := range []int{goabi.ModuleFiles + 8, goabi.ModuleFiles + 16} {
		le.PutUint64(t.module[off:], t.end-t.files-t.moved)
	}
	le.PutUint64(b[goabi.PCHeaderPCTab:], start)
	le.PutUint64(b[goabi.PCHeaderFuncTab:], funcs-t.moved)
	return nil
}

// word returns the word of the module data at an offset, 0 beyond its end.
func (t *trimmer) word(off int) uint64 {
	if len(t.module) < off+8 {
		return 0
	}
	return le.Uint64(t.module[off:])
}

// moveRelocations changes relocations against symbols before what moved, to places in it.
func (t *trimmer) moveRelocations() error {
	for i := range t.f.Sections {
		s := &t.f.Sections[i]
		if elf.SectionType(s.Type) != elf.SHT_RELA || s.Size == 0 {
			continue
		}
		if int(s.Info) == t.section.Index {
			return t.errorf(0, "it has relocations, which cmd/link does not make for it")
		}
		if int(s.Link) >= len(t.f.Sections) || elf.SectionType(t.f.Sections[s.Link].Type) != elf.SHT_SYMTAB {
			continue // parseObject refuses it
		}
		symtab, err := t.f.SectionData(&t.f.Sections[s.Link])
		if err != nil {
			return err
		}
		relas, err := t.f.SectionData(s)
		if err != nil {
			return err
		}
		for b := relas; len(b) >= goelf.RelaSize; b = b[goelf.RelaSize:] {
			r := readRela(b)
			if uint64(r.sym) >= uint64(len(symtab)/goelf.SymbolSize) {
				continue
			}
			sym := symtab[uint64(r.sym)*goelf.SymbolSize:]
			value := le.Uint64(sym[8:])
			if int(le.Uint16(sym[6:])) == t.section.Index && value < t.end && value+uint64(r.addend) >= t.end {
				r.addend -= int64(t.shift(value + uint64(r.addend)))
				putRela(b, r)
			}
		}
	}
	return nil
}

// moveSymbols changes the values of symbols of what moved, and the size of one that spans it.
func (t *trimmer) moveSymbols() error {
	for i := range t.f.Sections {
		s := &t.f.Sections[i]
		if elf.SectionType(s.Type) != elf.SHT_SYMTAB {
			continue
		}
		symtab, err := t.f.SectionData(s)
		if err != nil {
			return err
		}
		for b := symtab; len(b) >= goelf.SymbolSize; b = b[goelf.SymbolSize:] {
			if int(le.Uint16(b[6:])) != t.section.Index {
				continue
			}
			value, size := le.Uint64(b[8:]), le.Uint64(b[16:])
			switch {
			case value >= t.end:
				le.PutUint64(b[8:], value-t.shift(value))
			case value+size > t.end:
				le.PutUint64(b[16:], size-t.shift(value+size))
			}
		}
	}
	return nil
}
