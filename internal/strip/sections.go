package strip

import (
	"debug/elf"
	"slices"
	"strings"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
	"github.com/go3s/rules_go3s/internal/suffixtab"
)

// neededBy says what breaks without a loaded section that is not Go's own.
var neededBy = map[string]string{
	".note.gnu.build-id": "debuggers find the debug file by it",
	".tdata":             "it holds thread-local variables",
	".rela":              "the program relocates itself by it",
	".rela.dyn":          "the program is relocated by it",
	".relr.dyn":          "the program is relocated by it",
	".dynamic":           "the program is relocated by it",
	".dynsym":            "the dynamic linker and debuggers read it",
	".dynstr":            "the dynamic linker and debuggers read it",
	".interp":            "the kernel starts the program with the dynamic linker it names",
}

// needed says what breaks without the loaded section of that name, "" when nothing is known to.
func needed(name string) string {
	if s := goabi.SectionNamed(name); s != nil {
		return s.Needed
	}
	return neededBy[name]
}

// chooseSections decides which sections are kept, those of the symbol table
// apart.
func (s *stripper) chooseSections() error {
	f, o := s.f, s.o
	s.keep = make([]bool, len(f.Sections))
	for i := range f.Sections {
		sec := &f.Sections[i]
		named := i > 0 && o.RemoveSections.Match(sec.Str) && !o.KeepSections.Match(sec.Str)
		switch {
		case i == 0 || i == s.symtab || i == s.strtab || i == f.Shstrndx:
			if named {
				return s.errorf("%s is not removed by name, since other sections need it. Remove all symbols (--strip-all) or single ones (--strip-symbol) instead", s.show(i))
			}
			s.keep[i] = true
		case isAlloc(sec):
			if named {
				why := needed(sec.Str)
				if why == "" {
					why = "it is part of the program in memory"
				}
				return s.errorf("%s is loaded (SHF_ALLOC) and cannot be removed: %s. Leave it out of --remove-section", s.show(i), why)
			}
			s.keep[i] = true
		case named:
		case o.KeepSections.Match(sec.Str):
			s.keep[i] = true
		case isRelocation(sec):
			s.keep[i] = o.Mode != All && o.Mode != Unneeded
		case sec.Str == debugLinkName && o.DebugLink != nil:
		case isDebug(sec):
			s.keep[i] = o.Mode == None && o.Discard != DiscardLocals
		default:
			s.keep[i] = true
		}
		if !s.keep[i] {
			s.removed++
		} else if isRelocation(sec) && !isAlloc(sec) && !o.OnlyKeepDebug {
			return s.errorf("%s holds relocations for another link (ld --emit-relocs), which refer to symbols by number. Remove them too (--strip-all)", s.show(i))
		}
	}
	return nil
}

func isRelocation(sec *goelf.Section) bool {
	t := elf.SectionType(sec.Type)
	return t == elf.SHT_RELA || t == elf.SHT_REL
}

// debugNames are the prefixes of the names of debug sections, as binutils has
// them: DWARF, its compressed form of old, that of link-time optimization,
// stabs, and the index of gdb.
var debugNames = []string{".debug", ".zdebug", ".gnu.debuglto_.debug_", ".gnu.linkonce.wi.", ".line", ".stab", ".gdb_index"}

func isDebug(sec *goelf.Section) bool {
	for _, prefix := range debugNames {
		if strings.HasPrefix(sec.Str, prefix) && !isAlloc(sec) {
			return true
		}
	}
	return false
}

// checkLinks checks that no section is kept that refers to one that is not. The
// exception are relocations of a static program that it applies itself, and for
// which the linker names the symbol table although they use no symbol: their
// sh_link becomes 0.
func (s *stripper) checkLinks() error {
	f := s.f
	for i := 1; i < len(f.Sections); i++ {
		sec := &f.Sections[i]
		if !s.keep[i] || elf.SectionType(sec.Type) == elf.SHT_NULL {
			continue
		}
		if !s.keep[sec.Link] && !(isAlloc(sec) && int(sec.Link) == s.symtab) {
			return s.errorf("%s refers to %s by sh_link. Remove both or none", s.show(i), s.show(int(sec.Link)))
		}
		if infoIsSection(sec) && int(sec.Info) < len(f.Sections) && !s.keep[sec.Info] {
			return s.errorf("%s refers to %s by sh_info. Remove both or none", s.show(i), s.show(int(sec.Info)))
		}
		if s.strtab != 0 && int(sec.Link) == s.strtab && i != s.symtab {
			return s.errorf("%s refers to the string table of the symbols, %s, which is rebuilt", s.show(i), s.show(s.strtab))
		}
	}
	return nil
}

// infoIsSection reports whether sh_info is a section index (gABI 4, "sh_link
// and sh_info Interpretation").
func infoIsSection(sec *goelf.Section) bool {
	return isRelocation(sec) || sec.Flags&uint64(elf.SHF_INFO_LINK) != 0
}

// A section is one of the output.
type section struct {
	header elf.Section64 // sh_offset is set by the layout
	name   string
	source source
	fixed  bool // stays where it is: a segment covers it
}

// A source is where contents come from: data or, when that is nil, a range of
// the input.
type source struct {
	data  []byte
	input span
}

func (s *source) size() uint64 {
	if s.data != nil {
		return uint64(len(s.data))
	}
	return s.input.end - s.input.off
}

// sections returns the section table of the output: the sections that are kept,
// renumbered, with the tables of strings and symbols rebuilt.
func (s *stripper) sections() ([]section, error) {
	f := s.f
	if len(f.Sections) == 0 {
		if s.o.DebugLink != nil {
			return nil, s.errorf("has no section header table to add %s to", debugLinkName)
		}
		return nil, nil
	}
	if s.o.DebugLink != nil && f.Shstrndx == 0 {
		return nil, s.errorf("has no section names, so %s could not be found in it", debugLinkName)
	}
	index := make([]uint32, len(f.Sections)) // new one by old one
	next := uint32(0)
	for i := range f.Sections {
		if s.keep[i] {
			index[i] = next
			next++
		}
	}

	names := suffixtab.New([]byte{0}, true)
	symNames := names
	if s.strtab != f.Shstrndx {
		symNames = suffixtab.New([]byte{0}, true)
	}
	segments := s.segments()
	var out []section
	for i := range f.Sections {
		if !s.keep[i] {
			continue
		}
		sec := &f.Sections[i]
		o := section{header: sec.Section64, name: sec.Str, fixed: isAlloc(sec)}
		if hasContents(sec) {
			o.source.input = sectionSpan(sec)
			for _, seg := range segments {
				o.fixed = o.fixed || seg.contains(o.source.input)
			}
		}
		switch {
		case elf.SectionType(sec.Type) != elf.SHT_NULL:
			o.header.Link = index[sec.Link]
			if infoIsSection(sec) && int(sec.Info) < len(index) {
				o.header.Info = index[sec.Info]
			}
		case i == 0: // of the counts for extended numbering only that of segments is needed
			o.header = elf.Section64{Info: sec.Info}
		default: // an unused entry, its members undefined
			o.header = elf.Section64{}
		}
		out = append(out, o)
	}
	out, err := s.edit(out)
	if err != nil {
		return nil, err
	}
	hasSymbols := s.symtab != 0 && s.keep[s.symtab]
	if s.goFunc != nil && !hasSymbols {
		out = append(out, s.symbolSections(index, len(out))...)
	}
	if s.o.DebugLink != nil {
		out = append(out, s.o.DebugLink.section())
	}

	replace := func(i int, data []byte) {
		o := &out[index[i]]
		o.source, o.header.Size, o.fixed = source{data: data}, uint64(len(data)), false
	}
	nameIDs := make([]int, len(out))
	for i := range out {
		nameIDs[i] = names.Add(out[i].name)
	}
	if hasSymbols {
		table, err := f.SymbolTable(&f.Sections[s.symtab])
		if err != nil {
			return nil, err
		}
		symIDs, err := s.addNames(table, symNames)
		if err != nil {
			return nil, err
		}
		goFuncID := 0
		if s.goFunc != nil {
			goFuncID = symNames.Add(goFuncNames[0])
		}
		symNames.Finish()
		raw, locals, err := s.encodeSymbols(table, index, symNames, symIDs)
		if err != nil {
			return nil, err
		}
		if s.goFunc != nil { // after the other local symbols
			raw = slices.Insert(raw, int(locals)*goelf.SymbolSize, s.goFuncSymbol(symNames.Offset(goFuncID), index)...)
			locals++
		}
		replace(s.symtab, raw)
		out[index[s.symtab]].header.Info = locals
		replace(s.strtab, symNames.Data())
	}
	if f.Shstrndx != 0 {
		names.Finish()
		replace(f.Shstrndx, names.Data())
		for i := range out {
			out[i].header.Name = names.Offset(nameIDs[i])
		}
	}
	return out, nil
}
