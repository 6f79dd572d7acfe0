package link

import (
	"debug/elf"
	"fmt"
	"slices"

	"github.com/go3s/rules_go3s/internal/arch"
	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

// # External linkers
//
// GNU ld and LLD can take Link's place. They do not know how a program without a
// C library begins, nor what the Go runtime asks of the file, so two steps remain:
//
// Prepare checks go.o as Link does, resolves its accesses to thread-local storage,
// and makes a second object with the entry stub. Of the symbols that the stub refers
// to, the linker has to know main only.
//
// Finish refuses an output that would not run, or not be protected, as one of Link
// does (finish.go), and writes what only the finished layout tells: the rest of the
// entry stub, relocations in DT_RELR form, the FIPS 140 sum, the build-id.

// An External is a link that another linker does.
type External struct {
	Object []byte // go.o as the linker is to have it
	Entry  []byte // the relocatable object that defines EntrySymbol
	l      *linker
}

// EntrySymbol is the symbol at which the program is to start.
const EntrySymbol = startSymbol

// Prepare makes the linker's inputs of the relocatable object data, go.o of
// cmd/link. name is for messages. data is not changed.
func Prepare(name string, data []byte, opt Options) (*External, error) {
	if len(opt.Sections) > 0 || len(opt.Notes) > 0 || opt.PackageMetadata != nil {
		return nil, fmt.Errorf("%s: sections, notes and package metadata: golink adds them only when it does the link itself, want none with an external linker", name)
	}
	data, err := trimFileNames(name, slices.Clone(data))
	if err != nil {
		return nil, err
	}
	l, err := openObject(name, data, opt)
	if err != nil {
		return nil, err
	}
	var offset int64 // from the thread pointer to the TLS section
	for _, in := range l.obj.sections {
		if in.kind == goabi.TLS {
			offset = l.arch.TLSOffset(in.Size, max(in.Addralign, 1))
		}
	}
	for i := range l.obj.sections {
		if err := l.resolveTLS(&l.obj.sections[i], offset); err != nil {
			return nil, err
		}
	}
	return &External{Object: data, Entry: l.entryObject(), l: l}, nil
}

// Emulation returns what the linker's option -m calls the machine.
func (e *External) Emulation() string { return e.l.arch.Emulation }

// GOARCH returns the machine.
func (e *External) GOARCH() string { return e.l.arch.GOARCH }

// PageSize returns the page size, in bytes, to lay out segments for.
func (e *External) PageSize() uint64 { return e.l.arch.PageSize }

// resolveTLS applies, and takes out, the relocations of in for thread-local storage.
// Nothing about them depends on the layout: the object has one TLS section, which
// Finish finds again as the PT_TLS segment. GNU ld and LLD would, in a PIE for RISC-V,
// leave them to a dynamic loader.
func (l *linker) resolveTLS(in *inSection, offset int64) error {
	if len(in.relas) == 0 {
		return nil
	}
	s := &section{name: in.Str, in: in} // for messages
	var pairing arch.Pairing
	for i := 0; i+goelf.RelaSize <= len(in.relas); i += goelf.RelaSize {
		r := readRela(in.relas[i:])
		k := l.kind(r.typ)
		if k == nil {
			return l.relocError(s, r, "unknown for %s", l.arch.GOARCH)
		}
		if int64(r.sym) >= int64(l.obj.symbols()) {
			return l.relocError(s, r, "the symbol table has %d entries", l.obj.symbols())
		}
		sym := l.obj.symbol(r.sym)
		target := sym.value + uint64(r.addend)
		isTLS := k.Class == arch.TLS || k.Class == arch.TLSHigh
		switch {
		case isTLS && sym.typ() != elf.STT_TLS:
			return l.relocError(s, r, "the symbol is not thread-local")
		case isTLS:
			target += uint64(offset)
		case k.Class == arch.Low && !pairing.TLS():
			continue
		}
		apply, _, target, err := pairing.Next(k, r.off, target)
		if err != nil {
			return l.relocError(s, r, "%v", err)
		}
		if !isTLS && k.Class != arch.Low {
			continue
		}
		if r.off < k.Back || r.off > uint64(len(in.data)) || uint64(len(in.data))-r.off < k.Size {
			return l.relocError(s, r, "outside the %#x bytes of the section", len(in.data))
		}
		if err := apply(in.data[r.off-k.Back:r.off+k.Size], 0, target); err != nil {
			return l.relocError(s, r, "%v", err)
		}
		putRela(in.relas[i:], rela{off: r.off})
	}
	return nil
}

// mainSymbol is the symbol of go.o that starts the Go runtime.
const mainSymbol = "main"

// splitStub returns the relocations that the external linker does, those to
// mainSymbol, and the others.
func splitStub(relocs []arch.StubReloc) (external, own []arch.StubReloc) {
	isMain := false
	for _, r := range relocs {
		if r.Symbol != "" { // one without a symbol belongs to the one before it
			isMain = r.Symbol == mainSymbol
		}
		if isMain {
			external = append(external, r)
		} else {
			own = append(own, r)
		}
	}
	return external, own
}

// entryObject returns a relocatable object that holds the entry stub.
func (l *linker) entryObject() []byte {
	external, _ := splitStub(l.stub.Relocs)
	var strtab, shstrtab goelf.Strings

	// Labels are local and come first; then EntrySymbol and mainSymbol.
	const text = 1 // section index
	symbols := []elf.Sym64{{}}
	var labels []uint32 // symbol that each relocation without one refers to
	for i, r := range external {
		if r.Symbol == "" {
			symbols = append(symbols, elf.Sym64{Name: strtab.Add(".Lhigh"), Shndx: text, Value: external[i-1].Off})
		}
		labels = append(labels, uint32(len(symbols)-1))
	}
	locals := uint32(len(symbols))
	global := elf.ST_INFO(elf.STB_GLOBAL, elf.STT_NOTYPE)
	symbols = append(symbols,
		elf.Sym64{Name: strtab.Add(EntrySymbol), Info: elf.ST_INFO(elf.STB_GLOBAL, elf.STT_FUNC), Shndx: text, Size: uint64(len(l.stub.Code))},
		elf.Sym64{Name: strtab.Add(mainSymbol), Info: global},
	)
	var relas []byte
	for i, r := range external {
		sym := labels[i]
		if r.Symbol != "" {
			sym = locals + 1
		}
		relas = goelf.AppendRela(relas, r.Off, sym, r.Type, r.Add)
	}

	const relaText, symtabIndex, strtabIndex, stack, shstrtabIndex = 2, 3, 4, 5, 6
	sections := []elf.Section64{ // the code takes no padding, which might look like more code
		{},
		text: {Name: shstrtab.Add(".text"), Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC | elf.SHF_EXECINSTR),
			Addralign: l.arch.CodeAlign},
		relaText: {Name: shstrtab.Add(".rela.text"), Type: uint32(elf.SHT_RELA), Flags: uint64(elf.SHF_INFO_LINK), Link: symtabIndex, Info: text,
			Addralign: 8, Entsize: goelf.RelaSize},
		symtabIndex: {Name: shstrtab.Add(".symtab"), Type: uint32(elf.SHT_SYMTAB), Link: strtabIndex, Info: locals, Addralign: 8,
			Entsize: goelf.SymbolSize},
		strtabIndex:   {Name: shstrtab.Add(".strtab"), Type: uint32(elf.SHT_STRTAB), Addralign: 1},
		stack:         {Name: shstrtab.Add(".note.GNU-stack"), Type: uint32(elf.SHT_PROGBITS), Addralign: 1},
		shstrtabIndex: {Name: shstrtab.Add(".shstrtab"), Type: uint32(elf.SHT_STRTAB), Addralign: 1},
	}
	out := make([]byte, goelf.HeaderSize)
	align := func(to uint64) {
		out = append(out, make([]byte, goelf.AlignUp(uint64(len(out)), to)-uint64(len(out)))...)
	}
	for i, data := range [][]byte{text: l.stub.Code, relaText: relas, symtabIndex: goelf.Encode(symbols),
		strtabIndex: strtab.Data(), shstrtabIndex: shstrtab.Data()} {
		if i == 0 {
			continue
		}
		align(stubAlign)
		sections[i].Off, sections[i].Size = uint64(len(out)), uint64(len(data))
		out = append(out, data...)
	}
	align(8)
	h := goelf.NewHeader(elf.ET_REL, l.arch.ELF, l.arch.Flags)
	h.Shoff, h.Shnum, h.Shstrndx = uint64(len(out)), uint16(len(sections)), shstrtabIndex
	copy(out, goelf.Encode(h))
	return append(out, goelf.Encode(sections)...)
}
