package elftest

import "debug/elf"

// A Case is a malformed ELF file.
type Case struct {
	Name string // one word of lower-case letters, digits and dashes
	Data []byte
	Want string // part of the error message

	// Deep marks a file that elf.Parse accepts: what is wrong shows only in the
	// contents of a section or segment, or matters only to a tool that rewrites.
	Deep bool
}

// defect is one row of the table: how to damage a well-formed executable.
type defect struct {
	name   string
	want   string
	damage func(m *Image)
}

// Offsets of fields in the ELF header, in a program header and in a section
// header (gABI 4 and 5).
const (
	eType      = 16
	eMachine   = 18
	eVersion   = 20
	eEntry     = 24
	ePhoff     = 32
	eShoff     = 40
	eEhsize    = 52
	ePhentsize = 54
	ePhnum     = 56
	eShentsize = 58
	eShnum     = 60
	eShstrndx  = 62

	pType   = 0
	pOffset = 8
	pVaddr  = 16
	pFilesz = 32
	pMemsz  = 40
	pAlign  = 48

	shName      = 0
	shType      = 4
	shFlags     = 8
	shAddr      = 16
	shOffset    = 24
	shSize      = 32
	shLink      = 40
	shInfo      = 44
	shAddralign = 48
	shEntsize   = 56
)

const huge = ^uint64(0) - 7 // wraps when 8 is added

// Malformed returns the corpus. Every reader and tool must refuse every file in
// it, saying Want, and leave no output behind.
func Malformed() []Case {
	var cases []Case
	build := func(defects []defect, deep bool) {
		for _, d := range defects {
			m := Executable(elf.EM_X86_64).Build()
			d.damage(m)
			cases = append(cases, Case{d.name, m.Data, d.want, deep})
		}
	}
	build(truncations, false)
	build(headerDefects, false)
	build(progDefects, false)
	build(sectionDefects, false)
	build(contentDefects, true)
	build(rewriteDefects, true)
	return cases
}

func cut(size func(m *Image) int) func(m *Image) {
	return func(m *Image) { m.Data = m.Data[:size(m)] }
}

func set16(off int, v uint16) func(m *Image) { return func(m *Image) { m.Put16(off, v) } }
func set64(off int, v uint64) func(m *Image) { return func(m *Image) { m.Put64(off, v) } }

// prog32 and prog64 set a field of the nth program header of type t; shdr32
// and shdr64 one of the header of a section.
func prog32(t elf.ProgType, nth, field int, v uint32) func(m *Image) {
	return func(m *Image) { m.Put32(m.Phdr(t, nth)+field, v) }
}

func prog64(t elf.ProgType, nth, field int, v uint64) func(m *Image) {
	return func(m *Image) { m.Put64(m.Phdr(t, nth)+field, v) }
}

func shdr32(section string, field int, v uint32) func(m *Image) {
	return func(m *Image) { m.Put32(m.Shdr(section)+field, v) }
}

func shdr64(section string, field int, v uint64) func(m *Image) {
	return func(m *Image) { m.Put64(m.Shdr(section)+field, v) }
}

func at(n int) func(*Image) int { return func(*Image) int { return n } }

// shoff is where the section header table starts.
func shoff(m *Image) int { return m.Shdr("") }

var truncations = []defect{
	{"truncated-to-nothing", "not an ELF file", cut(at(0))},
	{"truncated-in-magic", "not an ELF file", cut(at(3))},
	{"truncated-after-magic", "ends inside the ELF header", cut(at(4))},
	{"truncated-after-ident", "ends inside the ELF header", cut(at(16))},
	{"truncated-before-end-of-header", "ends inside the ELF header", cut(at(63))},
	{"truncated-after-header", "section header table", cut(at(64))},
	{"truncated-in-program-headers", "section header table", cut(at(64 + 56 + 10))},
	{"truncated-in-text", "section header table", cut(func(m *Image) int { return m.Off(".text") + 2 })},
	{"truncated-before-section-headers", "section header table", cut(shoff)},
	{"truncated-in-null-section-header", "section header table", cut(func(m *Image) int { return shoff(m) + 63 })},
	{"truncated-after-null-section-header", "beyond the file size", cut(func(m *Image) int { return shoff(m) + 64 })},
	{"truncated-by-one-byte", "beyond the file size", func(m *Image) { m.Data = m.Data[:len(m.Data)-1] }},
}

var headerDefects = []defect{
	{"not-elf", "not an ELF file", func(m *Image) { copy(m.Data, "#!/bin/sh\n") }},
	{"magic-in-lower-case", "not an ELF file", func(m *Image) { copy(m.Data, "\x7felf") }},
	{"class-none", "class ELFCLASSNONE", func(m *Image) { m.Data[elf.EI_CLASS] = 0 }},
	{"class-32", "class ELFCLASS32", func(m *Image) { m.Data[elf.EI_CLASS] = 1 }},
	{"byte-order-none", "byte order ELFDATANONE", func(m *Image) { m.Data[elf.EI_DATA] = 0 }},
	{"byte-order-big-endian", "byte order ELFDATA2MSB", func(m *Image) { m.Data[elf.EI_DATA] = 2 }},
	{"ident-version-0", "identification version 0", func(m *Image) { m.Data[elf.EI_VERSION] = 0 }},
	{"os-freebsd", "ELFOSABI_FREEBSD", func(m *Image) { m.Data[elf.EI_OSABI] = byte(elf.ELFOSABI_FREEBSD) }},
	{"type-none", "file type ET_NONE", set16(eType, 0)},
	{"type-core", "file type ET_CORE", set16(eType, uint16(elf.ET_CORE))},
	{"type-unknown", "file type", set16(eType, 0xfe17)},
	{"machine-none", "machine EM_NONE", set16(eMachine, 0)},
	{"machine-386", "machine EM_386", set16(eMachine, uint16(elf.EM_386))},
	{"machine-arm", "machine EM_ARM", set16(eMachine, uint16(elf.EM_ARM))},
	{"machine-s390", "machine EM_S390", set16(eMachine, uint16(elf.EM_S390))},
	{"version-0", "version 0, want 1", func(m *Image) { m.Put32(eVersion, 0) }},
	{"version-2", "version 2, want 1", func(m *Image) { m.Put32(eVersion, 2) }},
	{"header-size-of-elf32", "e_ehsize 52, want 64", set16(eEhsize, 52)},
	{"header-size-0", "e_ehsize 0, want 64", set16(eEhsize, 0)},
}

var progDefects = []defect{
	{"program-header-size-of-elf32", "e_phentsize 32, want 56", set16(ePhentsize, 32)},
	{"program-header-size-0", "e_phentsize 0, want 56", set16(ePhentsize, 0)},
	{"program-headers-beyond-file", "program header table at offset 0x100000", set64(ePhoff, 0x100000)},
	{"program-headers-wrap", "program header table at offset 0xfffffffffffffff8", set64(ePhoff, huge)},
	{"program-headers-in-header", "overlaps the ELF header", set64(ePhoff, 32)},
	{"program-headers-at-0", "overlaps the ELF header", set64(ePhoff, 0)},
	{"program-headers-on-section-headers", "overlaps the section header table", func(m *Image) { m.Put64(ePhoff, uint64(shoff(m)+32)) }},
	{"program-header-count-lies", "with 4096 entries", set16(ePhnum, 0x1000)},
	{"program-header-count-reserved-and-0xffffffff", "with 4294967295 entries", func(m *Image) {
		m.Put16(ePhnum, 0xffff)
		m.Put32(m.Shdr("")+shInfo, 0xffffffff)
	}},
	{"program-header-count-reserved-no-sections", "with 65535 entries", func(m *Image) {
		m.Put16(ePhnum, 0xffff)
		m.Put64(eShoff, 0)
		m.Put16(eShnum, 0)
		m.Put16(eShstrndx, 0)
	}},
	{"load-offset-beyond-file", "has p_offset (0x101000)", prog64(elf.PT_LOAD, 0, pOffset, 0x101000)},
	{"load-size-beyond-file", "has p_offset (0x0) + p_filesz (0x100000)", prog64(elf.PT_LOAD, 0, pFilesz, 0x100000)},
	{"load-offset-wraps", "has p_offset (0xfffffffffffffff8)", prog64(elf.PT_LOAD, 0, pOffset, huge)},
	{"load-address-wraps", "beyond the address space", prog64(elf.PT_LOAD, 1, pVaddr, huge)},
	{"load-memory-size-wraps", "beyond the address space", prog64(elf.PT_LOAD, 1, pMemsz, huge)},
	{"load-memory-size-below-file-size", "greater than its p_memsz (0x8)", func(m *Image) {
		m.Put64(m.Phdr(elf.PT_LOAD, 0)+pMemsz, 8)
	}},
	{"load-alignment-3", "has p_align 0x3", prog64(elf.PT_LOAD, 0, pAlign, 3)},
	{"load-alignment-all-ones", "has p_align 0xffffffffffffffff", prog64(elf.PT_LOAD, 0, pAlign, ^uint64(0))},
	{"load-not-congruent", "not congruent modulo its p_align", prog64(elf.PT_LOAD, 1, pVaddr, 0x500008)},
	{"loads-overlap", "below the end", prog64(elf.PT_LOAD, 0, pMemsz, 0x2000)},
	{"loads-misordered", "below the end", prog64(elf.PT_LOAD, 0, pVaddr, 0x800000)},
	{"loads-identical", "below the end", func(m *Image) {
		copy(m.Data[m.Phdr(elf.PT_LOAD, 1):][:progSize], m.Data[m.Phdr(elf.PT_LOAD, 0):][:progSize])
	}},
	{"note-segment-beyond-file", "has p_offset", prog64(elf.PT_NOTE, 0, pFilesz, 0x100000)},
	{"note-segment-alignment-6", "has p_align 0x6", prog64(elf.PT_NOTE, 0, pAlign, 6)},
	{"interp-segment-beyond-file", "has p_offset (0x100000)", func(m *Image) {
		p := m.Phdr(elf.PT_NOTE, 0)
		m.Put32(p+pType, uint32(elf.PT_INTERP))
		m.Put64(p+pOffset, 0x100000)
	}},
	{"stack-segment-address-wraps", "beyond the address space", func(m *Image) {
		p := m.Phdr(elf.PT_GNU_STACK, 0)
		m.Put64(p+pVaddr, huge)
		m.Put64(p+pMemsz, 0x10)
	}},
}

var sectionDefects = []defect{
	{"section-header-size-of-elf32", "e_shentsize 40, want 64", set16(eShentsize, 40)},
	{"section-header-size-0", "e_shentsize 0, want 64", set16(eShentsize, 0)},
	{"section-headers-beyond-file", "section header table at offset 0x100000", set64(eShoff, 0x100000)},
	{"section-headers-wrap", "section header table at offset 0xfffffffffffffff8", set64(eShoff, huge)},
	{"section-headers-in-header", "overlaps the ELF header", set64(eShoff, 8)},
	{"section-count-lies", "with 4096 entries", set16(eShnum, 0x1000)},
	{"section-count-reserved", "e_shnum 0xff00 is a reserved value", set16(eShnum, 0xff00)},
	{"section-count-0", "are both 0", set16(eShnum, 0)},
	{"section-count-extended-and-huge", "with 1152921504606846977 entries", func(m *Image) {
		m.Put16(eShnum, 0)
		m.Put64(m.Shdr("")+shSize, 1<<60+1) // times 64 wraps to 64
	}},
	{"section-count-without-table", "but e_shoff is 0", set64(eShoff, 0)},
	{"section-names-without-table", "no section header table", func(m *Image) {
		m.Put64(eShoff, 0)
		m.Put16(eShnum, 0)
	}},
	{"null-section-not-null", "section [index 0] has type SHT_PROGBITS", shdr32("", shType, uint32(elf.SHT_PROGBITS))},
	{"section-names-index-beyond", "section name table has index 4660", set16(eShstrndx, 0x1234)},
	{"section-names-index-reserved", "section name table has index 65522", set16(eShstrndx, 0xfff2)},
	{"section-names-index-extended-and-huge", "section name table has index 4294967295", func(m *Image) {
		m.Put16(eShstrndx, uint16(elf.SHN_XINDEX))
		m.Put32(m.Shdr("")+shLink, 0xffffffff)
	}},
	{"section-names-in-text", "it is used as a string table", func(m *Image) { m.Put16(eShstrndx, uint16(m.Index(".text"))) }},
	{"section-name-beyond-table", "has sh_name 0x10000", shdr32(".text", shName, 0x10000)},
	{"section-names-without-nul", "holds no terminated string", func(m *Image) {
		for i := range m.Size(".shstrtab") {
			m.Data[m.Off(".shstrtab")+i] = 'x'
		}
	}},
	{"section-names-last-without-nul", "holds no terminated string", func(m *Image) {
		m.Data[m.Off(".shstrtab")+m.Size(".shstrtab")-1] = 'x'
	}},
	{"section-names-compressed", "is compressed", shdr64(".shstrtab", shFlags, uint64(elf.SHF_COMPRESSED))},
	{"section-names-empty", "holds no terminated string", shdr64(".shstrtab", shSize, 0)},
	{"section-offset-beyond-file", "has sh_offset (0x100000)", shdr64(".text", shOffset, 0x100000)},
	{"section-size-beyond-file", "+ sh_size (0x100000) beyond the file size", shdr64(".debug_info", shSize, 0x100000)},
	{"section-offset-wraps", "has sh_offset (0xfffffffffffffff8)", shdr64(".debug_info", shOffset, huge)},
	{"section-size-wraps", "+ sh_size (0xfffffffffffffff8) beyond the file size", shdr64(".debug_info", shSize, huge)},
	{"section-address-wraps", "beyond the address space", shdr64(".text", shAddr, ^uint64(0)-3)},
	{"zero-filled-section-wraps", "beyond the address space", shdr64(".bss", shSize, huge)},
	{"section-alignment-3", "has sh_addralign 0x3", shdr64(".text", shAddralign, 3)},
	{"section-alignment-all-ones", "has sh_addralign 0xffffffffffffffff", shdr64(".debug_info", shAddralign, ^uint64(0))},
	{"section-address-misaligned", "not a multiple of its sh_addralign 0x100000", shdr64(".text", shAddralign, 0x100000)},
	{"section-link-beyond", "has sh_link 77", shdr32(".text", shLink, 77)},
	{"section-link-all-ones", "has sh_link 4294967295", shdr32(".symtab", shLink, 0xffffffff)},
	{"section-info-link-beyond", "has sh_info 77", func(m *Image) {
		m.Put64(m.Shdr(".comment")+shFlags, uint64(elf.SHF_INFO_LINK))
		m.Put32(m.Shdr(".comment")+shInfo, 77)
	}},
	{"symbol-size-0", "has sh_entsize 0, want 24", shdr64(".symtab", shEntsize, 0)},
	{"symbol-size-of-elf32", "has sh_entsize 16, want 24", shdr64(".symtab", shEntsize, 16)},
	{"symbol-table-not-whole", "want a multiple of 24", func(m *Image) {
		m.Put64(m.Shdr(".symtab")+shSize, uint64(m.Size(".symtab")-1))
	}},
	{"symbol-table-linked-to-itself", "a section of type SHT_SYMTAB, want [SHT_STRTAB]", func(m *Image) {
		m.Put32(m.Shdr(".symtab")+shLink, uint32(m.Index(".symtab")))
	}},
	{"symbol-table-linked-to-text", "a section of type SHT_PROGBITS, want [SHT_STRTAB]", func(m *Image) {
		m.Put32(m.Shdr(".symtab")+shLink, uint32(m.Index(".text")))
	}},
	{"symbol-table-linked-to-nothing", "a section of type SHT_NULL, want [SHT_STRTAB]", shdr32(".symtab", shLink, 0)},
	{"symbol-table-first-global-beyond", "its first global symbol", shdr32(".symtab", shInfo, 0xffffffff)},
	{"relocations-linked-to-strings", "a section of type SHT_STRTAB, want [SHT_SYMTAB SHT_DYNSYM]", func(m *Image) {
		m.Put32(m.Shdr(".debug_info")+shType, uint32(elf.SHT_RELA))
		m.Put64(m.Shdr(".debug_info")+shSize, 0)
		m.Put32(m.Shdr(".debug_info")+shLink, uint32(m.Index(".strtab")))
	}},
	{"relocations-linked-in-a-circle", "a section of type SHT_RELA, want [SHT_SYMTAB SHT_DYNSYM]", func(m *Image) {
		for from, to := range map[string]string{".debug_info": ".debug_line", ".debug_line": ".debug_info"} {
			m.Put32(m.Shdr(from)+shType, uint32(elf.SHT_RELA))
			m.Put64(m.Shdr(from)+shSize, 0)
			m.Put32(m.Shdr(from)+shLink, uint32(m.Index(to)))
		}
	}},
	{"relocations-not-whole", "want a multiple of 24", func(m *Image) {
		m.Put32(m.Shdr(".debug_info")+shType, uint32(elf.SHT_RELA))
		m.Put64(m.Shdr(".debug_info")+shSize, 17)
	}},
	{"dynamic-linked-to-text", "of type SHT_DYNAMIC has sh_link", func(m *Image) {
		m.Put32(m.Shdr(".debug_info")+shType, uint32(elf.SHT_DYNAMIC))
		m.Put64(m.Shdr(".debug_info")+shSize, 16)
		m.Put32(m.Shdr(".debug_info")+shLink, uint32(m.Index(".text")))
	}},
}

// contentDefects show when the contents of a symbol table or note are read.
var contentDefects = []defect{
	{"symbol-name-beyond-table", "has st_name 0xffff", func(m *Image) { m.Put32(m.Off(".symtab")+3*symbolSize, 0xffff) }},
	{"symbol-names-without-nul", "holds no terminated string", func(m *Image) {
		for i := range m.Size(".strtab") {
			m.Data[m.Off(".strtab")+i] = 'x'
		}
	}},
	{"symbol-names-compressed", "is compressed", shdr64(".strtab", shFlags, uint64(elf.SHF_COMPRESSED))},
	{"symbols-compressed", "is compressed", shdr64(".symtab", shFlags, uint64(elf.SHF_COMPRESSED))},
	{"symbol-names-empty", "holds no terminated string", shdr64(".strtab", shSize, 0)},
	{"symbol-section-beyond", "has st_shndx 4660", func(m *Image) { m.Put16(m.Off(".symtab")+3*symbolSize+6, 0x1234) }},
	{"note-header-cut-off", "note is cut off", func(m *Image) {
		m.Put64(m.Phdr(elf.PT_NOTE, 0)+pFilesz, 11)
		m.Put64(m.Phdr(elf.PT_NOTE, 0)+pMemsz, 11)
	}},
	{"note-name-size-lies", "note with n_namesz 0xffffffff", func(m *Image) { m.Put32(m.Off(".note.test"), 0xffffffff) }},
	{"note-description-size-lies", "and n_descsz 0xffffffff", func(m *Image) { m.Put32(m.Off(".note.test")+4, 0xffffffff) }},
}

// rewriteDefects leave a file that can be read, but not rewritten with the
// certainty that it still runs.
var rewriteDefects = []defect{
	{"relocatable", "ET_REL", set16(eType, uint16(elf.ET_REL))},
	{"shared-library", "shared library", func(m *Image) {
		m.Put16(eType, uint16(elf.ET_DYN))
		m.Put64(eEntry, 0)
	}},
	{"no-load-segment", "no PT_LOAD", func(m *Image) { m.Put16(ePhnum, 0) }},
	{"program-header-count-reserved-and-0", "no PT_LOAD", set16(ePhnum, 0xffff)},
	{"entry-outside-memory", "e_entry 0x12345678", set64(eEntry, 0x12345678)},
	{"entry-not-executable", "e_entry 0x401", func(m *Image) { m.Put64(eEntry, le.Uint64(m.Data[m.Shdr(".data")+shAddr:])) }},
	{"sections-overlap", "overlaps section [index", func(m *Image) { m.Put64(m.Shdr(".debug_line")+shOffset, uint64(m.Off(".debug_info")+4)) }},
	{"section-on-header", "overlaps the ELF header", func(m *Image) { m.Put64(m.Shdr(".debug_info")+shOffset, 8) }},
	{"section-on-program-headers", "overlaps the program header table", func(m *Image) { m.Put64(m.Shdr(".debug_info")+shOffset, 72) }},
	{"section-on-section-headers", "overlaps the section header table", func(m *Image) { m.Put64(m.Shdr(".debug_info")+shOffset, uint64(shoff(m))) }},
	{"section-address-not-that-of-segment", "but its segment", func(m *Image) {
		m.Put64(m.Shdr(".text")+shAddr, le.Uint64(m.Data[m.Shdr(".text")+shAddr:])+0x10)
	}},
	{"section-outside-segments", "in no PT_LOAD", shdr64(".text", shAddr, 0x40000000)},
	{"two-symbol-tables", "two symbol tables", func(m *Image) {
		h := m.Shdr(".comment")
		m.Put32(h+shType, uint32(elf.SHT_SYMTAB))
		m.Put32(h+shLink, uint32(m.Index(".strtab")))
		m.Put64(h+shEntsize, symbolSize)
		m.Put64(h+shSize, 0)
	}},
	{"extended-symbol-sections", "SHT_SYMTAB_SHNDX", func(m *Image) {
		h := m.Shdr(".comment")
		m.Put32(h+shType, uint32(elf.SHT_SYMTAB_SHNDX))
		m.Put32(h+shLink, uint32(m.Index(".symtab")))
		m.Put64(h+shEntsize, 4)
	}},
	{"section-group", "SHT_GROUP", func(m *Image) {
		h := m.Shdr(".comment")
		m.Put32(h+shType, uint32(elf.SHT_GROUP))
		m.Put32(h+shLink, uint32(m.Index(".symtab")))
		m.Put64(h+shEntsize, 4)
	}},
	{"bytes-after-the-end", "belong to no section", func(m *Image) { m.Data = append(m.Data, "PK\x03\x04 an appended archive"...) }},
}
