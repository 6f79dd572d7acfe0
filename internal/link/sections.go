package link

import (
	"bytes"
	"cmp"
	"debug/elf"
	"fmt"
	"slices"
	"strconv"
	"strings"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

// # Sections of the user
//
// A Section is loaded read-only. Three symbols tell where, as objcopy's of an
// input of format binary do: _binary_<name>_start, _binary_<name>_end and,
// absolute, _binary_<name>_size, where <name> is the section's name without a
// leading dot and with _ in place of what is neither letter nor digit.
//
// # Reading one from Go
//
// Go code reads section .x by a package variable that the rule go_sections
// generates:
//
//	var go3sSection_x = "\x00rules_go3s section .x"
//
// The Go linker may set such a string by -X, so the compiler takes nothing for
// granted of its value. Like it, bindSections sets the string: its pointer to the
// address of the section, its length to the section's size. The relocation of
// the pointer is there already. A program that was linked without golink still
// has the text and can tell.

// A Section is data that Link adds to the program.
type Section struct {
	Name string // for example ".embed_cfg"
	Addr uint64 // multiple of the largest page size of the machine; 0 leaves it to the linker
	Data []byte // not empty
}

const (
	sectionVariable = ".go3sSection_" // between package and rest of the name of such a variable
	sectionText     = "\x00rules_go3s section "

	maxSections        = 128     // of the user
	maxSectionName     = 64      // bytes
	maxSectionsSize    = 1 << 30 // bytes, of all together: code reaches ±2 GiB
	sectionAlign       = 16      // of one whose address the linker chooses
	maxVariableName    = 2048    // bytes, with the package
	stringHeaderSize   = 16      // of a Go string: pointer and length
	stringHeaderLength = 8       // offset of the length
)

// reservedSections are the names that mean something to a linker or to a loader. Each includes all names that continue it
// after a dot. Those of the Go toolchain (goabi.AllSections) are reserved too.
var reservedSections = []string{
	".bss", ".comment", ".data", ".debug", ".dynamic", ".dynstr", ".dynsym", ".eh_frame", ".eh_frame_hdr", ".fini",
	".fini_array", ".gnu", ".gnu_debugaltlink", ".gnu_debuglink", ".go", ".got", ".hash", ".init", ".init_array",
	".interp", ".line", ".note", ".plt", ".preinit_array", ".rel", ".rela",
	".relr", ".rodata", ".shstrtab", ".strtab", ".symtab", ".symtab_shndx", ".tbss", ".tdata", ".text",
}

// isReserved reports whether a section of the user cannot have that name.
func isReserved(name string) bool {
	return slices.ContainsFunc(reservedSections, func(r string) bool { return continues(name, r) }) ||
		slices.ContainsFunc(goabi.AllSections(), func(s goabi.Section) bool { return continues(name, s.Name) }) ||
		strings.HasPrefix(name, ".debug_") || strings.HasPrefix(name, ".zdebug_")
}

// ParseSection parses "name=file" and "name@address=file", where address is what
// Go takes as an integer. Data stays empty.
func ParseSection(spec string) (s Section, file string, err error) {
	place, file, ok := strings.Cut(spec, "=")
	if !ok || place == "" || file == "" {
		return Section{}, "", fmt.Errorf("section %q: want name=file or name@address=file", spec)
	}
	name, addr, fixed := strings.Cut(place, "@")
	s.Name = name
	if fixed {
		if s.Addr, err = strconv.ParseUint(addr, 0, 64); err != nil || s.Addr == 0 {
			return Section{}, "", fmt.Errorf("section %s: address %q: want an integer such as 0x10000000", name, addr)
		}
	}
	return s, file, nil
}

// symbolName returns what stands for the section in its symbols.
func (s *Section) symbolName() string {
	return "_binary_" + strings.Map(func(r rune) rune {
		if isAlphanumeric(r) {
			return r
		}
		return '_'
	}, strings.TrimPrefix(s.Name, "."))
}

func isAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// plainName reports whether s begins with a letter or _ and holds only these,
// digits and the characters of more.
func plainName(s, more string) bool {
	for i, r := range s {
		if !isAlphanumeric(r) && r != '_' && (i == 0 || !strings.ContainsRune(more, r)) || i == 0 && '0' <= r && r <= '9' {
			return false
		}
	}
	return s != ""
}

// continues reports whether name is root, or continues after it with a dot.
func continues(name, root string) bool {
	rest, ok := strings.CutPrefix(name, root)
	return ok && (rest == "" || rest[0] == '.')
}

// checkSections checks the sections of the user by themselves.
func (l *linker) checkSections() error {
	if n := len(l.opt.Sections); n > maxSections {
		return fmt.Errorf("%d sections are added, want at most %d", n, maxSections)
	}
	var total uint64
	symbols := map[string]string{} // to name of the section
	for i := range l.opt.Sections {
		s := &l.opt.Sections[i]
		switch {
		case len(s.Name) > maxSectionName || !plainName(strings.TrimPrefix(s.Name, "."), ".-"):
			return fmt.Errorf("section %q: want a name of at most %d letters, digits and _ . - that begins with a letter or _, after a dot or not", s.Name, maxSectionName)
		case isReserved(s.Name):
			return fmt.Errorf("section %s: the name is reserved for the Go toolchain, linkers and loaders; choose another, for example .embed%s", s.Name, strings.ReplaceAll(s.Name, ".", "_"))
		case len(s.Data) == 0:
			return fmt.Errorf("section %s: its file is empty, want at least one byte", s.Name)
		}
		symbol := s.symbolName()
		switch other, ok := symbols[symbol]; {
		case ok && other == s.Name:
			return fmt.Errorf("section %s: it is added twice", s.Name)
		case ok:
			return fmt.Errorf("sections %s and %s: both would have the symbols %s_start, …; rename one", other, s.Name, symbol)
		}
		symbols[symbol] = s.Name
		if total += uint64(len(s.Data)); total > maxSectionsSize {
			return fmt.Errorf("section %s: with it, the added sections have %d bytes, want at most %d", s.Name, total, maxSectionsSize)
		}
		if err := l.checkAddress(s); err != nil {
			return err
		}
	}
	return nil
}

// checkAddress checks the address that the user chose, as far as it does not
// depend on the program.
func (l *linker) checkAddress(s *Section) error {
	switch page := l.arch.PageSize; {
	case s.Addr == 0:
		return nil
	case l.opt.PIE:
		return fmt.Errorf("section %s: address %#x: a position-independent program is loaded at an address that the kernel chooses; leave the address out, or link for a fixed address", s.Name, s.Addr)
	case s.Addr%page != 0:
		return fmt.Errorf("section %s: address %#x: want a multiple of %#x, the largest page size of %s kernels", s.Name, s.Addr, page, l.arch.GOARCH)
	case s.Addr > maxAddress-maxSectionsSize:
		return fmt.Errorf("section %s: address %#x: want at most %#x", s.Name, s.Addr, uint64(maxAddress-maxSectionsSize))
	}
	return nil
}

// userSections returns the output sections of the user: those whose address the
// linker chooses, in the order given, and the others by address.
func (l *linker) userSections() (free, fixed []*section) {
	for i := range l.opt.Sections {
		u := &l.opt.Sections[i]
		s := &section{name: u.Name, typ: elf.SHT_PROGBITS, flags: elf.SHF_ALLOC, align: sectionAlign, size: uint64(len(u.Data)), data: u.Data,
			user: u}
		if u.Addr == 0 {
			free = append(free, s)
			continue
		}
		s.align = l.arch.PageSize
		fixed = append(fixed, s)
	}
	slices.SortStableFunc(fixed, func(a, b *section) int { return cmp.Compare(a.user.Addr, b.user.Addr) })
	return free, fixed
}

// placeFixed gives the segments of sections with a chosen address their places, in the file from off on. It returns
// where they end in the file.
func (l *linker) placeFixed(off uint64) uint64 {
	for _, g := range l.fixed {
		s := g.sections[0]
		off = goelf.AlignUp(off, l.arch.PageSize)
		s.addr, s.off = s.user.Addr, off
		g.span()
		off += s.size
	}
	return off
}

// checkFixed checks that sections with a chosen address are, in memory, on pages of their own after end, where the
// program ends.
func (l *linker) checkFixed(end uint64) error {
	before := "the program"
	for _, g := range l.fixed {
		s := g.sections[0]
		if first := goelf.AlignUp(end, l.arch.PageSize); s.addr < first {
			return fmt.Errorf("%s: section %s: address %#x: %s ends at %#x, want %#x or more", l.obj.name, s.name, s.addr, before, end, first)
		}
		end = s.addr + s.size
		before = "section " + s.name
	}
	return nil
}

// bindSections sets the Go variables that stand for sections.
func (l *linker) bindSections() error {
	for _, v := range l.obj.variables() {
		in := &l.obj.sections[v.Section]
		if in.kind != goabi.Data || v.Size != stringHeaderSize || v.Off+stringHeaderSize > in.Size {
			return l.obj.errorf(0, "variable %s: %d bytes at %#x of section %s, want a string in .data as go_sections generates", v.Name, v.Size, v.Off, in.Str)
		}
		name, ok := strings.CutPrefix(l.text(v), sectionText)
		if !ok {
			return fmt.Errorf("%s: variable %s: it is not a string as go_sections generates; rename it, or generate its package again", l.obj.name, v.Name)
		}
		i := slices.IndexFunc(l.sections, func(s *section) bool { return s.user != nil && s.name == name })
		if i < 0 {
			pkg, _, _ := strings.Cut(v.Name, sectionVariable)
			return fmt.Errorf("%s: package %s reads section %q, which this program lacks: add it to `sections` of the target that links the program", l.obj.name, strings.ReplaceAll(pkg, "%2e", "."), name)
		}
		header := l.stringHeader(v)
		le.PutUint64(header, l.sections[i].addr)
		le.PutUint64(header[stringHeaderLength:], l.sections[i].size)
	}
	return nil
}

// variables returns the variables that stand for sections.
func (o *object) variables() (all []ProgramVariable) {
	if o.program != nil {
		return o.program.Variables
	}
	if !bytes.Contains(o.strtab, []byte(sectionVariable)) {
		return nil
	}
	for i := 1; i < o.symbols(); i++ {
		s := o.symbol(uint32(i))
		if s.typ() != elf.STT_OBJECT || s.section == uint16(elf.SHN_ABS) || int64(s.name) >= int64(len(o.strtab)) {
			continue
		}
		name := o.strtab[s.name:]
		end := bytes.IndexByte(name[:min(len(name), maxVariableName)], 0) // names may be long, and overlap
		if end >= 0 && IsSectionVariable(string(name[:end])) {
			all = append(all, ProgramVariable{string(name[:end]), int(s.section), s.value, s.size})
		}
	}
	return all
}

// IsSectionVariable reports whether name is that of a variable that stands for a section of the user.
func IsSectionVariable(name string) bool {
	_, rest, ok := strings.Cut(name, sectionVariable)
	return ok && len(name) < maxVariableName && plainName("_"+rest, "")
}

// stringHeader returns the pointer and the length of the string variable v.
func (l *linker) stringHeader(v ProgramVariable) []byte {
	return l.image[l.obj.sections[v.Section].out.off+v.Off:][:stringHeaderSize]
}

// text returns what the string variable v holds, "" when that is not what a section's variable can have.
func (l *linker) text(v ProgramVariable) string {
	header := l.stringHeader(v)
	addr, n := le.Uint64(header), le.Uint64(header[stringHeaderLength:])
	if n > uint64(len(sectionText)+maxSectionName) || addr > maxAddress {
		return ""
	}
	// The program relocates the pointer to the section's data as it does this one.
	if at := l.obj.sections[v.Section].out.addr + v.Off; l.opt.PIE && !l.relocates(at, at+1) {
		return ""
	}
	for _, s := range l.sections {
		if s.in != nil && s.flags&elf.SHF_ALLOC != 0 && s.typ != elf.SHT_NOBITS && s.addr <= addr && addr+n <= s.addr+s.in.Size {
			return string(l.image[s.off+addr-s.addr:][:n])
		}
	}
	return ""
}
