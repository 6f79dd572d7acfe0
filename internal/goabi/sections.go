package goabi

import (
	"debug/elf"
	"slices"
)

// # Sections
//
// The names are those of cmd/link/internal/ld/data.go and elf.go. A program at a fixed address has read-only data where a
// position-independent one has, for what holds addresses, sections of the same name after .data.rel.ro.

// A Kind says what a section is for, and so where it goes.
type Kind uint8

const (
	Dropped  Kind = iota // not in a program
	Note                 // ELF notes
	ReadOnly             // read-only data
	Text                 // code
	Info                 // data that is constant once it is relocated, and that readers look for in the first writable segment
	Relro                // data that is constant once it is relocated
	TLS                  // zeroed data of each thread
	Data                 // writable data
	BSS                  // zeroed data
	DWARF                // debugging information
)

// Flags returns the sh_flags of sections of kind k.
func (k Kind) Flags() elf.SectionFlag {
	switch k {
	case Note, ReadOnly:
		return elf.SHF_ALLOC
	case Text:
		return elf.SHF_ALLOC | elf.SHF_EXECINSTR
	case Info, Relro, Data, BSS:
		return elf.SHF_ALLOC | elf.SHF_WRITE
	case TLS:
		return elf.SHF_ALLOC | elf.SHF_WRITE | elf.SHF_TLS
	}
	return 0
}

// Type returns the sh_type of sections of kind k.
func (k Kind) Type() elf.SectionType {
	switch k {
	case Note:
		return elf.SHT_NOTE
	case TLS, BSS:
		return elf.SHT_NOBITS
	}
	return elf.SHT_PROGBITS
}

// Names of sections that tools look for.
const (
	PCLnTab   = ".gopclntab"
	BuildInfo = ".go.buildinfo"
	FIPSInfo  = ".go.fipsinfo"
	// ModuleInfo has runtime.firstmoduledata since Go 1.26.
	ModuleInfo = ".go.module"
	// RelroPCLnTab has the function table in a position-independent program of releases before Go 1.26.
	RelroPCLnTab = ".data.rel.ro.gopclntab"
)

// A Section is a section that the Go linker writes.
type Section struct {
	Name string
	Kind Kind
	// Needed says what needs it in a running program; "" for one that no program has loaded.
	Needed string
	// Optional says that there are programs without it.
	Optional bool
}

// Parts of the lists, which follow each other in this order.
var (
	sectionsCode = []Section{
		{Name: ".text", Kind: Text, Needed: "it is the program's code"},
		{Name: ".note.go.buildid", Kind: Note, Needed: "`go tool buildid` reads it, and a PT_NOTE segment covers it", Optional: true},
		{Name: ".rodata", Kind: ReadOnly, Needed: "it holds constants and type descriptors"},
		{Name: PCLnTab, Kind: ReadOnly, Needed: "the runtime unwinds stacks by it: garbage collection and panics would crash"},
	}
	sectionsInfo = []Section{
		{Name: BuildInfo, Kind: Info, Needed: "`go version -m`, govulncheck and debug.ReadBuildInfo read it"},
		{Name: FIPSInfo, Kind: Info, Needed: "the FIPS 140-3 self-test reads it, also when only GODEBUG asks for it: the program would panic"},
		{Name: ".data.rel.ro", Kind: Relro, Needed: "it holds constants and type descriptors", Optional: true},
	}
	sectionTLS     = Section{Name: ".tbss", Kind: TLS, Needed: "it is the room of thread-local variables", Optional: true}
	sectionModule  = Section{Name: ModuleInfo, Kind: Data, Needed: "it is the runtime's module data"}
	sectionsOfData = []Section{
		{Name: ".noptrdata", Kind: Data, Needed: "it holds initialized variables"},
		{Name: ".data", Kind: Data, Needed: "it holds initialized variables"},
		{Name: ".bss", Kind: BSS, Needed: "it is the room of variables", Optional: true},
		{Name: ".noptrbss", Kind: BSS, Needed: "it is the room of variables", Optional: true},
	}
	sectionsUnloaded = []Section{
		{Name: ".debug_abbrev", Kind: DWARF, Optional: true},
		{Name: ".debug_addr", Kind: DWARF, Optional: true},
		{Name: ".debug_frame", Kind: DWARF, Optional: true},
		{Name: ".debug_gdb_scripts", Kind: DWARF, Optional: true},
		{Name: ".debug_info", Kind: DWARF, Optional: true},
		{Name: ".debug_line", Kind: DWARF, Optional: true},
		{Name: ".debug_loclists", Kind: DWARF, Optional: true},
		{Name: ".debug_rnglists", Kind: DWARF, Optional: true},
		// An empty mark that the stack need not be executable.
		{Name: ".note.GNU-stack", Kind: Dropped, Optional: true},
	}
)

// both returns s, which a program at a fixed address has, and, after .data.rel.ro, what a position-independent one has in its place.
func both(s Section) (fixed, relro Section) {
	s.Optional = true
	fixed, relro = s, s
	relro.Name, relro.Kind = ".data.rel.ro"+s.Name, Relro
	return fixed, relro
}

var (
	typeLinks, relroTypeLinks = both(Section{Name: ".typelink", Kind: ReadOnly, Needed: "the runtime finds types by it"})
	itabLinks, relroItabLinks = both(Section{Name: ".itablink", Kind: ReadOnly, Needed: "the runtime builds its interface tables from it"})
	types, relroTypes         = both(Section{Name: ".go.type", Kind: ReadOnly, Needed: "it holds type descriptors and interface tables, which the runtime walks from its start"})
	funcValues, relroFuncs    = both(Section{Name: ".go.func", Kind: ReadOnly, Needed: "it holds the values of functions"})
	symbols, _                = both(Section{Name: ".gosymtab", Kind: ReadOnly, Needed: "the runtime's tables are laid out around it"})
	_, relroTables            = both(Section{Name: PCLnTab, Kind: ReadOnly, Needed: "the runtime unwinds stacks by it"})
)

var (
	sectionsBefore126 = slices.Concat(sectionsCode, []Section{typeLinks, itabLinks, symbols}, sectionsInfo,
		[]Section{relroTypeLinks, relroItabLinks, relroTables, sectionTLS}, sectionsOfData, sectionsUnloaded)
	sections126 = slices.Concat(sectionsCode, []Section{typeLinks, itabLinks}, sectionsInfo,
		[]Section{relroTypeLinks, relroItabLinks, sectionTLS, sectionModule}, sectionsOfData, sectionsUnloaded)
	sections127 = slices.Concat(sectionsCode, []Section{types, funcValues}, sectionsInfo,
		[]Section{relroTypes, relroFuncs, sectionTLS, sectionModule}, sectionsOfData, sectionsUnloaded)
)

// AllSections returns the sections of all series, each name once.
func AllSections() []Section {
	var all []Section
	for _, s := range series {
		for _, section := range s.Sections {
			if !slices.ContainsFunc(all, func(o Section) bool { return o.Name == section.Name }) {
				all = append(all, section)
			}
		}
	}
	return all
}

// SectionNamed returns what a section of that name is for in any series, nil when the Go linker has none.
func SectionNamed(name string) *Section {
	for _, s := range series {
		if i := slices.IndexFunc(s.Sections, func(section Section) bool { return section.Name == name }); i >= 0 {
			return &s.Sections[i]
		}
	}
	return nil
}
