package strip

import (
	"debug/elf"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// Edits change sections that are not loaded. What is loaded is the program: its sections can be neither added nor
// changed after the link.
type Edits struct {
	Add    []Contents // new sections; an error when one of that name is kept
	Update []Contents // new contents for sections that are there
	Rename []Renaming
}

// Contents are those of a section.
type Contents struct {
	Section string
	Data    []byte
}

// A Renaming gives the sections named Old another name. It comes after everything else: other
// options know sections by their old names. Loaded sections that Go or tools for it look up by name keep theirs.
type Renaming struct{ Old, New string }

// checkEdits refuses edits that have nothing to do, or that would break the program or the file.
func (s *stripper) checkEdits() error {
	e := &s.o.Edits
	if len(s.f.Sections) == 0 && len(e.Add)+len(e.Update)+len(e.Rename) > 0 {
		return s.errorf("has no section header table, so sections can be neither added nor changed")
	}
	for _, u := range e.Update {
		i, err := s.editable(u.Section, "--update-section")
		if err != nil {
			return err
		}
		if isAlloc(&s.f.Sections[i]) {
			return s.errorf("%s is loaded (SHF_ALLOC) and its contents cannot be changed after the link. Link the program again with them (attribute sections of the rules)", s.show(i))
		}
		if elf.SectionType(s.f.Sections[i].Type) == elf.SHT_NOBITS {
			return s.errorf("%s has no contents (SHT_NOBITS) that could be changed", s.show(i))
		}
	}
	for _, r := range e.Rename {
		i, err := s.editable(r.Old, "--rename-section")
		if err != nil {
			return err
		}
		if why := needed(r.Old); why != "" && isAlloc(&s.f.Sections[i]) {
			return s.errorf("%s cannot be renamed, since tools find it by its name: %s", s.show(i), why)
		}
		if s.f.Section(r.New) != nil {
			return s.errorf("--rename-section: there is a section %q already", r.New)
		}
	}
	return nil
}

// editable returns the index of a section that an option may change.
func (s *stripper) editable(name, option string) (int, error) {
	sec := s.f.Section(name)
	if sec == nil {
		return 0, s.errorf("%s: there is no section %q", option, name)
	}
	if i := sec.Index; i == s.symtab || i == s.strtab || i == s.f.Shstrndx {
		return 0, s.errorf("%s: %s is rebuilt and cannot be changed", option, s.show(i))
	}
	return sec.Index, nil
}

// edit applies the edits to the sections of the output. (A section that was removed is not updated.)
func (s *stripper) edit(out []section) ([]section, error) {
	e := &s.o.Edits
	for i := range out {
		for _, u := range e.Update {
			if out[i].name == u.Section {
				h := &out[i].header
				out[i].source, h.Size = source{data: nonNil(u.Data)}, uint64(len(u.Data))
				h.Flags &^= uint64(elf.SHF_COMPRESSED)
			}
		}
		for _, a := range e.Add {
			if out[i].name == a.Section {
				return nil, s.errorf("--add-section: there is a section %q already. Change it (--update-section), or remove it first (--remove-section)", a.Section)
			}
		}
	}
	for i := range out {
		for _, r := range e.Rename {
			if out[i].name == r.Old {
				out[i].name = r.New
				break
			}
		}
	}
	for _, a := range e.Add {
		out = append(out, section{
			header: elf.Section64{Type: uint32(elf.SHT_PROGBITS), Size: uint64(len(a.Data)), Addralign: 1},
			name:   a.Section,
			source: source{data: nonNil(a.Data)},
		})
	}
	return out, nil
}

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// room returns by how many bytes what was asked to be added may make a file of that many sections larger: by
// contents, names, padding, and the section header table, which may have to leave the segment that covers it.
func (s *stripper) room(sections int) uint64 {
	const padding = 8
	n := uint64(0)
	add := func(name string, size uint64) { n += uint64(len(name)) + 1 + size + padding }
	if l := s.o.DebugLink; l != nil {
		add(debugLinkName, l.section().header.Size)
	}
	for _, c := range s.o.Edits.Add {
		add(c.Section, uint64(len(c.Data)))
	}
	for _, c := range s.o.Edits.Update {
		add("", uint64(len(c.Data)))
	}
	for _, r := range s.o.Edits.Rename {
		add(r.New, 0)
	}
	if s.goFunc != nil {
		add(symtabName, 2*goelf.SymbolSize)
		add(strtabName, uint64(len(goFuncNames[0]))+2)
	}
	if n > 0 {
		n += uint64(sections)*goelf.SectionHeaderSize + padding
	}
	return n
}
