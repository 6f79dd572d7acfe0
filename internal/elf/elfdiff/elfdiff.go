// Package elfdiff compares what package elf reads from a file with what other readers do:
// debug/elf, GNU readelf and llvm-readelf. It is for tests; it refuses to judge who is right: a
// difference is either listed here with its cause, or reported.
package elfdiff

import (
	"debug/elf"
	"fmt"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// Facts are what readers say of a file. A reader that leaves something out leaves it nil.
type Facts struct {
	Type     elf.Type
	Machine  elf.Machine
	Entry    uint64
	Segments []elf.Prog64
	Sections []Section
	Symbols  map[int][]Symbol // by index of the section, without the null symbol
	Notes    []Note

	// SectionNotes are the notes of the SHT_NOTE sections, which other readers show where there are
	// such; some sections of notes are not loaded.
	SectionNotes []Note

	extendedPhnum    bool // e_phnum is PN_XNUM
	extendedShstrndx bool // e_shstrndx is SHN_XINDEX
}

// A Section is a section header with its name.
type Section struct {
	Name string
	elf.Section64
}

// A Symbol is an entry of a symbol table with its name.
type Symbol struct {
	Name        string
	Value, Size uint64
	Info, Vis   byte
	Shndx       uint16
}

// A Note is the head of an ELF note.
type Note struct {
	Owner string
	Size  uint64 // of the description, in bytes
}

// Own returns what package elf reads. The error is that of the first reader of contents
// that refused.
func Own(name string, data []byte) (*Facts, error) {
	f, err := goelf.Parse(name, data)
	if err != nil {
		return nil, err
	}
	facts := &Facts{
		Type: elf.Type(f.Header.Type), Machine: elf.Machine(f.Header.Machine), Entry: f.Header.Entry,
		Segments: f.Progs, Symbols: map[int][]Symbol{},
		extendedPhnum:    f.Header.Phnum == 0xffff,
		extendedShstrndx: f.Header.Shstrndx == uint16(elf.SHN_XINDEX),
	}
	for i := range f.Sections {
		s := &f.Sections[i]
		facts.Sections = append(facts.Sections, Section{s.Str, s.Section64})
		if t := elf.SectionType(s.Type); t != elf.SHT_SYMTAB && t != elf.SHT_DYNSYM {
			continue
		}
		syms, err := f.Symbols(s)
		if err != nil {
			return nil, err
		}
		for _, sym := range syms[min(1, len(syms)):] {
			facts.Symbols[i] = append(facts.Symbols[i], Symbol{sym.Str, sym.Value, sym.Size, sym.Info, sym.Other & 3, sym.Shndx})
		}
	}
	notes, err := f.Notes()
	if err != nil {
		return nil, err
	}
	facts.Notes = heads(notes)
	bySection := *f
	bySection.Progs = nil
	if notes, err = bySection.Notes(); err != nil {
		return nil, err
	}
	facts.SectionNotes = heads(notes)
	return facts, nil
}

func heads(notes []goelf.Note) []Note {
	out := []Note{} // not nil: read, and maybe none
	for _, n := range notes {
		out = append(out, Note{n.Name, uint64(len(n.Desc))})
	}
	return out
}

// Compare returns where other differs from f: at most ten differences, in words.
// same says of two different values of a member whether they mean the same; a nil
// function says that they do not.
func (f *Facts) Compare(other *Facts, same Same) []string {
	var out []string
	differ := func(format string, args ...any) {
		if len(out) < 10 {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	if f.Entry != other.Entry || other.Machine != 0 && (f.Type != other.Type || f.Machine != other.Machine) {
		differ("header: %v %v %#x, other %v %v %#x", f.Type, f.Machine, f.Entry, other.Type, other.Machine, other.Entry)
	}
	if other.Segments != nil || len(f.Segments) == 0 {
		compareEach("segment", f.Segments, other.Segments, same.Segment, differ)
	}
	if other.Sections != nil || len(f.Sections) == 0 {
		compareEach("section", f.Sections, other.Sections, same.Section, differ)
	}
	for i, syms := range other.Symbols {
		compareEach(fmt.Sprintf("section %d: symbol", i), f.Symbols[i], syms, same.Symbol, differ)
	}
	if other.Notes != nil {
		own := f.Notes
		if len(f.SectionNotes) == len(other.Notes) {
			own = f.SectionNotes
		}
		compareEach("note", own, other.Notes, same.Note, differ)
	}
	return out
}

// Same says for each kind of member whether what another reader shows means what package elf
// has read: readers print some numbers as words, and leave some out.
type Same struct {
	Segment func(own, other elf.Prog64) bool
	Section func(own, other Section) bool
	Symbol  func(own, other Symbol) bool
	Note    func(own, other Note) bool
}

func compareEach[T comparable](what string, own, other []T, same func(own, other T) bool, differ func(string, ...any)) {
	if len(own) != len(other) {
		differ("%ss: %d, other %d", what, len(own), len(other))
		return
	}
	for i := range own {
		if own[i] != other[i] && (same == nil || !same(own[i], other[i])) {
			differ("%s %d: %+v, other %+v", what, i, own[i], other[i])
		}
	}
}

// Kind returns the name of the listed cause for which package elf refused a file that
// another reader accepts, "" when the refusal is not listed.
func Kind(refusal error) string {
	i := slices.IndexFunc(Refusals, func(r Refusal) bool { return r.pattern.MatchString(refusal.Error()) })
	if i < 0 {
		return ""
	}
	return Refusals[i].Kind
}
