package link

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
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
	l, err := newLinker(name, data, opt)
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
	var last struct {                   // the relocation that a Low one may complete
		r      rela
		target uint64
		tls    bool
	}
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
		apply := k.Apply
		switch k.Class {
		case arch.Relative:
			last.tls = false
			continue
		case arch.TLS, arch.TLSHigh:
			if sym.typ() != elf.STT_TLS {
				return l.relocError(s, r, "the symbol is not thread-local")
			}
			last.r, last.target, last.tls = r, uint64(offset)+sym.value+uint64(r.addend), k.Class == arch.TLSHigh
		case arch.Low:
			if !last.tls {
				continue
			}
			if apply = k.ApplyTLS; apply == nil || sym.value+uint64(r.addend) != last.r.off {
				return l.relocError(s, r, "it does not complete the TLS relocation before it")
			}
		default:
			continue
		}
		if r.off < k.Back || r.off > uint64(len(in.data)) || uint64(len(in.data))-r.off < k.Size {
			return l.relocError(s, r, "outside the %#x bytes of the section", len(in.data))
		}
		if err := apply(in.data[r.off-k.Back:r.off+k.Size], 0, last.target); err != nil {
			return l.relocError(s, r, "%v", err)
		}
		putRela(in.relas[i:], rela{off: r.off})
	}
	return nil
}

func putRela(b []byte, r rela) {
	le.PutUint64(b, r.off)
	le.PutUint64(b[8:], uint64(r.sym)<<32|uint64(r.typ))
	le.PutUint64(b[16:], uint64(r.addend))
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
	strtab, shstrtab := []byte{0}, []byte{0}
	add := func(table *[]byte, s string) uint32 {
		off := len(*table)
		*table = append(append(*table, s...), 0)
		return uint32(off)
	}

	// Labels are local and come first; then EntrySymbol and mainSymbol.
	const text = 1 // section index
	symbols := []elf.Sym64{{}}
	var labels []uint32 // symbol that each relocation without one refers to
	for i, r := range external {
		if r.Symbol == "" {
			symbols = append(symbols, elf.Sym64{Name: add(&strtab, ".Lhigh"), Shndx: text, Value: external[i-1].Off})
		}
		labels = append(labels, uint32(len(symbols)-1))
	}
	locals := uint32(len(symbols))
	global := elf.ST_INFO(elf.STB_GLOBAL, elf.STT_NOTYPE)
	symbols = append(symbols,
		elf.Sym64{Name: add(&strtab, EntrySymbol), Info: elf.ST_INFO(elf.STB_GLOBAL, elf.STT_FUNC), Shndx: text, Size: uint64(len(l.stub.Code))},
		elf.Sym64{Name: add(&strtab, mainSymbol), Info: global},
	)
	var relas []byte
	for i, r := range external {
		sym := labels[i]
		if r.Symbol != "" {
			sym = locals + 1
		}
		relas = append(relas, make([]byte, goelf.RelaSize)...)
		putRela(relas[len(relas)-goelf.RelaSize:], rela{off: r.Off, typ: r.Type, sym: sym, addend: r.Add})
	}
	var symtab bytes.Buffer
	put(&symtab, symbols)

	const relaText, symtabIndex, strtabIndex, stack, shstrtabIndex = 2, 3, 4, 5, 6
	sections := []elf.Section64{ // the code takes no padding, which might look like more code
		{},
		text: {Name: add(&shstrtab, ".text"), Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC | elf.SHF_EXECINSTR),
			Addralign: l.arch.CodeAlign},
		relaText: {Name: add(&shstrtab, ".rela.text"), Type: uint32(elf.SHT_RELA), Flags: uint64(elf.SHF_INFO_LINK), Link: symtabIndex, Info: text,
			Addralign: 8, Entsize: goelf.RelaSize},
		symtabIndex: {Name: add(&shstrtab, ".symtab"), Type: uint32(elf.SHT_SYMTAB), Link: strtabIndex, Info: locals, Addralign: 8,
			Entsize: goelf.SymbolSize},
		strtabIndex:   {Name: add(&shstrtab, ".strtab"), Type: uint32(elf.SHT_STRTAB), Addralign: 1},
		stack:         {Name: add(&shstrtab, ".note.GNU-stack"), Type: uint32(elf.SHT_PROGBITS), Addralign: 1},
		shstrtabIndex: {Name: add(&shstrtab, ".shstrtab"), Type: uint32(elf.SHT_STRTAB), Addralign: 1},
	}
	var body bytes.Buffer
	for i, data := range [][]byte{text: l.stub.Code, relaText: relas, symtabIndex: symtab.Bytes(), strtabIndex: strtab,
		shstrtabIndex: shstrtab} {
		if i == 0 {
			continue
		}
		body.Write(make([]byte, goelf.AlignUp(uint64(body.Len()), stubAlign)-uint64(body.Len())))
		sections[i].Off, sections[i].Size = goelf.HeaderSize+uint64(body.Len()), uint64(len(data))
		body.Write(data)
	}
	body.Write(make([]byte, goelf.AlignUp(uint64(body.Len()), 8)-uint64(body.Len())))

	var ident [elf.EI_NIDENT]byte
	copy(ident[:], elf.ELFMAG)
	ident[elf.EI_CLASS] = byte(elf.ELFCLASS64)
	ident[elf.EI_DATA] = byte(elf.ELFDATA2LSB)
	ident[elf.EI_VERSION] = byte(elf.EV_CURRENT)
	var out bytes.Buffer
	put(&out, elf.Header64{
		Ident: ident, Type: uint16(elf.ET_REL), Machine: uint16(l.arch.ELF), Version: uint32(elf.EV_CURRENT), Flags: l.arch.Flags,
		Shoff: goelf.HeaderSize + uint64(body.Len()), Ehsize: goelf.HeaderSize,
		Shentsize: goelf.SectionHeaderSize, Shnum: uint16(len(sections)), Shstrndx: shstrtabIndex,
	})
	out.Write(body.Bytes())
	put(&out, sections)
	return out.Bytes()
}

// put appends fixed-size values, which cannot fail.
func put(b *bytes.Buffer, v any) { binary.Write(b, binary.LittleEndian, v) }
