package policy

// # The dynamic section
//
// A program that the dynamic loader has to complete says so in three places: the
// PT_INTERP segment names the loader, the PT_DYNAMIC segment holds what the loader
// must do (gABI chapter 5, Dynamic Section), and versioned symbols bind it to one
// C library (LSB, Symbol Versioning). A static executable has none of them. A
// static PIE has a PT_DYNAMIC, because the program itself needs the table of its
// relocations, but nothing in it may need anybody else.

import (
	"bytes"
	"debug/elf"
	"fmt"
	"slices"

	goelf "github.com/go3s/rules_go3s/internal/elf"
)

// maxDynamic is how many entries are read of PT_DYNAMIC; real files have 10 to 60.
const maxDynamic = 4096

// dynamicEntries returns the PT_DYNAMIC entries of f up to DT_NULL. ok is false
// when there is no PT_DYNAMIC, terminated false when no DT_NULL ends it within
// maxDynamic entries.
func dynamicEntries(f *goelf.File) (entries []elf.Dyn64, terminated, ok bool) {
	for _, p := range segments(f, elf.PT_DYNAMIC) {
		entries, terminated, err := f.DynamicEntries(p)
		if err != nil {
			continue
		}
		if len(entries) >= maxDynamic {
			return entries[:maxDynamic], false, true
		}
		return entries, terminated, true
	}
	return nil, false, false
}

// dynamicValue returns the value of the first entry with that tag.
func dynamicValue(entries []elf.Dyn64, tag elf.DynTag) (uint64, bool) {
	for _, d := range entries {
		if elf.DynTag(d.Tag) == tag {
			return d.Val, true
		}
	}
	return 0, false
}

// dynamicString returns the string at offset off of the dynamic string table, or
// a description of what is there instead.
func dynamicString(f *goelf.File, entries []elf.Dyn64, off uint64) string {
	addr, _ := dynamicValue(entries, elf.DT_STRTAB)
	size, _ := dynamicValue(entries, elf.DT_STRSZ)
	table, err := f.Bytes(addr, size)
	if err != nil || off >= uint64(len(table)) {
		return fmt.Sprintf("(no string at %#x)", off)
	}
	s, _, _ := bytes.Cut(table[off:min(uint64(len(table)), off+1024)], []byte{0})
	return clip(string(s))
}

// findDynamic returns a finding for each dynamic entry with one of the tags,
// whose values are strings.
func findDynamic(in *Input, wish string, tags ...elf.DynTag) []Finding {
	entries, _, _ := dynamicEntries(in.File)
	out := collector(unreadDynamic(in.File))
	for _, d := range entries {
		if slices.Contains(tags, elf.DynTag(d.Tag)) {
			s := dynamicString(in.File, entries, d.Val)
			out.add(s, "%v is %q, %s", elf.DynTag(d.Tag), s, wish)
		}
	}
	return out
}

// unreadDynamic returns a finding when there is more of PT_DYNAMIC than dynamicEntries returns.
func unreadDynamic(f *goelf.File) []Finding {
	entries, terminated, ok := dynamicEntries(f)
	switch n := len(segments(f, elf.PT_DYNAMIC)); {
	case n > 1:
		return one("PT_DYNAMIC", "there are %d such headers, want one at most: not all of them are read", n)
	case ok && !terminated:
		return one("PT_DYNAMIC", "no DT_NULL ends its %d entries: not all of it can be read", len(entries))
	}
	return nil
}

var noInterpreter = Rule{
	ID:       "no-interpreter",
	What:     "The file has no PT_INTERP segment: it names no dynamic loader.",
	Why:      "The kernel starts the named loader instead of the program. In an image from scratch that loader is missing and the start fails with \"no such file or directory\".",
	Evidence: "Program headers, section .interp.",
	Remedy:   "Link with golink. `go build -buildmode=pie` always names a loader; removing the segment afterwards leaves a file that crashes.",
	Ref:      "System V gABI, chapter 5, Program Interpreter; golang/go#80464",
	Severity: Error,
	Check: func(in *Input) []Finding {
		f := in.File
		for _, p := range segments(f, elf.PT_INTERP) {
			data, err := f.SegmentData(p)
			if err != nil {
				return one("PT_INTERP", "%v", in.reason(err))
			}
			path, _, _ := bytes.Cut(data, []byte{0})
			return one("PT_INTERP", "it names the loader %q, want no PT_INTERP", clip(string(path)))
		}
		if f.Section(".interp") != nil {
			return one("section .interp", "the file has a section .interp, want none")
		}
		return nil
	},
}

var noDynamic = Rule{
	ID:       "no-dynamic",
	What:     "The file has no PT_DYNAMIC segment.",
	Why:      "A program at fixed addresses without a loader has no use for one; its presence shows that the link was not static.",
	Evidence: "Program headers.",
	Remedy:   "Link with golink or with `go build` and cgo off. For a static PIE use the profile static-pie.",
	Ref:      "System V gABI, chapter 5, Dynamic Section",
	Severity: Error,
	Check: func(in *Input) []Finding {
		if entries, _, ok := dynamicEntries(in.File); ok {
			return one("PT_DYNAMIC", "the file has a PT_DYNAMIC segment with %d entries, want none", len(entries))
		}
		return nil
	},
}

var noNeeded = Rule{
	ID:       "no-needed",
	What:     "The file needs no shared library.",
	Why:      "Every needed library must be on the target machine, in a fitting version.",
	Evidence: "DT_NEEDED, DT_AUXILIARY and DT_FILTER in PT_DYNAMIC.",
	Remedy:   "Turn cgo off, or replace the package that brings the library in.",
	Ref:      "System V gABI, chapter 5, Shared Object Dependencies",
	Severity: Error,
	Check: func(in *Input) []Finding {
		return findDynamic(in, "want no needed library", elf.DT_NEEDED, elf.DT_AUXILIARY, elf.DT_FILTER)
	},
}

var noRPath = Rule{
	ID:       "no-rpath",
	What:     "The file has no library search path.",
	Why:      "Whoever can write into a directory of the search path can put code into the program; and the path tells about the machine that built it.",
	Evidence: "DT_RPATH and DT_RUNPATH in PT_DYNAMIC.",
	Remedy:   "Leave -rpath out of the linker flags.",
	Ref:      "System V gABI, chapter 5, Shared Object Dependencies",
	Severity: Error,
	Check: func(in *Input) []Finding {
		return findDynamic(in, "want no search path", elf.DT_RPATH, elf.DT_RUNPATH)
	},
}

var noSymbolVersions = Rule{
	ID:       "no-symbol-versions",
	What:     "The file requires and defines no symbol versions.",
	Why:      "A required version such as GLIBC_2.34 ties the program to that library or a newer one.",
	Evidence: "DT_VERNEED and DT_VERDEF in PT_DYNAMIC, sections of type SHT_GNU_verneed and SHT_GNU_verdef.",
	Remedy:   "Turn cgo off and link statically.",
	Ref:      "Linux Standard Base, Symbol Versioning",
	Severity: Error,
	Check: func(in *Input) []Finding {
		if found := unreadDynamic(in.File); found != nil {
			return found
		}
		entries, _, _ := dynamicEntries(in.File)
		for _, tags := range [][2]elf.DynTag{{elf.DT_VERNEED, elf.DT_VERNEEDNUM}, {elf.DT_VERDEF, elf.DT_VERDEFNUM}} {
			_, ok := dynamicValue(entries, tags[0])
			if n, _ := dynamicValue(entries, tags[1]); ok && n > 0 {
				return one(tags[0].String(), "PT_DYNAMIC announces %d version records, want none", n)
			}
		}
		for i := range in.File.Sections {
			s := &in.File.Sections[i]
			switch t := elf.SectionType(s.Type); t {
			case elf.SHT_GNU_VERNEED, elf.SHT_GNU_VERDEF:
				if s.Size > 0 {
					return one(sectionLabel(s.Str, i), "it is of type %v with %d bytes, want no such section", t, s.Size)
				}
			}
		}
		return nil
	},
}

var pieDynamic = Rule{
	ID:       "pie-dynamic",
	What:     "The file has one complete PT_DYNAMIC segment that carries the flag DF_1_PIE.",
	Why:      "PT_DYNAMIC is where a static PIE, debuggers and eBPF tools find the relocations. `go build -buildmode=pie -ldflags=-d` leaves it out: such a file is of type ET_DYN and crashes at start.",
	Evidence: "PT_DYNAMIC, its DT_NULL and DT_FLAGS_1.",
	Remedy:   "Link with golink.",
	Ref:      "System V gABI, chapter 5, Dynamic Section; golang/go#80464",
	Severity: Error,
	Check: func(in *Input) []Finding {
		entries, terminated, ok := dynamicEntries(in.File)
		if !ok {
			return one("PT_DYNAMIC", "the file has no PT_DYNAMIC segment, want one: nothing says how to relocate the program")
		}
		var out collector
		if n := len(segments(in.File, elf.PT_DYNAMIC)); n > 1 {
			out.add("PT_DYNAMIC", "the file has %d PT_DYNAMIC segments, want one", n)
		}
		if !terminated {
			out.add("DT_NULL", "no DT_NULL ends the %d entries of PT_DYNAMIC", len(entries))
		}
		if flags, _ := dynamicValue(entries, elf.DT_FLAGS_1); elf.DynFlag1(flags)&elf.DF_1_PIE == 0 {
			out.add("DT_FLAGS_1", "its flags are %#x, want DF_1_PIE (%#x) among them", flags, uint64(elf.DF_1_PIE))
		}
		return out
	},
}

var noTextRelocations = Rule{
	ID:       "no-text-relocations",
	What:     "The file announces no relocation of read-only memory.",
	Why:      "To apply it, code would have to be made writable.",
	Evidence: "DT_TEXTREL and DF_TEXTREL in PT_DYNAMIC.",
	Remedy:   "Compile all code as position-independent (-shared for Go, -fPIE for C).",
	Ref:      "System V gABI, chapter 5, Dynamic Section, DT_TEXTREL",
	Severity: Error,
	Check: func(in *Input) []Finding {
		entries, _, ok := dynamicEntries(in.File)
		if !ok && elf.Type(in.File.Header.Type) == elf.ET_DYN {
			return one("PT_DYNAMIC", "a file of type ET_DYN has none, so nothing says what it relocates")
		}
		if found := unreadDynamic(in.File); found != nil {
			return found
		}
		if _, ok := dynamicValue(entries, elf.DT_TEXTREL); ok {
			return one("DT_TEXTREL", "PT_DYNAMIC has DT_TEXTREL, want none")
		}
		if flags, _ := dynamicValue(entries, elf.DT_FLAGS); elf.DynFlag(flags)&elf.DF_TEXTREL != 0 {
			return one("DT_FLAGS", "its flags are %#x, want no DF_TEXTREL (%#x)", flags, uint64(elf.DF_TEXTREL))
		}
		return nil
	},
}
