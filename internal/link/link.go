// Package link makes finished static Linux ELF executables of what the Go
// toolchain compiled and assembled. It refuses every relocation, section and
// symbol that it was not taught, by name, rather than guess.
//
// # Input
//
// With -linkmode=external, cmd/link leaves the last step to a linker of the
// system. It hands over one relocatable object, go.o, that needs nothing else: no
// symbol is undefined, and the one global symbol, main, starts the Go runtime
// when called as C calls it. Link does that last step. That of package golink is the
// same. Where the program is to have no symbol table, golink makes no object but a [Program], which is one without the encoding.
//
// # Output
//
// Segments, each on pages of its own in memory:
//
//	R    ELF and program headers, notes
//	RX   .text, which ends with the entry stub
//	R    relocations (PIE), .rodata …, sections of the user, .gopclntab
//	RW   PIE only: what is read-only once it is relocated (PT_GNU_RELRO)
//	RW   .go.module, .noptrdata, .data, .bss, .noptrbss
//	R    one for each section of the user that has an address of its own
//
// In the file, the second read-only segment comes last, so nothing moves when elfstrip shortens .gopclntab. The kernel
// maps whole pages of the file, so .text begins and ends there with a page of 4 KiB: no byte of headers, notes or data is in
// executable memory where pages have that size. Nothing else is padded.
//
// Thread-local storage is laid out at link time, so no global offset table is
// needed. A position-independent executable (PIE) has all its dynamic
// relocations in DT_RELR form and applies them itself, by its entry stub
// (internal/arch/*/entry_pie.s).
//
// # FIPS 140
//
// The sum in .go.fipsinfo is right in every output: see fips.go.
//
// # Other linkers
//
// Prepare and Finish do what is left when another ELF linker links go.o: see
// external.go.
//
// # Debugging
//
// "linkcheck check" reads the file without this package and names the rule that a segment, a relocation or a table breaks. "golink link
// --map=FILE" writes where every section and symbol is ([Output.Map]). When a program ends before the Go runtime starts, "starti" and
// "stepi" in gdb show how far the entry stub came (internal/arch/*/entry_*.s). One that works at a fixed address and not as a PIE lacks
// a dynamic relocation, or has one too many; one that works with GNU ld or LLD (elflinker) on the same object was relocated wrongly here.
//
//go:generate go run ./genentry
package link

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"

	"github.com/go3s/rules_go3s/internal/arch"
	"github.com/go3s/rules_go3s/internal/arch/all"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/outfile"
)

// Options say what Link makes.
type Options struct {
	PIE           bool   // static PIE, not a program at a fixed address
	NoHugePages   bool   // relocate a PIE page by page, even where huge pages are faster
	StripSymbols  bool   // leave out .symtab, and DWARF too
	StripDWARF    bool   // leave out DWARF
	CompressDWARF bool   // compress DWARF sections (SHF_COMPRESSED)
	BuildID       []byte // contents of the GNU build-id note; nil derives it from what is loaded of the file
	NoBuildID     bool   // leave out that note
	// DeferBuildIDs leaves out the build IDs that derive from what is loaded:
	// Output.DeferredBuildIDs returns them, perhaps while the file is being written.
	DeferBuildIDs bool
	// Sections are added to the program, loaded read-only.
	Sections []Section
	// PackageMetadata is the contents of the package metadata note: a JSON object
	// of strings, for example type, name and version. nil leaves out that note.
	PackageMetadata []byte
	Notes           []Note // further ELF notes
	// UnverifiedGo says what to do about a Go release that the linker was not verified with.
	UnverifiedGo goabi.Unverified
}

// An Output is a linked program.
type Output struct {
	File []byte // the whole ELF file
	l    *linker
}

// exeBase is the address of a program that is not a PIE, as cmd/link has it.
const exeBase = 0x400000

// A linker is the state of one link.
type linker struct {
	opt  Options
	arch *arch.Arch
	obj  *object

	sections []*section // of the output, in file order, without the null section
	segments []*segment
	load     [numLoads]*segment // the PT_LOAD ones by what they hold; nil when empty
	fixed    []*segment         // the PT_LOAD ones of sections at an address that the user chose

	stub    arch.Stub
	huge    bool   // stub has EntryHuge
	stubOff uint64 // in .text

	kinds []*arch.Reloc // relocation types by number, nil for unknown ones
	relr  []uint64      // the words to relocate at start, in DT_RELR form

	file  *os.File // that gets the program, nil for memory
	out   *outfile.File
	image []byte // what is in it
	shoff uint64

	derived []derivedID // the build IDs that derive from what is loaded
}

// Link links the relocatable object data, go.o of cmd/link, into an executable.
// name is for messages. data is not changed.
func Link(name string, data []byte, opt Options) (*Output, error) {
	data, err := trimFileNames(name, data)
	if err != nil {
		return nil, err
	}
	l, err := openObject(name, data, opt)
	if err != nil {
		return nil, err
	}
	return l.link()
}

// link links the object.
func (l *linker) link() (*Output, error) {
	for _, step := range []func() error{
		l.checkSections,
		l.checkNotes,
		l.makeSections,
		l.layout,
		l.fill,
		l.relocate,
		l.bindSections,
		l.compress,
		l.enter,
		l.finish,
		l.sumFIPS,
		l.identify,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return &Output{File: l.image, l: l}, nil
}

// openObject parses and checks the object data.
func openObject(name string, data []byte, opt Options) (*linker, error) {
	f, err := goelf.Parse(name, data)
	if err != nil {
		return nil, err
	}
	a := all.Of(f.GOARCH())
	if a == nil {
		return nil, fmt.Errorf("%s: machine %s: unknown", name, elf.Machine(f.Header.Machine))
	}
	obj, err := parseObject(f, a, opt.UnverifiedGo)
	if err != nil {
		return nil, err
	}
	return newLinker(a, obj, opt), nil
}

func newLinker(a *arch.Arch, obj *object, opt Options) *linker {
	l := &linker{opt: opt, arch: a, obj: obj, stub: a.EntryExe}
	if opt.PIE {
		l.stub = a.EntryPIE
	}
	for typ, k := range a.Relocs {
		if int(typ) >= len(l.kinds) {
			l.kinds = append(l.kinds, make([]*arch.Reloc, int(typ)+1-len(l.kinds))...)
		}
		l.kinds[typ] = &k
	}
	return l
}

// enter puts the entry stub into place, and its address into the ELF header.
func (l *linker) enter() error {
	text := l.section(".text")
	addr := text.addr + l.stubOff
	code := l.image[text.off+l.stubOff:][:len(l.stub.Code)]
	symbols := map[string]uint64{
		startSymbol:    addr,
		"main":         l.obj.sections[l.obj.main.section].out.addr + l.obj.main.value,
		"__ehdr_start": l.base(),
	}
	if l.opt.PIE {
		relr, dynamic, relro := l.section(".relr.dyn"), l.section(".dynamic"), l.load[loadRelro]
		symbols["__relr_start"] = relr.addr
		symbols["__relr_end"] = relr.addr + relr.size
		symbols["__relro_start"] = relro.addr
		symbols["__relro_end"] = relro.addr + relro.memsz
		symbols["__data_start"] = l.load[loadData].addr
		symbols["__data_end"] = l.load[loadData].addr + l.load[loadData].filesz
		symbols["__dt_debug"] = dynamic.addr + dtDebugIndex*goelf.DynSize + 8
	}
	copy(code, l.stub.Code)
	err := applyStub(l.arch, code, addr, l.stub.Relocs, func(name string) (uint64, bool) {
		a, ok := symbols[name]
		return a, ok
	})
	if err != nil {
		return fmt.Errorf("%s: entry stub: %w", l.obj.name, err)
	}
	l.writeHeaders(addr)
	return nil
}

// kind returns what is known of a relocation type, nil when it is unknown.
func (l *linker) kind(typ uint32) *arch.Reloc {
	if int64(typ) < int64(len(l.kinds)) {
		return l.kinds[typ]
	}
	return nil
}

// base returns the address of the ELF header.
func (l *linker) base() uint64 {
	if l.opt.PIE {
		return 0
	}
	return exeBase
}

// section returns the output section of that name, which the caller knows is there.
func (l *linker) section(name string) *section {
	for _, s := range l.sections {
		if s.name == name {
			return s
		}
	}
	panic(errors.New("link: no section " + name))
}
