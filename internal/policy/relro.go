package policy

import (
	"debug/elf"
	"slices"
	"strings"

	goelf "github.com/go3s/rules_go3s/internal/elf"
	"github.com/go3s/rules_go3s/internal/goabi"
)

// relroSections are sections that are written by relocation only, and so can be
// read-only when the program begins. A .got.plt of lazy binding is none; nothing
// binds lazily without a loader.
var relroSections = []string{".dynamic", ".got", ".init_array", ".fini_array", ".preinit_array", ".ctors", ".dtors", ".jcr"}

var relro = Rule{
	ID:       "relro",
	What:     "All data that only relocation writes becomes read-only at start: PT_GNU_RELRO covers .dynamic, .got and .data.rel.ro, whole pages of them.",
	Why:      "It holds pointers to functions. A program that keeps them writable gives every stray write a target; checkers that only look for the header or BIND_NOW call a file protected even if the header covers something else.",
	Evidence: "PT_GNU_RELRO against PT_DYNAMIC, the sections that are protected by convention, and the writable PT_LOAD segments. Whoever protects rounds the end down to a page, so a page that is covered in part counts as not covered, and one that also holds other data as a fault.",
	Remedy:   "Link with golink, or with -z relro and a linker that pads the protected part to a page.",
	Ref:      "Linux Standard Base, PT_GNU_RELRO; glibc elf/dl-reloc.c, _dl_protect_relro",
	Severity: Error,
	NotApplicable: func(in *Input) string {
		if elf.Type(in.File.Header.Type) == elf.ET_EXEC && len(segments(in.File, elf.PT_DYNAMIC)) == 0 &&
			len(segments(in.File, elf.PT_GNU_RELRO)) == 0 {
			return "the file has neither PT_DYNAMIC nor PT_GNU_RELRO: nothing in it is relocated at start"
		}
		return ""
	},
	Check: checkRELRO,
}

func checkRELRO(in *Input) []Finding {
	f := in.File
	headers := segments(f, elf.PT_GNU_RELRO)
	if len(headers) == 0 {
		return one("PT_GNU_RELRO", "the file has no PT_GNU_RELRO header, want one: its relocated data stays writable")
	}
	var out collector
	if len(headers) > 1 {
		out.add("PT_GNU_RELRO", "the file has %d PT_GNU_RELRO headers, want one: loaders heed the last only", len(headers))
	}
	h := headers[len(headers)-1]
	segs := loads(f)
	s, ok := segs.find(h.Vaddr, 1)
	switch {
	case !ok || h.Memsz == 0:
		out.add("PT_GNU_RELRO", "its addresses %#x to %#x are not in a PT_LOAD segment", h.Vaddr, h.Vaddr+h.Memsz)
		return out
	case !s.has(elf.PF_W):
		out.add("PT_GNU_RELRO", "it is in the segment %s, which is read-only anyway: relocation could not write to it", segmentName(f.Progs, s.index))
	}
	// Protection works on whole pages: from the one that the start is in to the last
	// one that ends inside.
	start, end := h.Vaddr&^(pageSize-1), (h.Vaddr+h.Memsz)&^(pageSize-1)
	covers := func(addr, size uint64) bool { return addr >= start && addr <= end && size <= end-addr }
	want := func(subject string, addr, size uint64) {
		switch {
		case size == 0 || covers(addr, size):
		case addr < h.Vaddr+h.Memsz && addr+size > h.Vaddr:
			out.add(subject, "PT_GNU_RELRO protects the pages %#x to %#x, but it reaches from %#x to %#x", start, end, addr, addr+size)
		default:
			out.add(subject, "it is at %#x to %#x, outside of PT_GNU_RELRO (%#x to %#x)", addr, addr+size, h.Vaddr, h.Vaddr+h.Memsz)
		}
	}
	for _, d := range segments(f, elf.PT_DYNAMIC) {
		want("PT_DYNAMIC", d.Vaddr, d.Memsz)
	}
	for i := range f.Sections {
		sec := &f.Sections[i]
		flags := elf.SectionFlag(sec.Flags)
		if flags&elf.SHF_ALLOC == 0 || flags&elf.SHF_WRITE == 0 || flags&elf.SHF_TLS != 0 {
			continue
		}
		if slices.Contains(relroSections, sec.Str) || sec.Str == ".data.rel.ro" || strings.HasPrefix(sec.Str, ".data.rel.ro.") {
			want(sectionLabel(clip(sec.Str), i), sec.Addr, sec.Size)
		} else if lo, hi := max(sec.Addr, start), min(sec.Addr+sec.Size, end); lo < hi && writtenLater(f, sec) {
			out.add(sectionLabel(clip(sec.Str), i), "the program writes to it, but PT_GNU_RELRO protects its addresses %#x to %#x", lo, hi)
		}
	}
	return out
}

// writtenLater reports whether a program writes to that section after its start.
func writtenLater(f *goelf.File, s *goelf.Section) bool {
	known := goabi.SectionNamed(s.Str)
	return known != nil && (known.Kind == goabi.Data || known.Kind == goabi.BSS) && elf.SectionType(s.Type) == known.Kind.Type()
}
