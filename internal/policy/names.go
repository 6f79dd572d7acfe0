package policy

import (
	"bytes"
	"debug/elf"
	"slices"
	"strings"

	"github.com/go3s/rules_go3s/internal/elfsign"
	"github.com/go3s/rules_go3s/internal/goabi"
)

// usualSections are what golink, GNU ld and LLD make in a program without cgo besides those of Go's linker (package goabi), and
// what elfstrip leaves and elfsign adds. A * stands for any text.
var usualSections = []string{
	".rodata.*", ".data.rel.ro.*", ".tdata", ".note.gnu.build-id", ".note.package", ".note.gnu.property", ".note.GNU-stack",
	".dynamic", ".dynsym", ".dynstr", ".hash", ".gnu.hash", ".rela", ".rela.dyn", ".relr.dyn", ".relro_padding", ".got",
	".debug_*", ".zdebug_*", ".gnu_debuglink", ".symtab", ".strtab", ".shstrtab", ".symtab_shndx", ".comment", ".riscv.attributes",
	elfsign.Section, // rule signature judges it
}

var allowedSections = Rule{
	ID:       "allowed-sections",
	What:     "The file has no section but the usual ones and those that the policy lists.",
	Why:      "A section that nobody knows is code or data that nobody looks at: the overlay of a packer, a leftover of a tool.",
	Evidence: "Names of all sections. Usual are those of Go's linker, golink, GNU ld and LLD in a program without cgo.",
	Remedy:   "List the sections that the program adds on purpose, or remove them with elfstrip --remove-section.",
	Ref:      "the policy's sections; System V gABI, chapter 4, Special Sections",
	Severity: Error,
	NotApplicable: func(in *Input) string {
		if in.Sections == nil {
			return "the policy lists no sections"
		}
		return ""
	},
	Check: func(in *Input) []Finding {
		if len(in.File.Sections) == 0 {
			return one("section headers", "the file has none, so its sections cannot be told")
		}
		var out collector
		for i := range in.File.Sections {
			s := &in.File.Sections[i]
			match := func(pattern string) bool { return matches(pattern, s.Str) }
			if elf.SectionType(s.Type) == elf.SHT_NULL || goabi.SectionNamed(s.Str) != nil || slices.ContainsFunc(usualSections, match) ||
				slices.ContainsFunc(in.Sections, match) {
				continue
			}
			out.add(sectionLabel(clip(s.Str), i), "the policy does not list it")
		}
		return out
	},
}

var noForbiddenString = Rule{
	ID:       "no-forbidden-string",
	What:     "The file holds none of the forbidden strings.",
	Why:      "The name of a user or of a build machine, an internal host name or a token has no place in what is shipped, wherever in the file it is.",
	Evidence: "All bytes of the file, debug sections too unless they are compressed.",
	Remedy:   "Look for constants set with -X, embedded files and generated sources.",
	Ref:      "the policy's forbidden.strings",
	Severity: Error,
	NotApplicable: func(in *Input) string {
		if len(in.Forbidden.Strings) == 0 {
			return "the policy forbids no string"
		}
		return ""
	},
	Check: func(in *Input) []Finding {
		var out collector
		for _, s := range in.Forbidden.Strings {
			if i := bytes.Index(in.File.Data, []byte(s)); i >= 0 {
				out.add(s, "the file holds it at offset %#x", i)
			}
		}
		return out
	},
}

var noTimestamp = Rule{
	ID:       "no-timestamp",
	What:     "No string in the data looks like the time of a build.",
	Why:      "A program that holds the time of its build is different every time, and nobody can check that it was built from its sources.",
	Evidence: "Loaded data outside of Go's text, function table and build information, searched for dates with times such as 2026-11-22T10:05:00, from 2020 on. The layouts of package time are older; the time of the commit is no time of the build.",
	Remedy:   "Leave the time out of -X constants and generated files, or take it from the commit and allow it.",
	Ref:      "reproducible-builds.org, Timestamps; RFC 3339, 5.6",
	Severity: Warning,
	Check: func(in *Input) []Finding {
		var out collector
		seen := map[string]bool{}
		info := in.File.Section(goabi.BuildInfo)
		for data, at := range dataAreas(in) {
			for i := 0; !out.full(); {
				next := bytes.Index(data[i:], []byte("202"))
				if next < 0 {
					break
				}
				i += next
				if text := timestampAt(data, i); text != "" && !seen[text] && !bytes.HasSuffix(data[:i], []byte(commitTime)) {
					if addr := at + uint64(i); info == nil || addr < info.Addr || addr-info.Addr >= info.Size {
						seen[text] = true
						out.add(text, "the data holds this time")
					}
				}
				i += 3
			}
		}
		return out
	},
}

// commitTime precedes the time of the commit in the build information, of which Go programs
// hold a copy among their strings.
const commitTime = "build\tvcs.time="

// timestampShape is a date with a time: 0 stands for a digit, T for T or a blank.
const timestampShape = "0000-00-00T00:00:00"

// timestampAt returns the date with time at data[i:], "" when there is none.
func timestampAt(data []byte, i int) string {
	if len(data)-i < len(timestampShape) || i > 0 && isDigit(data[i-1]) {
		return ""
	}
	text := data[i : i+len(timestampShape)]
	for j, c := range []byte(timestampShape) {
		ok := text[j] == c
		switch c {
		case '0':
			ok = isDigit(text[j])
		case 'T':
			ok = ok || text[j] == ' '
		}
		if !ok {
			return ""
		}
	}
	if month := string(text[5:7]); month < "01" || month > "12" {
		return ""
	}
	return strings.Clone(string(text))
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
