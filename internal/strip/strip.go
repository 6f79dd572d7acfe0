// Package strip rewrites ELF executables without their symbols and debug
// information. It follows GNU strip in what goes and what stays, and refuses
// whatever it cannot rewrite with the certainty that the program still runs.
//
// # What a program is
//
// The kernel reads the ELF header, the program headers and the bytes that
// PT_LOAD segments cover; nothing else. Those bytes are the program, whether or
// not a section describes them, and they are copied as they are. (GNU strip
// rebuilds segments from sections and so loses loaded bytes that no section
// covers.) Section headers, symbols, debug sections and comments are for tools.
//
// # Layout
//
// The output is the body, which ends where the last segment ends, followed by
// the tail: the sections that are kept and not loaded, in the order of the
// section header table, each at its alignment, then the section header table.
//
//   - In the body only the ELF header changes, and the section header table
//     where a segment covers it: cmd/link puts it right after the program
//     headers. There it is rewritten in place, and what is left over zeroed.
//   - Where sections that are not loaded are between segments, as patchelf
//     leaves them, the body has holes. Holes are zeroed, lest removed contents
//     stay, and filled first.
//   - .symtab, .strtab and .shstrtab are rebuilt from what is kept. Strings
//     that end another string share its bytes.
//
// Every decision depends on the input's contents only, and a stripped file laid
// out again gives itself. So output is deterministic and idempotent.
//
// # What Go needs
//
// A Go program finds its own pclntab, module data, type and build information
// through addresses in loaded sections; sections with SHF_ALLOC are therefore
// never removed. Of the symbols it needs none, but govulncheck does: without
// the symbol go:func.* it cannot find the inline trees, and reports packages
// instead of functions. That one symbol, about 200 bytes with its tables, is
// kept unless [Options.DropGoFunc] or a pattern for symbols says otherwise.
//
// # Size
//
// Output is never larger than input, apart from what is asked to be added: a debug
// link, sections, the symbol go:func.*. When there is nothing to remove and the new layout would be larger, the input
// itself is the output.
//
// # Debugging
//
// "readelf -SlW" of input and output shows what moved: nothing that PT_LOAD covers may. "elfstrip -v" prints both sizes. Where another
// program finds fault with a stripped file, "go run ./bench/strip" puts the strip programs of binutils, LLVM and elfutils beside this one,
// and "go run ./bench/elfdiff" four readers of ELF.
package strip

import (
	"fmt"

	"github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// A Mode says which symbols and debug sections go.
type Mode int

const (
	// None removes only what other options name.
	None Mode = iota
	// Debug removes debug sections, and symbols that name files and sections.
	Debug
	// Unneeded removes debug sections and, since an executable is never linked
	// again, all symbols.
	Unneeded
	// All removes debug sections and all symbols.
	All
)

// A Discard says which local symbols go. It leaves symbols that name files to
// the Mode.
type Discard int

const (
	// DiscardNone keeps local symbols.
	DiscardNone Discard = iota
	// DiscardLabels removes local symbols made by compilers: those whose names
	// start with ".L" or "..".
	DiscardLabels
	// DiscardLocals removes all local symbols, and debug sections.
	DiscardLocals
)

// Options say what Strip removes. The zero value removes nothing.
type Options struct {
	Mode    Mode
	Discard Discard

	KeepSymbols  Patterns // kept whatever else says that they go
	StripSymbols Patterns // removed unless kept by KeepSymbols

	KeepSections   Patterns // kept whatever else says that they go
	RemoveSections Patterns // removed; an error when they are loaded

	KeepFileSymbols    bool // keep symbols that name source files, whatever Mode says
	KeepSectionSymbols bool // keep symbols that name sections, whatever Mode says

	// DropGoFunc lets the symbol go:func.* go like any other.
	DropGoFunc bool

	// AddGoFunc adds the symbol go:func.* to a Go program that lacks it, because the linker or another strip
	// program took it out. That makes the file larger by about 250 bytes, and by the section header
	// table where that has to move to grow.
	AddGoFunc bool

	Edits Edits

	// OnlyKeepDebug gives the opposite: a file for debuggers with all symbols
	// and all sections, of which the loaded ones have no contents. Notes, which
	// identify the program, keep theirs.
	OnlyKeepDebug bool

	// DebugLink, when not nil, is added as section .gnu_debuglink in place of
	// any that the file has.
	DebugLink *DebugLink
}

// A stripper is the state of one Strip.
type stripper struct {
	f *elf.File
	o *Options

	symtab int // index of the symbol table, 0 for none
	strtab int // index of its string table, 0 for none; may be that of the section names

	keep    []bool        // of sections, by index
	symbols []int         // indices of the symbols that are kept, without the null symbol
	goFunc  *gobin.GoFunc // to be added as a symbol, nil for none
	removed int           // count of sections and symbols that are not kept
}

// Strip rewrites f as o says. The error names the file, what was found and what
// to do; for malformed files it is an *elf.FormatError.
func Strip(f *elf.File, o *Options) (*Output, error) {
	s := &stripper{f: f, o: o}
	for _, step := range []func() error{s.check, s.checkEdits, s.chooseSections, s.chooseSymbols, s.findGoFunc, s.checkLinks} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	sections, err := s.sections()
	if err != nil {
		return nil, err
	}
	if o.OnlyKeepDebug {
		return s.layOutDebug(sections), nil
	}
	l := s.layOut(sections)
	added := s.room(len(sections))
	limit := uint64(len(f.Data)) + added
	if l.end <= limit {
		return l.output(), nil
	}
	if s.removed == 0 && added == 0 {
		size := uint64(len(f.Data))
		return &Output{[]Piece{{Off: 0, Size: size}}, size}, nil
	}
	return nil, s.errorf("stripped it would have %d bytes, more than the %d it has: its sections are not aligned as they say. Link it again", l.end, len(f.Data))
}

func (s *stripper) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: %s", s.f.Name, fmt.Sprintf(format, args...))
}
