package elfdiff

import "regexp"

// A Refusal is a cause for which package elf refuses files that other readers accept.
type Refusal struct {
	Kind    string
	Why     string
	pattern *regexp.Regexp
}

// Refusals are the listed causes. The first that fits counts.
var Refusals = []Refusal{
	{"class", "Only 64-bit files are for the machines of this module.",
		regexp.MustCompile(`class ELFCLASS|: class `)},
	{"byte order", "The three machines are little-endian.",
		regexp.MustCompile(`byte order `)},
	{"machine", "Only amd64, arm64 and riscv64.",
		regexp.MustCompile(`: machine `)},
	{"file type", "Core files and those of an operating system's own types are no programs.",
		regexp.MustCompile(`file type .*want ET_REL`)},
	{"operating system", "Linux loads files of ELFOSABI_NONE and, for GNU extensions, ELFOSABI_LINUX.",
		regexp.MustCompile(`operating system `)},
	{"version", "There is one version of ELF.",
		regexp.MustCompile(`version \d+, want 1`)},
	{"entry size", "gABI 4 fixes e_ehsize, e_phentsize, e_shentsize and the sh_entsize of tables; the kernel too refuses others.",
		regexp.MustCompile(`e_ehsize|e_phentsize|e_shentsize|has sh_entsize`)},
	{"header table", "A table of headers is in the file after the ELF header, and counts agree.",
		regexp.MustCompile(`header table at|e_shnum|e_shstrndx|section \[index 0\] has type|section name table has index`)},
	{"outside the file", "What a header announces is in the file.",
		regexp.MustCompile(`beyond the file size|ends inside the ELF header`)},
	{"address space", "No range of addresses wraps.",
		regexp.MustCompile(`beyond the address space`)},
	{"alignment", "Alignments are powers of two, and addresses keep to them (gABI 4 and 5).",
		regexp.MustCompile(`power of two|not a multiple of its sh_addralign|not congruent`)},
	{"segment order", "PT_LOAD segments ascend without overlap (gABI 5); p_filesz is at most p_memsz.",
		regexp.MustCompile(`must ascend without overlap|greater than its p_memsz`)},
	{"link", "sh_link and sh_info name what the section's type asks for (gABI 4).",
		regexp.MustCompile(`has sh_link|has sh_info|it is used as a (string|symbol) table`)},
	{"whole entries", "A table holds whole entries.",
		regexp.MustCompile(`want a multiple of`)},
	{"name", "A name is a string of its table, ended by NUL.",
		regexp.MustCompile(`holds no terminated string`)},
	{"compressed", "Nobody compresses symbol and string tables.",
		regexp.MustCompile(`is compressed \(SHF_COMPRESSED\)`)},
	{"symbol's section", "st_shndx names a section.",
		regexp.MustCompile(`has st_shndx`)},
	{"notes", "Notes are in their segment and do not share bytes.",
		regexp.MustCompile(`note is cut off|note with n_namesz|notes overlap`)},
	{"not ELF", "The magic number.", regexp.MustCompile(`not an ELF file`)},
}
