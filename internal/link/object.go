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
	"github.com/go3s/rules_go3s/internal/gobin"
)

var le = binary.LittleEndian

const dwarfPrefix = ".debug_"

// maxSize bounds the size of a section in memory, so that sums of sizes and
// addresses cannot wrap.
const maxSize = 1 << 40

// An object is the parsed go.o.
type object struct {
	*goelf.File
	name     string
	series   *goabi.Series
	sections []inSection // by section index
	symtab   []byte
	strtab   []byte
	locals   int // symbols before the first that is not local
	main     symbol
	program  *Program // what the object is made of when it is no file: there are no symbols then, and no relocations
}

// An inSection is a section of go.o.
type inSection struct {
	*goelf.Section
	kind  goabi.Kind
	order int    // in the series' sections
	data  []byte // empty for SHT_NOBITS
	relas []byte // its relocations, whole entries
	// addresses are the offsets, ascending, of the words that a position-independent program relocates at start.
	addresses []uint32
	out       *section
}

// A symbol is an entry of the symbol table.
type symbol struct {
	name    uint32 // offset in strtab
	info    byte
	other   byte
	section uint16 // section index, or elf.SHN_ABS
	value   uint64 // offset in the section
	size    uint64
}

func (s symbol) typ() elf.SymType  { return elf.ST_TYPE(s.info) }
func (s symbol) bind() elf.SymBind { return elf.ST_BIND(s.info) }

func (o *object) errorf(off uint64, format string, args ...any) error {
	return &goelf.FormatError{File: o.name, Off: off, Msg: fmt.Sprintf(format, args...)}
}

// parseObject checks that f is what cmd/link writes for machine a.
func parseObject(f *goelf.File, a *arch.Arch, u goabi.Unverified) (*object, error) {
	o := &object{File: f, name: f.Name, sections: make([]inSection, len(f.Sections))}
	if t := elf.Type(f.Header.Type); t != elf.ET_REL {
		return nil, o.errorf(16, "type %v, want ET_REL: a relocatable object of cmd/link", t)
	}
	if extra := f.Header.Flags &^ a.Flags; extra != 0 {
		return nil, o.errorf(48, "e_flags %#x: bits %#x are unknown for %s", f.Header.Flags, extra, a.GOARCH)
	}
	info, err := gobin.ReadBuildInfo(f)
	if err != nil {
		return nil, err
	}
	if o.series, _, err = goabi.Linked(info.GoVersion, u); err != nil {
		return nil, fmt.Errorf("%s: %w", o.name, err)
	}
	for _, step := range []func() error{o.readSections, o.readSymbols, o.checkModule} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// readSections finds out what every section is for.
func (o *object) readSections() error {
	seen := map[string]int{}
	for i := range o.Sections {
		s := &o.Sections[i]
		o.sections[i] = inSection{Section: s}
		in := &o.sections[i]
		data, err := o.SectionData(s)
		if err != nil {
			return err
		}
		in.data = data
		switch typ := elf.SectionType(s.Type); typ {
		case elf.SHT_NULL:
			continue
		case elf.SHT_SYMTAB:
			if o.symtab != nil {
				return o.errorf(s.Off, "section [index %d] %s is a second symbol table", i, s.Str)
			}
			o.symtab, o.locals = data, int(s.Info)
			if o.strtab, err = o.SectionData(&o.Sections[s.Link]); err != nil {
				return err
			}
			continue
		case elf.SHT_STRTAB, elf.SHT_RELA:
			continue
		case elf.SHT_PROGBITS, elf.SHT_NOBITS, elf.SHT_NOTE:
		default:
			return o.errorf(s.Off, "section [index %d] %s has type %v, which cmd/link does not write", i, s.Str, typ)
		}
		if prev, ok := seen[s.Str]; ok {
			return o.errorf(s.Off, "sections [index %d] and [index %d] are both named %s", prev, i, s.Str)
		}
		seen[s.Str] = i
		if err := o.checkKind(in); err != nil {
			return err
		}
	}
	for _, known := range o.series.Sections {
		if i, ok := seen[known.Name]; !known.Optional && (!ok || o.sections[i].Size == 0) {
			return o.errorf(0, "section %s is missing or empty: not an object of a Go program", known.Name)
		}
	}
	if o.symtab == nil {
		return o.errorf(0, "there is no symbol table")
	}
	return o.readRelas()
}

// setKind finds out of which kind section in is, and checks its size and alignment.
func (o *object) setKind(in *inSection) error {
	in.order = slices.IndexFunc(o.series.Sections, func(known goabi.Section) bool { return known.Name == in.Str })
	if in.order < 0 {
		return o.errorf(in.Off, "section [index %d] %s: unknown to %s", in.Index, in.Str, o.series.Name)
	}
	in.kind = o.series.Sections[in.order].Kind
	if in.Size > maxSize || in.Addralign > maxAlign {
		return o.errorf(in.Off, "section [index %d] %s has size %#x and alignment %#x, want at most %#x and %#x", in.Index, in.Str, in.Size,
			in.Addralign, uint64(maxSize), maxAlign)
	}
	return nil
}

// checkKind finds out of which kind section in is, and checks that it is made for that.
func (o *object) checkKind(in *inSection) error {
	s := in.Section
	if err := o.setKind(in); err != nil {
		return err
	}
	if typ, want := elf.SectionType(s.Type), in.kind.Type(); typ != want {
		return o.errorf(s.Off, "section [index %d] %s has type %v, want %v", s.Index, s.Str, typ, want)
	}
	if flags, want := elf.SectionFlag(s.Flags), in.kind.Flags(); flags != want {
		return o.errorf(s.Off, "section [index %d] %s has flags %v, want %v", s.Index, s.Str, flags, want)
	}
	return nil
}

// readRelas attaches every relocation table to the section that it relocates.
func (o *object) readRelas() error {
	for i := range o.sections {
		s := &o.sections[i]
		if elf.SectionType(s.Type) != elf.SHT_RELA || s.Size == 0 {
			continue
		}
		if s.Info == 0 || int(s.Info) >= len(o.sections) {
			return o.errorf(s.Off, "section [index %d] %s relocates section %d, want 1 to %d", i, s.Str, s.Info, len(o.sections)-1)
		}
		to := &o.sections[s.Info]
		if elf.SectionType(o.Sections[s.Link].Type) != elf.SHT_SYMTAB {
			return o.errorf(s.Off, "section [index %d] %s refers to section %d for symbols, want a symbol table", i, s.Str, s.Link)
		}
		if to.relas != nil || len(to.data) == 0 || to.kind == goabi.Dropped {
			return o.errorf(s.Off, "section [index %d] %s relocates %s, which has no contents or other relocations already", i, s.Str, to.Str)
		}
		to.relas = s.data
	}
	return nil
}

// symbol returns entry i of the symbol table, which must be in range.
func (o *object) symbol(i uint32) symbol {
	b := o.symtab[int(i)*goelf.SymbolSize:]
	return symbol{name: le.Uint32(b), info: b[4], other: b[5], section: le.Uint16(b[6:]), value: le.Uint64(b[8:]), size: le.Uint64(b[16:])}
}

// symbols returns the number of entries of the symbol table.
func (o *object) symbols() int { return len(o.symtab) / goelf.SymbolSize }

// symbolName returns the name of s, or of its section when it has none.
func (o *object) symbolName(s symbol) string {
	if s.name == 0 && int(s.section) < len(o.sections) {
		return o.sections[s.section].Str
	}
	return o.str(s.name)
}

// nameHasPrefix reports whether the string at off in strtab begins with prefix. It
// looks no further: names may be long, and overlap.
func (o *object) nameHasPrefix(off uint32, prefix string) bool {
	return int64(off) < int64(len(o.strtab)) && bytes.HasPrefix(o.strtab[off:], []byte(prefix))
}

// str returns the string at off in strtab for messages, "" when it is not there.
func (o *object) str(off uint32) string {
	if int64(off) >= int64(len(o.strtab)) {
		return ""
	}
	b := o.strtab[off:]
	if end := bytes.IndexByte(b, 0); end >= 0 {
		b = b[:end]
	}
	return string(b)
}

// readSymbols checks every symbol and finds main.
func (o *object) readSymbols() error {
	n := o.symbols()
	if o.locals < 1 || o.locals > n {
		return o.errorf(0, "the symbol table says %d of %d symbols are local", o.locals, n)
	}
	found := false
	for i := 1; i < n; i++ {
		s := o.symbol(uint32(i))
		if s.section == uint16(elf.SHN_UNDEF) {
			return o.errorf(0, "symbol %d %s is not defined: a program with cgo, or of another Go release?", i, o.str(s.name))
		}
		if s.section == uint16(elf.SHN_ABS) {
			continue
		}
		if int(s.section) >= len(o.sections) {
			return o.errorf(0, "symbol %d %s is in section %#x, want 1 to %d", i, o.str(s.name), s.section, len(o.sections)-1)
		}
		in := &o.sections[s.section]
		if s.value > in.Size {
			return o.errorf(0, "symbol %d %s is at %#x of section %s, which has %#x bytes", i, o.str(s.name), s.value, in.Str, in.Size)
		}
		if (s.typ() == elf.STT_TLS) != (in.kind == goabi.TLS) {
			return o.errorf(0, "symbol %d %s has type %v in section %s", i, o.str(s.name), s.typ(), in.Str)
		}
		if local := s.bind() == elf.STB_LOCAL; local != (i < o.locals) {
			return o.errorf(0, "symbol %d %s has binding %v among others", i, o.str(s.name), s.bind())
		}
		if s.bind() == elf.STB_GLOBAL && in.kind == goabi.Text && o.nameHasPrefix(s.name, "main\x00") {
			o.main, found = s, true
		}
	}
	if !found {
		return o.errorf(0, "there is no global function main: not an object of a Go program")
	}
	return nil
}
