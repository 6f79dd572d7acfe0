package policy

// # Code that is not Go's
//
// Go's linker puts everything it compiled or assembled between moduledata.text
// and moduledata.etext and lists each function there in the function table. What
// a C compiler made, and what a C linker adds (.init, .plt, crt1.o), is outside,
// whether or not the file is stripped. So the executable bytes outside that range,
// less what is known, are the foreign code: known are golink's entry code, the
// file's own headers, some notes, padding, and what linkers
// and strip programs leave (residue.go). That a section header lacks SHF_EXECINSTR takes nothing away: the
// kernel goes by the segment.
//
// Object files that Go's linker itself reads (a .syso file in a package, or cgo with
// -linkmode=internal) end up among Go's functions and in their table. But only Go's compiler
// and assembler tell the depth of the stack at each instruction, without which the runtime cannot
// unwind it; so functions without that are not theirs. No strip program takes it out.

import (
	"debug/elf"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/gobin"
)

// maxNotes is how many bytes of notes may be executable. Those that linkers make have 200.
const maxNotes = 4096

// A region is a part of an executable segment.
type region struct {
	gobin.Range
	code []byte
}

// foreignCode returns the regions of executable memory that are not in text and
// hold more than padding.
func foreignCode(f *goelf.File, text gobin.Range) []region {
	segs := loads(f)
	byOffset := segs.byOffset()
	skip := []gobin.Range{
		text,
		entryStub(f),
		byOffset.addresses(0, goelf.HeaderSize),
		byOffset.addresses(f.Header.Phoff, uint64(len(f.Progs))*goelf.ProgHeaderSize),
		byOffset.addresses(f.Header.Shoff, uint64(len(f.Sections))*goelf.SectionHeaderSize),
	}
	// What is said to be notes, or the path of a loader, is no code as long as there is not room for more.
	small := uint64(maxNotes)
	known := func(r gobin.Range) {
		if n := r.End - r.Start; n <= small {
			small -= n
			skip = append(skip, r)
		}
	}
	for i := range f.Progs {
		switch p := &f.Progs[i]; elf.ProgType(p.Type) {
		case elf.PT_NOTE, elf.PT_INTERP:
			known(byOffset.addresses(p.Off, p.Filesz))
		}
	}
	for i := range f.Sections {
		s := &f.Sections[i]
		if elf.SectionType(s.Type) == elf.SHT_NOTE && elf.SectionFlag(s.Flags)&(elf.SHF_ALLOC|elf.SHF_EXECINSTR) == elf.SHF_ALLOC {
			known(gobin.Range{Start: s.Addr, End: s.Addr + s.Size})
		}
	}
	// Each section is a region of its own, since sections are what a policy allows.
	var cuts []uint64
	for i := range f.Sections {
		if s := &f.Sections[i]; elf.SectionFlag(s.Flags)&elf.SHF_EXECINSTR != 0 {
			cuts = append(cuts, s.Addr, s.Addr+s.Size)
		}
	}
	slices.Sort(cuts)

	headersEnd := byOffset.addresses(f.Header.Phoff, uint64(len(f.Progs))*goelf.ProgHeaderSize).End
	set := newRangeSet(skip)
	var out []region
	for _, s := range segs {
		if !s.has(elf.PF_X) {
			continue
		}
		for _, r := range set.without(s.fileRange()) {
			for r.Start < r.End {
				piece := r
				if next, _ := slices.BinarySearch(cuts, r.Start+1); next < len(cuts) {
					piece.End = min(r.End, cuts[next])
				}
				r.Start = piece.End
				code := s.data[piece.Start-s.Vaddr : piece.End-s.Vaddr]
				if !isResidue(f, headersEnd, piece.Start, code) {
					out = append(out, region{piece, code})
				}
			}
		}
	}
	return out
}

var noForeignCode = Rule{
	ID:       "no-foreign-code",
	What:     "All executable bytes belong to functions that Go compiled or assembled, or to golink's entry code.",
	Why:      "It proves, on stripped files too, that no C library and no other object file is linked in.",
	Evidence: "Executable PT_LOAD segments against the text range of Go's module data; functions without stack depths in Go's function table; golink's entry code, compared byte by byte; headers, notes of up to 4,096 bytes in all, padding, the rest of the first and last page, and the unused PLT header of Go's linker are left out. Where the text begins and ends, and which functions there are, is what Go's tables say: code under a false name in them is for syscall-sites and same-functions to find, not for this rule.",
	Remedy:   "Turn cgo off and link with golink or Go's internal linker. Code that is meant to be there can be allowed by the name of its section or function.",
	Ref:      "Go runtime/symtab.go, moduledata.text and etext",
	Severity: Error,
	Check: func(in *Input) []Finding {
		m, err := in.module()
		if err != nil {
			return one("module data", "it cannot be read, so foreign code cannot be ruled out: %v", in.reason(err))
		}
		var out collector
		for _, r := range foreignCode(in.File, m.Text) {
			if out.full() {
				break
			}
			out.add(where(in.File, r.Start), "%d executable bytes at %#x are outside of Go's text %#x to %#x", r.End-r.Start, r.Start, m.Text.Start, m.Text.End)
		}
		t, err := in.funcs()
		if err != nil {
			out.add("function table", "it cannot be read, so foreign code cannot be ruled out: %v", in.reason(err))
			return out
		}
		for i := range t.Len() {
			if out.full() {
				break
			}
			if t.HasFrames(i) {
				continue
			}
			fn := t.At(i)
			code, err := in.File.Bytes(m.Text.Start+fn.Entry, fn.End-fn.Entry)
			if err != nil || !isLinkers(in.File.GOARCH(), code) {
				out.add(clip(fn.Name), "the function of %d bytes at %#x has no stack depths in Go's function table: an object file of another compiler or assembler is linked in", fn.End-fn.Entry, m.Text.Start+fn.Entry)
			}
		}
		return out
	},
}
